"""Nets of the size of ResNet-18 and GPT-2 small, with random weights. Not for training."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn


class Residual(nn.Module):
    """Two 3x3 convolutions around a shortcut, as in ResNet-18."""

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.relu = nn.ReLU()
        is_same = stride == 1 and n_in == n_out
        shortcut = (nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out))
        self.downsample = nn.Identity() if is_same else nn.Sequential(*shortcut)

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(y + self.downsample(x))


def resnet18() -> tuple[nn.Module, Tensor]:
    """ResNet-18 for images (N, 3, 224, 224), 11.7 million parameters; and an example input."""
    layers = [nn.Conv2d(3, 64, 7, 2, padding=3, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    layers.append(nn.MaxPool2d(3, 2, padding=1))
    widths = (64, 64, 128, 256, 512)
    for n_in, n_out in pairwise(widths):
        layers += [Residual(n_in, n_out, 1 if n_in == n_out else 2), Residual(n_out, n_out, 1)]
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000)]
    return nn.Sequential(*layers), torch.zeros(1, 3, 224, 224)


class Attention(nn.Module):
    """Causal self-attention with 12 heads."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.c_attn = nn.Linear(width, 3 * width)
        self.c_proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        n, length, width = x.shape
        q, k, v = (part.view(n, length, 12, -1).transpose(1, 2) for part in self.c_attn(x).split(width, 2))
        y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.c_proj(y.transpose(1, 2).reshape(n, length, width))


class Block(nn.Module):
    """Attention and a two-layer perceptron, each after a normalisation and around a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.ln_1, self.attn = nn.LayerNorm(width), Attention(width)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class Gpt2(nn.Module):
    """Twelve blocks of width 768 over 50 257 tokens, the head tied to the embedding."""

    def __init__(self, width: int = 768, n_tokens: int = 50257, length: int = 1024) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(n_tokens, width), nn.Embedding(length, width)
        self.h = nn.Sequential(*(Block(width) for _ in range(12)))
        self.ln_f, self.lm_head = nn.LayerNorm(width), nn.Linear(width, n_tokens, bias=False)
        self.lm_head.weight = self.wte.weight

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1]))
        return self.lm_head(self.ln_f(self.h(x)))


def gpt2() -> tuple[nn.Module, Tensor]:
    """GPT-2 small, 124 million parameters; and an example input of 8 tokens."""
    return Gpt2(), torch.zeros(1, 8, dtype=torch.int64)


NETS = {"ResNet-18": resnet18, "GPT-2 small": gpt2}
