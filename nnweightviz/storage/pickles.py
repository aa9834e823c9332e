"""Reads a pickle as inert data: nothing that it names is imported, nothing that it calls is called.

Not for what the data means (see ``torch_files``). Where a pickle would call something, the result is either built by a
function of ours (of those given) or a :class:`Called`, which says what would have been called with what. Memory and
time are bounded by the pickle's size: ``torch.load(weights_only=True)`` is safe from execution but not from
a ``bytearray(10**12)``, and cannot read what names as little as an ``argparse.Namespace``.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

MAX_OPERATIONS = 3_000_000
"""A checkpoint has some 25 for each tensor."""
SCALARS = (str, int, float, bool, bytes, type(None))
"""What may be a key: anything else could take for ever to hash, and so could a number of millions of digits."""
MAX_KEY = 2**63


class Source(Protocol):
    """What a pickle is read from; never gives more than it has."""

    def read(self, n: int, /) -> bytes: ...
    def readline(self) -> bytes: ...


@dataclass(frozen=True, eq=False, slots=True)
class Named:
    """Something that the pickle names as a global; it was not looked up."""

    name: str


@dataclass(frozen=True, eq=False, slots=True)
class Called:
    """What the pickle would have made by a call; it was not called."""

    name: str
    args: tuple[Any, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Persistent:
    """What the pickle refers to by an id of the writer's."""

    id: Any


class PickleError(ValueError):
    """A pickle that is damaged, or larger than any checkpoint's."""


Makers = Mapping[str, Callable[..., Any]]


def read_pickle(source: Source, makers: Makers, refer: Callable[[Any], Any] = Persistent) -> Any:
    """Return what a pickle holds: dicts, lists, tuples, numbers, strings, and the stand-ins above.

    Parameters
    ----------
    source
        Where it begins; afterwards it stands right behind the pickle.
    makers
        Global name -> function of ours that is called in its place.
    refer
        What is made of an id of the writer's.

    Raises
    ------
    PickleError
        If it is damaged, or has more than 3 000 000 operations.
    """
    try:
        return _Machine(makers, refer).run(source)
    except PickleError:
        raise
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, MemoryError) as error:
        raise PickleError(str(error) or type(error).__name__) from None


class _Machine:
    """The pickle machine's stack and memory, as https://docs.python.org/3/library/pickletools.html has them."""

    def __init__(self, makers: Makers, refer: Callable[[Any], Any]) -> None:
        self.makers, self.refer = makers, refer
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.arg: Any = None

    def run(self, source: Source) -> Any:
        for n, (opcode, self.arg, _) in enumerate(pickletools.genops(source)):  # type: ignore[arg-type]
            if n > MAX_OPERATIONS:
                raise PickleError(f"it has more than {MAX_OPERATIONS} operations")
            name = opcode.name
            if name == "STOP":
                break
            if name in PUSHES:
                self.stack.append(self.arg)
            elif name in MAKES:
                self.stack.append(MAKES[name]())
            else:
                act = ACTIONS.get(name)
                if act is None:
                    raise PickleError(f"it uses {name}, which no checkpoint needs")
                act(self)
        return self.stack[-1]

    def push(self, thing: Any) -> None:
        self.stack.append(thing)

    def pop_to_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.marks.pop()
        return items

    def nothing(self) -> None:
        """What no data follows from."""

    def mark(self) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def tuple_of(self, n: int) -> None:
        if len(self.stack) < n:
            raise PickleError("its stack is too short")
        self.stack[-n:] = [tuple(self.stack[-n:])]

    def put(self, items: list[Any]) -> None:
        """Put key, value, key, value, … into the dict on the stack; what has no dict there is not kept."""
        target = self.stack[-1]
        if isinstance(target, dict):
            for key, value in zip(items[::2], items[1::2], strict=True):
                if isinstance(key, SCALARS) and not (isinstance(key, int) and abs(key) >= MAX_KEY):
                    target[key] = value

    def dict(self) -> None:
        items = self.pop_to_mark()
        self.stack.append({})
        self.put(items)

    def extend(self, items: list[Any]) -> None:
        if isinstance(self.stack[-1], list):
            self.stack[-1].extend(items)

    def call(self, function: Any, args: Any) -> Any:
        if not isinstance(function, Named):
            return Called("an object")
        args = args if isinstance(args, tuple) else ()
        maker = self.makers.get(function.name)
        return Called(function.name, args) if maker is None else maker(*args)

    def reduce(self) -> None:
        args = self.stack.pop()
        self.stack.append(self.call(self.stack.pop(), args))

    def instance(self) -> None:
        """OBJ has the class first behind the mark, INST in its argument."""
        items = self.pop_to_mark()
        function = Named(self.arg.replace(" ", ".")) if self.arg else items.pop(0)
        self.stack.append(self.call(function, tuple(items)))

    def newobj_ex(self) -> None:
        self.stack.pop()
        self.reduce()

    def stack_global(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if not (isinstance(name, str) and isinstance(module, str)):
            raise PickleError("it names a global by something that is no name")
        self.stack.append(Named(f"{module}.{name}"))

    def pop(self) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self.pop_to_mark()

    def remember(self) -> None:
        self.memo[len(self.memo) if self.arg is None else int(self.arg)] = self.stack[-1]


ACTIONS: dict[str, Callable[[_Machine], object]] = {
    "PROTO": _Machine.nothing,
    "FRAME": _Machine.nothing,
    "MARK": _Machine.mark,
    "POP": _Machine.pop,
    "POP_MARK": lambda machine: machine.pop_to_mark(),
    "DUP": lambda machine: machine.push(machine.stack[-1]),
    "TUPLE": lambda machine: machine.push(tuple(machine.pop_to_mark())),
    "TUPLE1": lambda machine: machine.tuple_of(1),
    "TUPLE2": lambda machine: machine.tuple_of(2),
    "TUPLE3": lambda machine: machine.tuple_of(3),
    "LIST": lambda machine: machine.push(machine.pop_to_mark()),
    "APPEND": lambda machine: machine.extend([machine.stack.pop()]),
    "APPENDS": lambda machine: machine.extend(machine.pop_to_mark()),
    "ADDITEMS": lambda machine: machine.extend(machine.pop_to_mark()),
    "FROZENSET": lambda machine: machine.push(machine.pop_to_mark()),
    "DICT": _Machine.dict,
    "SETITEM": lambda machine: machine.put([machine.stack.pop(), machine.stack.pop()][::-1]),
    "SETITEMS": lambda machine: machine.put(machine.pop_to_mark()),
    "GLOBAL": lambda machine: machine.push(Named(machine.arg.replace(" ", "."))),
    "STACK_GLOBAL": _Machine.stack_global,
    "REDUCE": _Machine.reduce,
    "NEWOBJ": _Machine.reduce,
    "NEWOBJ_EX": _Machine.newobj_ex,
    "OBJ": _Machine.instance,
    "INST": _Machine.instance,
    "BUILD": lambda machine: machine.stack.pop(),
    "BINPERSID": lambda machine: machine.push(machine.refer(machine.stack.pop())),
    "GET": lambda machine: machine.push(machine.memo[int(machine.arg)]),
    "BINGET": lambda machine: machine.push(machine.memo[machine.arg]),
    "LONG_BINGET": lambda machine: machine.push(machine.memo[machine.arg]),
    "PUT": _Machine.remember,
    "BINPUT": _Machine.remember,
    "LONG_BINPUT": _Machine.remember,
    "MEMOIZE": _Machine.remember,
}
PUSHES = frozenset(
    (
        "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "STRING", "BINSTRING",
        "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES",
        "BINBYTES8", "BYTEARRAY8",
    )
)  # fmt: skip
"""Operations that push their argument."""
MAKES: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_SET": list,
    "EMPTY_DICT": dict,
    "EMPTY_TUPLE": tuple,
}
