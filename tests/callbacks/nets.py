"""A small net, its data, and what it is compared by: shared by the tests of the frameworks on torch."""

from __future__ import annotations

import torch
from torch import nn

INPUTS = torch.randn(32, 3, generator=torch.Generator().manual_seed(1))
TARGETS = INPUTS.prod(dim=1, keepdim=True)


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Dropout(0.1), nn.Linear(4, 1))


def same_weights(one: nn.Module, other: nn.Module) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)
