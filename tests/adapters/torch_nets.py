"""Nets that people write, for the tests of the torch adapter: name -> (class, example input or None)."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

ZOO: dict[str, tuple[type[nn.Module], Any]] = {}


def zoo(example: Any = None) -> Callable[[type[nn.Module]], type[nn.Module]]:
    def register(net: type[nn.Module]) -> type[nn.Module]:
        ZOO[net.__name__] = (net, example)
        return net

    return register


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.make()


@zoo()
class Residual(Net):
    def make(self) -> None:
        self.a = nn.Linear(4, 8)
        self.b = nn.Linear(8, 8)
        self.c = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Any:
        h = F.relu(self.a(x))
        h = h + F.relu(self.b(h))
        return self.c(h)


@zoo()
class PreNorm(Net):
    def make(self) -> None:
        self.a = nn.Linear(4, 8)
        self.n = nn.LayerNorm(8)
        self.b = nn.Linear(8, 8)
        self.c = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Any:
        h = self.a(x)
        h = h + self.b(self.n(h))
        return self.c(h)


@zoo()
class Branch(Net):
    def make(self) -> None:
        self.a = nn.Linear(4, 8)
        self.l = nn.Linear(8, 3)
        self.r = nn.Linear(8, 5)
        self.o = nn.Linear(8, 1)

    def forward(self, x: Tensor) -> Any:
        h = self.a(x).tanh()
        return self.o(torch.cat([self.l(h), self.r(h)], 1))


@zoo()
class TwoIn(Net):
    def make(self) -> None:
        self.a = nn.Linear(4, 8)
        self.b = nn.Linear(3, 8)
        self.o = nn.Linear(16, 1)

    def forward(self, left: Tensor, right: Tensor) -> Any:
        return self.o(torch.cat([self.a(left), self.b(right)], -1))


@zoo()
class TwoHeads(Net):
    def make(self) -> None:
        self.a = nn.Linear(4, 8)
        self.p = nn.Linear(8, 3)
        self.v = nn.Linear(8, 1)

    def forward(self, x: Tensor) -> Any:
        h = torch.relu(self.a(x))
        return F.softmax(self.p(h), -1), self.v(h)


@zoo(torch.zeros(3, 6, 4))
class BiFlat(Net):
    def make(self) -> None:
        self.r = nn.LSTM(4, 5, bidirectional=True, batch_first=True, num_layers=2)
        self.d = nn.Linear(60, 2)

    def forward(self, x: Tensor) -> Any:
        y, _ = self.r(x)
        return self.d(y.flatten(1))


@zoo(torch.zeros(3, 6, 4))
class TransFlat(Net):
    def make(self) -> None:
        self.r = nn.GRU(4, 5, batch_first=True)
        self.d = nn.Linear(30, 2)

    def forward(self, x: Tensor) -> Any:
        y, _ = self.r(x)
        return self.d(y.transpose(1, 2).reshape(x.size(0), -1))


@zoo(torch.zeros(3, 6, 4))
class LastHn(Net):
    def make(self) -> None:
        self.r = nn.LSTM(4, 5, batch_first=True, bidirectional=True)
        self.d = nn.Linear(10, 2)

    def forward(self, x: Tensor) -> Any:
        _, (h, _) = self.r(x)
        return self.d(torch.cat([h[-2], h[-1]], 1))


@zoo()
class MeanT(Net):
    def make(self) -> None:
        self.r = nn.RNN(4, 5, batch_first=True, nonlinearity="relu")
        self.d = nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Any:
        return self.d(self.r(x)[0].mean(1))


@zoo()
class LastOut(Net):
    def make(self) -> None:
        self.r = nn.LSTM(4, 5, proj_size=3)
        self.d = nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Any:
        return self.d(self.r(x)[0][-1])


@zoo()
class DataDep(Net):
    def make(self) -> None:
        self.a = nn.Linear(4, 8)
        self.b = nn.Linear(8, 8)
        self.c = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Any:
        h = self.a(x)
        if h.sum() > 0:  # noqa: SIM108
            h = self.b(h)
        else:
            h = F.gelu(h)
        return self.c(h)


@zoo()
class CellLoop(Net):
    def make(self) -> None:
        self.c1 = nn.LSTMCell(4, 6)
        self.c2 = nn.LSTMCell(6, 5)
        self.d = nn.Linear(5, 1)

    def forward(self, x: Tensor) -> Any:
        n = x.size(0)
        h1 = c1 = torch.zeros(n, 6)
        h2 = c2 = torch.zeros(n, 5)
        out = []
        for t in range(x.size(1)):
            h1, c1 = self.c1(x[:, t], (h1, c1))
            h2, c2 = self.c2(h1, (h2, c2))
            out.append(self.d(h2))
        return torch.stack(out, 1)


@zoo(torch.zeros(2, 7, 4))
class HandRnn(Net):
    def make(self) -> None:
        self.i2h = nn.Linear(4 + 6, 6)
        self.i2o = nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Any:
        h = torch.zeros(x.size(0), 6)
        for t in range(x.size(1)):
            h = torch.tanh(self.i2h(torch.cat([x[:, t], h], 1)))
        return self.i2o(h)


@zoo((torch.zeros(2, 7, 4), torch.zeros(2, 5, 3)))
class Seq2Seq(Net):
    def make(self) -> None:
        self.e = nn.LSTM(4, 6, batch_first=True)
        self.d = nn.LSTM(3, 6, batch_first=True)
        self.o = nn.Linear(6, 3)

    def forward(self, src: Tensor, tgt: Tensor) -> Any:
        _, st = self.e(src)
        y, _ = self.d(tgt, st)
        return self.o(y)


@zoo()
class Tied(Net):
    def make(self) -> None:
        self.emb = nn.Embedding(11, 6)
        self.r = nn.GRU(6, 6, batch_first=True)
        self.out = nn.Linear(6, 11, bias=False)
        self.out.weight = self.emb.weight

    def forward(self, x: Tensor) -> Any:
        return self.out(self.r(self.emb(x))[0])


@zoo()
class TiedAE(Net):
    def make(self) -> None:
        self.enc = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Any:
        return F.linear(torch.sigmoid(self.enc(x)), self.enc.weight.t())


@zoo()
class Reused(Net):
    def make(self) -> None:
        self.a = nn.Linear(4, 4)
        self.o = nn.Linear(4, 1)

    def forward(self, x: Tensor) -> Any:
        return self.o(F.relu(self.a(F.relu(self.a(x)))))


@zoo((torch.zeros(2, 4), torch.zeros(2, 4)))
class Siamese(Net):
    def make(self) -> None:
        self.a = nn.Linear(4, 3)
        self.o = nn.Linear(3, 1)

    def forward(self, p: Tensor, q: Tensor) -> Any:
        return self.o((self.a(p) - self.a(q)).abs())


@zoo(torch.zeros(2, 1, 28, 28))
class Mnist(Net):
    def make(self) -> None:
        self.f = nn.Flatten()
        self.a = nn.Linear(784, 10)
        self.o = nn.Linear(10, 10)

    def forward(self, x: Tensor) -> Any:
        return self.o(self.a(self.f(x)).relu())


@zoo()
class Cnn(Net):
    def make(self) -> None:
        self.c1 = nn.Conv2d(1, 4, 3, padding=1)
        self.bn = nn.BatchNorm2d(4)
        self.c2 = nn.Conv2d(4, 6, 3, padding=1)
        self.d = nn.Linear(6 * 7 * 7, 10)

    def forward(self, x: Tensor) -> Any:
        x = F.max_pool2d(F.relu(self.bn(self.c1(x))), 2)
        x = F.max_pool2d(F.relu(self.c2(x)), 2)
        return self.d(x.flatten(1))


@zoo()
class Conv1(Net):
    def make(self) -> None:
        self.c = nn.Conv1d(3, 4, 3)
        self.p = nn.AdaptiveAvgPool1d(1)
        self.d = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Any:
        return self.d(self.p(self.c(x).relu()).squeeze(-1))


@zoo()
class Attn(Net):
    def make(self) -> None:
        self.emb = nn.Embedding(10, 8)
        self.q = nn.Linear(8, 8)
        self.k = nn.Linear(8, 8)
        self.v = nn.Linear(8, 8)
        self.o = nn.Linear(8, 8)
        self.n = nn.LayerNorm(8)
        self.h = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Any:
        e = self.emb(x)
        n, steps, width = e.shape
        q, k, v = (f(e).view(n, steps, 2, 4).transpose(1, 2) for f in (self.q, self.k, self.v))
        a = F.softmax(q @ k.transpose(-1, -2) / 2, -1) @ v
        return self.h(self.n(e + self.o(a.transpose(1, 2).reshape(n, steps, width))))


@zoo()
class Trans(Net):
    def make(self) -> None:
        self.inp = nn.Linear(3, 8)
        self.pos = nn.Parameter(torch.zeros(1, 5, 8))
        self.enc = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2)
        self.o = nn.Linear(8, 1)

    def forward(self, x: Tensor) -> Any:
        return self.o(self.enc(self.inp(x) + self.pos)[:, 0])


@zoo()
class Raw(Net):
    def make(self) -> None:
        self.W1 = nn.Parameter(torch.randn(4, 8))
        self.b1 = nn.Parameter(torch.randn(8))
        self.W2 = nn.Parameter(torch.randn(8, 2))
        self.b2 = nn.Parameter(torch.randn(2))

    def forward(self, x: Tensor) -> Any:
        return torch.relu(x @ self.W1 + self.b1) @ self.W2 + self.b2


@zoo()
class Gated(Net):
    def make(self) -> None:
        self.a = nn.Linear(4, 8)
        self.g = nn.Linear(4, 8)
        self.o = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Any:
        return self.o(self.a(x) * torch.sigmoid(self.g(x)))


@zoo((torch.zeros(3, 7, 4), torch.tensor([7, 5, 2])))
class Packed(Net):
    def make(self) -> None:
        self.r = nn.LSTM(4, 5, batch_first=True)
        self.d = nn.Linear(5, 2)

    def forward(self, x: Tensor, lengths: Tensor) -> Any:
        p = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
        y, (h, _) = self.r(p)
        y, _ = nn.utils.rnn.pad_packed_sequence(y, batch_first=True)
        return self.d(h[-1]) + self.d(y[:, 0])


@zoo()
class AttnPool(Net):
    def make(self) -> None:
        self.r = nn.LSTM(4, 5, batch_first=True)
        self.w = nn.Linear(5, 1)
        self.d = nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Any:
        y, _ = self.r(x)
        a = torch.softmax(self.w(y), 1)
        return self.d((a * y).sum(1))


@zoo()
class Prealloc(Net):
    def make(self) -> None:
        self.c = nn.GRUCell(4, 5)
        self.d = nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Any:
        out = torch.zeros(x.size(0), x.size(1), 5)
        h = None
        for t in range(x.size(1)):
            h = self.c(x[:, t], h)
            out[:, t] = h
        return self.d(out)


@zoo()
class Fails(Net):
    def make(self) -> None:
        self.a = nn.Linear(4, 8)
        self.b = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Any:
        raise RuntimeError(f"not today, {x.shape}")


@zoo()
class Unused(Net):
    def make(self) -> None:
        self.a = nn.Linear(4, 8)
        self.b = nn.Linear(8, 2)
        self.unused = nn.Linear(3, 3)
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Any:
        return self.b(self.a(x)) * self.scale


@zoo()
class WNorm(Net):
    def make(self) -> None:
        self.a = nn.utils.parametrizations.weight_norm(nn.Linear(4, 8))
        self.b = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Any:
        return self.b(self.a(x))


@zoo()
class OldWNorm(Net):
    def make(self) -> None:

        warnings.simplefilter("ignore")
        self.a = nn.utils.weight_norm(nn.Linear(4, 8))
        self.b = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Any:
        return self.b(self.a(x))


@zoo()
class Lazy(Net):
    def make(self) -> None:
        self.a = nn.LazyLinear(8)
        self.b = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Any:
        return self.b(self.a(x))


@zoo({"a": torch.zeros(2, 4), "b": torch.zeros(2, 4)})
class Dicts(Net):
    def make(self) -> None:
        self.l = nn.ModuleDict({"a": nn.Linear(4, 3), "b": nn.Linear(4, 3)})
        self.o = nn.Linear(3, 1)

    def forward(self, a: Tensor, b: Tensor) -> Any:
        return {"y": self.o(self.l["a"](a) + self.l["b"](b))}


@zoo()
class SE(Net):
    def make(self) -> None:
        self.c = nn.Conv2d(3, 8, 3, padding=1)
        self.f1 = nn.Linear(8, 2)
        self.f2 = nn.Linear(2, 8)
        self.d = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Any:
        x = self.c(x)
        g = torch.sigmoid(self.f2(F.relu(self.f1(x.mean((2, 3))))))
        x = x * g[:, :, None, None]
        return self.d(x.mean((2, 3)))


@zoo()
class Bil(Net):
    def make(self) -> None:
        self.b = nn.Bilinear(3, 4, 5)
        self.o = nn.Linear(5, 1)

    def forward(self, x: Tensor, y: Tensor) -> Any:
        return self.o(self.b(x, y))


@zoo(torch.zeros(5, 2, 8))
class Mha(Net):
    def make(self) -> None:
        self.a = nn.MultiheadAttention(8, 2)
        self.o = nn.Linear(8, 1)

    def forward(self, x: Tensor) -> Any:
        y, _ = self.a(x, x, x)
        return self.o(x + y)


@zoo()
class Rms(Net):
    def make(self) -> None:
        self.a = nn.Linear(4, 8)
        self.g = nn.Parameter(torch.ones(8))
        self.o = nn.Linear(8, 1)

    def forward(self, x: Tensor) -> Any:
        h = self.a(x)
        return self.o(h * torch.rsqrt(h.pow(2).mean(-1, keepdim=True) + 1e-6) * self.g)


@zoo()
class Chunk(Net):
    def make(self) -> None:
        self.a = nn.Linear(4, 8)
        self.o = nn.Linear(4, 1)

    def forward(self, x: Tensor) -> Any:
        a, b = self.a(x).chunk(2, -1)
        return self.o(a * torch.sigmoid(b))


@zoo()
class Vae(Net):
    def make(self) -> None:
        self.e = nn.Linear(6, 4)
        self.mu = nn.Linear(4, 2)
        self.lv = nn.Linear(4, 2)
        self.d = nn.Linear(2, 6)

    def forward(self, x: Tensor) -> Any:
        h = F.relu(self.e(x))
        m, log = self.mu(h), self.lv(h)
        z = m + torch.randn_like(m) * torch.exp(log / 2)
        return self.d(z), m, log


@zoo()
class NeuralOde(Net):
    def make(self) -> None:
        self.f = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 2))

    def forward(self, x: Tensor) -> Any:
        for _ in range(20):
            x = x + 0.1 * self.f(x)
        return x


@zoo(torch.zeros(3, 6, 4))
class Reference(Net):
    """LSTM 8, LSTM 8, Flatten, Dense 8 ReLU, Dense 4 ReLU, Dense 1."""

    def make(self) -> None:
        self.lstm1 = nn.LSTM(4, 8, batch_first=True)
        self.lstm2 = nn.LSTM(8, 8, batch_first=True)
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(6 * 8, 8)
        self.fc2 = nn.Linear(8, 4)
        self.fc3 = nn.Linear(4, 1)

    def forward(self, x: Tensor) -> Any:
        x, _ = self.lstm1(x)
        x, _ = self.lstm2(x)
        x = F.relu(self.fc1(self.flatten(x)))
        return self.fc3(F.relu(self.fc2(x)))


@zoo()
class Halved(nn.Linear):
    def __init__(self) -> None:
        super().__init__(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * 0.5, self.bias)


@zoo()
class Experts(Net):
    def make(self) -> None:
        self.gate = nn.Linear(4, 3)
        self.experts = nn.ModuleList([nn.Linear(4, 5) for _ in range(3)])
        self.out = nn.Linear(5, 1)

    def forward(self, x: Tensor) -> Any:
        share = self.gate(x).softmax(-1)
        steps = torch.stack([expert(x) for expert in self.experts], 1)
        return self.out((share.unsqueeze(-1) * steps).sum(1))


@zoo()
class UNet(Net):
    def make(self) -> None:
        self.down = nn.Conv2d(1, 4, 3, padding=1)
        self.deep = nn.Conv2d(4, 8, 3, padding=1)
        self.up = nn.ConvTranspose2d(8, 4, 2, 2)
        self.out = nn.Conv2d(8, 1, 1)

    def forward(self, x: Tensor) -> Any:
        a = self.down(x)
        return self.out(torch.cat([a, self.up(self.deep(F.max_pool2d(a, 2)))], 1))


@zoo()
class NamedInput(Net):
    def make(self) -> None:
        self.input = nn.Linear(3, 4)
        self.output = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Any:
        return self.output(self.input(x))


@zoo()
class ThroughNumpy(Net):
    def make(self) -> None:
        self.a = nn.Linear(4, 4)
        self.b = nn.Linear(4, 1)

    def forward(self, x: Tensor) -> Any:
        return self.b(torch.from_numpy(self.a(x).detach().numpy() * 2))
