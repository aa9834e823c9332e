"""What the layers and weights of a Keras model are called here: the same for the same model made again.

Not for what is drawn of them (see ``keras``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import keras

STATISTICS = ("moving_mean", "moving_variance")
"""What a norm measures rather than learns: as torch's buffers, these are no parameters."""


def weights_of(model: Any) -> dict[str, Any]:
    """Return Keras's variables by name: the layers' names and the variable's, with dots between.

    A layer that Keras has named itself (``dense_17``: the seventeenth of the session) is numbered within the model
    (``dense_1``), so that the same model has the same names when it is made again.

    Raises
    ------
    ValueError
        If the model is not built yet.
    """
    if not model.weights:
        is_built = getattr(model, "built", False)
        raise ValueError(
            f"this {type(model).__name__} has no parameters, so there are no weights to draw"
            if is_built
            else f"this {type(model).__name__} is not built, and so has no weights yet: give it an Input, or call its "
            "build, or fit it first"
        )
    seen: set[int] = set()
    names: dict[str, Any] = {}
    for layer, name in [*named_layers(model), (model, "")]:  # and what the model has of its own
        for variable in layer.weights:
            if id(variable) not in seen and not _is_measured(layer, variable):
                words = (name, _within(layer, variable) if name else str(variable.name))
                names[_free(".".join(filter(None, words)), names)] = variable
            seen.add(id(variable))
    return names


def named_layers(model: Any, prefix: str = "") -> Iterator[tuple[Any, str]]:
    """Yield every layer that is no model itself, with its name in the model."""
    if not isinstance(model, keras.Model):
        yield model, prefix
        return
    for layer, name in zip(model.layers, _own_names(model.layers), strict=True):
        yield from named_layers(layer, f"{prefix}.{name}" if prefix else name)


def _own_names(layers: Iterable[Any]) -> list[str]:
    """Return the layers' names, with Keras's own counted anew."""
    layers = list(layers)
    given = {layer.name for layer in layers if not _is_automatic(layer)}
    names: list[str] = []
    for layer in layers:
        name, k = (_snake(layer) if _is_automatic(layer) else layer.name), 0
        wanted = name
        while wanted in names or (wanted in given and wanted != layer.name):
            k += 1
            wanted = f"{name}_{k}"
        names.append(wanted)
    return names


def _snake(layer: Any) -> str:
    """Return what Keras calls a layer of this class: ``depthwise_conv2d`` for a DepthwiseConv2D."""
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", type(layer).__name__)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()


def _is_automatic(layer: Any) -> bool:
    return re.fullmatch(rf"{re.escape(_snake(layer))}(_\d+)?", layer.name) is not None


def _is_measured(layer: Any, variable: Any) -> bool:
    return variable.name in STATISTICS or type(layer).__name__ == "Normalization"


def _within(layer: Any, variable: Any) -> str:
    """Return what a weight is called within its layer: without the cell of a recurrent layer, and without numbers."""
    path = str(variable.path).split("/")
    inner = path[path.index(layer.name) + 1 :] if layer.name in path else path[-1:]
    words = {"forward": "forward", "backward": "backward"}
    kept = [words.get(word.partition("_")[0], re.sub(r"_\d+$", "", word)) for word in inner[:-1]]
    return ".".join([word for word in kept if not word.endswith("_cell") and word != "cell"] + inner[-1:])


def _free(wanted: str, names: Iterable[str]) -> str:
    taken, k = wanted, 1
    while taken in names:
        k += 1
        taken = f"{wanted}#{k}"
    return taken
