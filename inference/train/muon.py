"""The optimiser of both trainings: orthogonalised momentum for matrices (Muon, Jordan 2024), Adam for the rest."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn


def orthogonal(matrix: Tensor) -> Tensor:
    """About the nearest semi-orthogonal matrix, by five quintic Newton-Schulz steps in bf16."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrix.bfloat16()
    x = x / (x.norm() + 1e-7)
    is_tall = x.shape[0] > x.shape[1]
    x = x.T if is_tall else x
    for _ in range(5):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.T if is_tall else x).to(matrix.dtype)


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, then `orthogonal`; convolutions are taken as matrices of (out, everything else)."""

    def __init__(self, parameters: Iterable[Tensor], lr: float, decay: float = 0.0) -> None:
        super().__init__(parameters, {"lr": lr, "decay": decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:  # a part that is not being taught, as torch's own optimisers take it
                    continue
                state = self.state[weight]
                momentum = state.setdefault("momentum", torch.zeros_like(weight))
                momentum.lerp_(weight.grad, 0.05)
                update = orthogonal(weight.grad.lerp(momentum, 0.95).flatten(1))
                scale = max(1.0, update.shape[0] / update.shape[1]) ** 0.5
                weight.mul_(1 - group["lr"] * group["decay"])
                weight.add_(update.view_as(weight), alpha=-group["lr"] * scale)


def optimisers(modules: Iterable[nn.Module], muon: float, adam: float) -> list[torch.optim.Optimizer]:
    """Muon over the matrices and Adam over vectors; every group remembers its `peak` learning rate."""
    weights = [weight for module in modules for weight in module.parameters() if weight.requires_grad]
    both = [
        Muon([weight for weight in weights if weight.dim() >= 2], muon, 0.01),
        torch.optim.Adam([weight for weight in weights if weight.dim() < 2], adam, betas=(0.9, 0.98)),
    ]
    for optimiser, peak in zip(both, (muon, adam), strict=True):
        for group in optimiser.param_groups:
            group["peak"] = peak
    return both
