"""Awkward modules that people write: name -> a function that gives the module and an example input (or None)."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune
from torch.utils.checkpoint import checkpoint

Case = tuple[nn.Module, Any]
AWKWARD: dict[str, Callable[[], Case]] = {}


def awkward(name: str) -> Callable[[Callable[[], Case]], Callable[[], Case]]:
    def register(make: Callable[[], Case]) -> Callable[[], Case]:
        AWKWARD[name] = make
        return make

    return register


class Made(nn.Module):
    """A module whose parts are given, and what it does with them and its arguments."""

    def __init__(self, run: Callable[..., Any], **parts: Any) -> None:
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)
        self.run = run

    def forward(self, x: Tensor) -> Any:
        return self.run(self, x)


class Pair(Made):
    def forward(self, p: Tensor, q: Tensor) -> Any:  # type: ignore[override]
        return self.run(self, p, q)


def linear(n_in: int, n_out: int, **more: Any) -> nn.Linear:
    return nn.Linear(n_in, n_out, **more)


@awkward("reused layers")
def _() -> Case:
    return Made(lambda m, x: m.b(m.a(m.a(x).relu())), a=linear(4, 4), b=linear(4, 1)), None


@awkward("data-dependent control flow")
def _() -> Case:
    def run(m: Any, x: Tensor) -> Any:
        for _ in range(int(x.abs().sum().item()) % 3 + 1):
            x = m.a(x)
        return m.b(x) if x.mean() > 0 else m.c(x)

    return Made(run, a=linear(4, 4), b=linear(4, 1), c=linear(4, 2)), None


@awkward("several inputs, outputs in a dict")
def _() -> Case:
    return Pair(lambda m, p, q: {"y": m.a(p), "z": {"w": m.b(q)}}, a=linear(4, 2), b=linear(3, 2)), None


@awkward("outputs in a tuple with None")
def _() -> Case:
    return Made(lambda m, x: (m.a(x), None, [m.b(x)]), a=linear(4, 2), b=linear(4, 2)), None


@dataclass
class Answer:
    logits: Tensor
    loss: Tensor | None = None


@awkward("output in a dataclass")
def _() -> Case:
    return Made(lambda m, x: Answer(m.b(m.a(x).relu())), a=linear(4, 3), b=linear(3, 2)), None


@awkward("tied weights")
def _() -> Case:
    model = Made(lambda m, x: m.out(m.emb(x)), emb=nn.Embedding(7, 3), out=linear(3, 7, bias=False))
    model.out.weight = model.emb.weight
    return model, None


@awkward("complex parameters")
def _() -> Case:
    complex_part = nn.Parameter(torch.randn(4, 3, dtype=torch.complex64))
    return Made(lambda m, x: m.a((x.to(torch.complex64) @ m.w).abs()), w=complex_part, a=linear(3, 2)), None


@awkward("complex layer alone")
def _() -> Case:
    return nn.Linear(4, 3, dtype=torch.complex64), torch.zeros(2, 4, dtype=torch.complex64)


@awkward("bf16")
def _() -> Case:
    return nn.Sequential(nn.Conv1d(2, 4, 3), nn.BatchNorm1d(4), nn.ReLU()).bfloat16(), None


@awkward("fp16")
def _() -> Case:
    return nn.Sequential(nn.Linear(4, 3), nn.LayerNorm(3), nn.Linear(3, 1)).half(), None


@awkward("zero-size layers")
def _() -> Case:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nn.Sequential(nn.Linear(4, 0), nn.Linear(0, 2)), torch.zeros(2, 4)


@awkward("a zero-size side layer")
def _() -> Case:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Made(lambda m, x: m.a(x), a=linear(4, 2), b=linear(0, 3), c=nn.Embedding(0, 3)), None


class Odd(nn.Module):
    def __init__(self, names: list[str]) -> None:
        super().__init__()
        self.parts = nn.ModuleDict({name: nn.Linear(3, 3) for name in names})

    def forward(self, x: Tensor) -> Any:
        for part in self.parts.values():
            x = part(x)
        return x


@awkward("odd names")
def _() -> Case:
    return Odd(["a b", 'q"', "<b>bold</b>", "ünï", "'", "a#2", "x[0]", "h(t-1)", "\t"]), None


@awkward("groups and layers of clashing names")
def _() -> Case:
    return Odd(["input", "add", "reorder", "attention", "l0"]), None


@awkward("parameters in lists and dicts")
def _() -> Case:
    ws = nn.ParameterList([torch.randn(4, 4) for _ in range(2)])
    bs = nn.ParameterDict({"one": torch.randn(4), "two": torch.randn(4)})
    return Made(lambda m, x: (x @ m.ws[0] + m.bs["one"]).relu() @ m.ws[1] + m.bs["two"], ws=ws, bs=bs), None


@awkward("module list with holes")
def _() -> Case:
    parts = nn.ModuleList([nn.Linear(3, 3), nn.Identity(), nn.Linear(3, 3)])
    return Made(lambda m, x: m.parts[2](m.parts[1](m.parts[0](x))), parts=parts), None


@awkward("deeply nested")
def _() -> Case:
    model: nn.Module = nn.Linear(3, 3)
    for _ in range(30):
        model = nn.Sequential(model)
    return model, None


@awkward("U-Net with transposed convolution")
def _() -> Case:
    def run(m: Any, x: Tensor) -> Any:
        a = m.down(x).relu()
        b = m.deep(F.max_pool2d(a, 2))
        return m.out(torch.cat([a, m.up(b)], 1))

    up = nn.ConvTranspose2d(8, 4, 2, 2)
    down, deep, out = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 8, 3, padding=1), nn.Conv2d(8, 2, 1)
    return Made(run, down=down, deep=deep, up=up, out=out), None


@awkward("U-Net with upsampling")
def _() -> Case:
    def run(m: Any, x: Tensor) -> Any:
        a = m.down(x)
        return m.out(torch.cat([a, m.up(m.deep(m.pool(a)))], 1))

    parts = {
        "down": nn.Conv2d(1, 4, 3, padding=1), "pool": nn.AvgPool2d(2),
        "deep": nn.Conv2d(4, 4, 3, padding=1), "up": nn.Upsample(scale_factor=2, mode="bilinear"),
        "out": nn.Conv2d(8, 2, 1),
    }  # fmt: skip
    return Made(run, **parts), None


@awkward("siamese")
def _() -> Case:
    part = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return Pair(lambda m, p, q: F.cosine_similarity(m.a(p), m.a(q)), a=part), None


@awkward("mixture of experts with routing")
def _() -> Case:
    def run(m: Any, x: Tensor) -> Any:
        top = m.gate(x).softmax(-1).topk(2, -1)
        out = torch.zeros(x.shape[0], 5)
        for k, expert in enumerate(m.experts):
            rows, slot = (top.indices == k).nonzero(as_tuple=True)
            if len(rows):
                out.index_add_(0, rows, top.values[rows, slot, None] * expert(x[rows]))
        return m.out(out)

    experts = nn.ModuleList([nn.Linear(4, 5) for _ in range(4)])
    return Made(run, gate=linear(4, 4), experts=experts, out=linear(5, 1)), None


@awkward("attention with bias_kv and zero_attn")
def _() -> Case:
    part = nn.MultiheadAttention(8, 4, add_bias_kv=True, add_zero_attn=True, batch_first=True)
    return Made(lambda m, x: m.out(m.a(query=x, value=x, key=x)[0]), a=part, out=linear(8, 2)), torch.zeros(
        2, 5, 8
    )


@awkward("attention by scaled_dot_product_attention")
def _() -> Case:
    def run(m: Any, x: Tensor) -> Any:
        q, k, v = (part(x).unflatten(-1, (2, 4)).transpose(1, 2) for part in (m.q, m.k, m.v))
        y = F.scaled_dot_product_attention(q, k, v)
        return m.o(y.transpose(1, 2).flatten(2))

    return Made(run, q=linear(6, 8), k=linear(6, 8), v=linear(6, 8), o=linear(8, 6)), torch.zeros(2, 5, 6)


@awkward("attention by einsum, multi-query")
def _() -> Case:
    def run(m: Any, x: Tensor) -> Any:
        q = m.q(x).unflatten(-1, (2, 4))
        scores = torch.einsum("bthd,bsd->bhts", q, m.k(x)).softmax(-1)
        return m.o(torch.einsum("bhts,bsd->bthd", scores, m.v(x)).flatten(2))

    return Made(run, q=linear(6, 8), k=linear(6, 4), v=linear(6, 4), o=linear(8, 6)), torch.zeros(2, 5, 6)


@awkward("grouped, depthwise and dilated convolutions")
def _() -> Case:
    return nn.Sequential(
        nn.Conv2d(4, 8, 3, groups=2, padding=1),
        nn.Conv2d(8, 16, 3, groups=8, padding=2, dilation=2, padding_mode="circular"),
        nn.Conv2d(16, 3, 1),
    ), None


@awkward("shuffled channels before a grouped convolution")
def _() -> Case:
    return nn.Sequential(nn.Conv2d(4, 6, 1), nn.ChannelShuffle(2), nn.Conv2d(6, 6, 3, groups=3)), None


@awkward("transposed convolutions in one to three dimensions")
def _() -> Case:
    def run(m: Any, x: Tensor) -> Any:
        return m.c(m.b(m.a(x).unsqueeze(-1)).unsqueeze(-1))

    a, b = nn.ConvTranspose1d(2, 4, 3, 2, groups=2), nn.ConvTranspose2d(4, 4, 3, groups=4)
    return Made(run, a=a, b=b, c=nn.ConvTranspose3d(4, 2, 2)), torch.zeros(2, 2, 5)


class Causal(nn.Conv1d):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.pad(x, ((self.kernel_size[0] - 1) * self.dilation[0], 0)))


@awkward("causal convolutions")
def _() -> Case:
    return nn.Sequential(Causal(2, 4, 3), nn.GLU(1), Causal(2, 4, 3, dilation=2)), torch.zeros(2, 2, 9)


@awkward("an unbatched image")
def _() -> Case:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(0), nn.Linear(4 * 36, 2)), torch.zeros(
        3, 8, 8
    )


@awkward("same padding and a stride of two numbers")
def _() -> Case:
    return nn.Sequential(nn.Conv2d(1, 2, 3, padding="same"), nn.Conv2d(2, 2, (3, 5), (1, 2))), None


@awkward("pixel shuffle")
def _() -> Case:
    return nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.PixelShuffle(2), nn.Conv2d(2, 1, 3)), None


@awkward("einsum layers")
def _() -> Case:
    w = nn.Parameter(torch.randn(3, 4, 5))
    return Made(
        lambda m, x: m.o(torch.einsum("bi,nij->bnj", x, m.w).flatten(1)), w=w, o=linear(15, 2)
    ), torch.zeros(2, 4)


class Straight(torch.autograd.Function):
    @staticmethod
    def forward(_ctx: Any, x: Tensor) -> Any:
        return x.sign()

    @staticmethod
    def backward(_ctx: Any, *grads: Any) -> Any:
        return grads[0]


@awkward("a custom autograd function")
def _() -> Case:
    return Made(lambda m, x: m.b(Straight.apply(m.a(x))), a=linear(4, 3), b=linear(3, 1)), None


@awkward("scripted")
def _() -> Case:
    model = nn.Sequential(nn.Conv1d(2, 4, 3), nn.BatchNorm1d(4), nn.ReLU(), nn.Flatten(), nn.Linear(24, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.script(model), torch.zeros(2, 2, 8)


@awkward("a scripted part")
def _() -> Case:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nn.Sequential(nn.Linear(4, 3), torch.jit.script(nn.Linear(3, 3)), nn.Linear(3, 1)), None


@awkward("compiled")
def _() -> Case:
    return torch.compile(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(2 * 36, 2))), torch.zeros(
        1, 1, 8, 8
    )


@awkward("a compiled part")
def _() -> Case:
    return nn.Sequential(nn.Linear(4, 3), torch.compile(nn.Linear(3, 3)), nn.Linear(3, 1)), None


@awkward("a hypernetwork")
def _() -> Case:
    def run(m: Any, x: Tensor) -> Any:
        w = m.hyper(m.code).view(3, 4)
        return m.out(F.linear(x, w))

    return Made(run, hyper=linear(2, 12), code=nn.Parameter(torch.randn(2)), out=linear(3, 1)), torch.zeros(
        2, 4
    )


@awkward("functional_call with other weights")
def _() -> Case:
    def run(m: Any, x: Tensor) -> Any:
        weights = {"weight": m.scale * m.a.weight, "bias": m.a.bias}
        return torch.func.functional_call(m.a, weights, (x,))

    return Made(run, a=linear(4, 3), scale=nn.Parameter(torch.ones(()))), None


@awkward("checkpointed blocks")
def _() -> Case:
    def run(m: Any, x: Tensor) -> Any:
        return m.b(checkpoint(m.a, x, use_reentrant=False))

    return Made(run, a=nn.Sequential(nn.Linear(4, 8), nn.ReLU()), b=linear(8, 1)), None


@awkward("weight norm and spectral norm on convolutions")
def _() -> Case:
    a = parametrizations.weight_norm(nn.Conv1d(2, 4, 3))
    return nn.Sequential(a, parametrizations.spectral_norm(nn.ConvTranspose1d(4, 2, 3))), torch.zeros(2, 2, 9)


@awkward("weight norm in a recurrent layer")
def _() -> Case:
    return parametrizations.weight_norm(nn.LSTM(3, 4), "weight_hh_l0"), None


@awkward("pruned")
def _() -> Case:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(4 * 36, 2))
    prune.l1_unstructured(model[0], "weight", 0.5)
    prune.l1_unstructured(model[2], "bias", 1)
    prune.random_unstructured(model[2], "weight", 0.2)
    prune.random_unstructured(model[2], "weight", 0.2)
    return model, torch.zeros(1, 1, 8, 8)


@awkward("a parametrisation that raises")
def _() -> Case:
    class Broken(nn.Module):
        broken = False

        def forward(self, w: Tensor) -> Tensor:
            if self.broken:
                raise RuntimeError("no weight today")
            return w

    model = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 1))
    nn.utils.parametrize.register_parametrization(model[0], "weight", Broken())
    model[0].parametrizations.weight[0].broken = True
    return model, None


@awkward("lazy")
def _() -> Case:
    return nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(2)), None


@awkward("lazy after its first call")
def _() -> Case:
    model = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(2))
    model(torch.zeros(2, 1, 8, 8))
    return model, torch.zeros(2, 1, 8, 8)


@awkward("quantised")
def _() -> Case:
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.LSTM(3, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.ao.quantization.quantize_dynamic(model, {nn.Linear, nn.LSTM}), None


@awkward("partly quantised")
def _() -> Case:
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.GRU(3, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.ao.quantization.quantize_dynamic(model, {nn.Linear}), None


@awkward("on the meta device")
def _() -> Case:
    with torch.device("meta"):
        return nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4 * 26 * 26, 2)
        ), None


@awkward("only buffers")
def _() -> Case:
    return nn.BatchNorm1d(3, affine=False), None


@awkward("a forward that raises")
def _() -> Case:
    def run(*_: Any) -> Any:
        raise RuntimeError("<b>never</b>")

    return Made(run, a=nn.Conv2d(1, 4, 3), n=nn.BatchNorm2d(4), b=linear(4 * 9, 2)), torch.zeros(1, 1, 5, 5)


class NeedsNames(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 3), nn.Linear(3, 1)

    def forward(self, *, inputs: Tensor, scale: float = 1.0, **_: Any) -> Any:
        return self.b(self.a(inputs) * scale)


@awkward("a forward with named arguments only")
def _() -> Case:
    return NeedsNames(), {"inputs": torch.zeros(2, 4)}


@awkward("a forward with named arguments only, without an example")
def _() -> Case:
    return NeedsNames(), None


@awkward("huge fan-out")
def _() -> Case:
    def run(m: Any, x: Tensor) -> Any:
        h = m.a(x)
        return torch.cat([head(h) for head in m.heads], -1)

    return Made(run, a=linear(4, 8), heads=nn.ModuleList([nn.Linear(8, 2) for _ in range(200)])), None


@awkward("a weight of whole numbers")
def _() -> Case:
    w = nn.Parameter(torch.arange(12).reshape(4, 3), requires_grad=False)
    return Made(lambda m, x: m.a(x @ m.w.to(x.dtype)), w=w, a=linear(3, 2)), None


@awkward("numbers as parameters")
def _() -> Case:
    one, two = nn.Parameter(torch.tensor(1.0)), nn.Parameter(torch.tensor([2.0]))
    return Made(lambda m, x: m.a(x * m.one) * m.two + m.one, one=one, two=two, a=linear(4, 3)), None


@awkward("numbers as parameters alone")
def _() -> Case:
    return Made(lambda m, x: x * m.one, one=nn.Parameter(torch.tensor(1.0))), torch.zeros(2, 3)


@awkward("embedding bag")
def _() -> Case:
    def run(m: Any, ids: Tensor, offsets: Tensor) -> Any:
        return m.o(m.e(ids, offsets))

    example = (torch.tensor([1, 2, 4, 5]), torch.tensor([0, 2]))
    return Pair(run, e=nn.EmbeddingBag(10, 3, mode="sum"), o=linear(3, 2)), example


@awkward("transformer")
def _() -> Case:
    return nn.Transformer(8, 2, 1, 1, 16), (torch.zeros(4, 2, 8), torch.zeros(3, 2, 8))


@awkward("transformer encoder in eval mode with a padding mask")
def _() -> Case:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=True, activation="gelu")
    model = Made(
        lambda m, x: m.o(m.e(m.i(x), src_key_padding_mask=x[..., 0] > 1)),
        i=linear(3, 8), e=nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), o=linear(8, 1),
    )  # fmt: skip
    return model.eval(), torch.zeros(2, 5, 3)


@awkward("vision transformer")
def _() -> Case:
    def run(m: Any, x: Tensor) -> Any:
        x = m.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([m.token.expand(len(x), -1, -1), x], 1) + m.place
        return m.head(m.encoder(x)[:, 0])

    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    return Made(
        run, patch=nn.Conv2d(3, 8, 4, 4), token=nn.Parameter(torch.randn(1, 1, 8)),
        place=nn.Parameter(torch.randn(1, 5, 8)), encoder=nn.TransformerEncoder(layer, 1), head=linear(8, 2),
    ), torch.zeros(2, 3, 8, 8)  # fmt: skip


@awkward("GRU inside a convolutional net")
def _() -> Case:
    def run(m: Any, x: Tensor) -> Any:
        return m.o(m.r(m.c(x).relu().transpose(1, 2))[0][:, -1])

    return Made(run, c=nn.Conv1d(2, 4, 3), r=nn.GRU(4, 5, batch_first=True), o=linear(5, 1)), torch.zeros(
        2, 2, 9
    )


@awkward("LSTM inside a ModuleDict")
def _() -> Case:
    parts = nn.ModuleDict({"rnn": nn.LSTM(3, 4, batch_first=True), "head": nn.Linear(4, 1)})
    return Made(lambda m, x: m.parts["head"](m.parts["rnn"](x)[0][:, -1]), parts=parts), None


@awkward("recurrent convolution by hand")
def _() -> Case:
    def run(m: Any, x: Tensor) -> Any:
        h = torch.zeros(x.shape[0], 4, *x.shape[-2:])
        for t in range(x.shape[1]):
            gates = m.gates(torch.cat([x[:, t], h], 1)).chunk(2, 1)
            h = gates[0].sigmoid() * h + gates[1].tanh()
        return h

    return Made(run, gates=nn.Conv2d(5, 8, 3, padding=1)), torch.zeros(2, 3, 1, 6, 6)


@awkward("squeeze and excitation")
def _() -> Case:
    def run(m: Any, x: Tensor) -> Any:
        x = m.c(x)
        return x * m.s(F.adaptive_avg_pool2d(x, 1))

    gate = nn.Sequential(nn.Conv2d(4, 2, 1), nn.ReLU(), nn.Conv2d(2, 4, 1), nn.Sigmoid())
    return Made(run, c=nn.Conv2d(1, 4, 3), s=gate), None


@awkward("DenseNet block")
def _() -> Case:
    def run(m: Any, x: Tensor) -> Any:
        for norm, conv in zip(m.norms, m.convs, strict=True):
            x = torch.cat([x, conv(norm(x).relu())], 1)
        return m.head(x.mean((2, 3)))

    norms = nn.ModuleList([nn.BatchNorm2d(3 + 2 * k) for k in range(3)])
    convs = nn.ModuleList([nn.Conv2d(3 + 2 * k, 2, 3, padding=1) for k in range(3)])
    return Made(run, norms=norms, convs=convs, head=linear(9, 2)), torch.zeros(2, 3, 8, 8)


@awkward("batch norm of a sequence and of an image")
def _() -> Case:
    return nn.Sequential(
        nn.BatchNorm2d(3),
        nn.Conv2d(3, 4, 3),
        nn.GroupNorm(2, 4),
        nn.InstanceNorm2d(4, affine=True),
        nn.LayerNorm([4, 6, 6]),
    ), torch.zeros(2, 3, 8, 8)


@awkward("PReLU of every channel and of all")
def _() -> Case:
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.PReLU(4), nn.Conv2d(4, 2, 3), nn.PReLU()), None


@awkward("bilinear and cosine")
def _() -> Case:
    return Pair(lambda m, p, q: m.b(m.a(p), m.a(q)), a=linear(4, 3), b=nn.Bilinear(3, 3, 2)), None


@awkward("a loop over eighty layers")
def _() -> Case:
    return nn.Sequential(*(nn.Linear(3, 3) for _ in range(80))), None


@awkward("adaptive softmax")
def _() -> Case:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.s = nn.Linear(4, 6), nn.AdaptiveLogSoftmaxWithLoss(6, 10, [4])

        def forward(self, x: Tensor) -> Any:
            return self.s.log_prob(self.a(x))

    return Model(), None


@awkward("mel-like front end of a three-dimensional convolution")
def _() -> Case:
    return nn.Sequential(
        nn.Conv3d(1, 2, 3), nn.BatchNorm3d(2), nn.MaxPool3d(2), nn.Flatten(), nn.LazyLinear(2)
    ), None


@awkward("an input that is a list of tensors")
def _() -> Case:
    def run(m: Any, xs: Any) -> Any:
        return m.o(sum(m.a(x) for x in xs))

    return Made(run, a=linear(4, 3), o=linear(3, 1)), ([torch.zeros(2, 4), torch.zeros(2, 4)],)


@awkward("one parameter seen whole and in parts")
def _() -> Case:
    w = nn.Parameter(torch.randn(6, 4))
    return Made(lambda m, x: F.linear(F.linear(x, m.w[:4]), m.w[2:]), w=w), torch.zeros(2, 4)


@awkward("parameters changed in place while running")
def _() -> Case:
    def run(m: Any, x: Tensor) -> Any:
        with torch.no_grad():
            m.a.weight.mul_(0.5)
        return m.a(x)

    return Made(run, a=linear(4, 3)), None
