"""The loop that trainings share: steps along losses for a wall-clock budget, in one process or several that share
gradients."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor, nn

from inference.train.autoencoding import rate
from inference.train.flow import Average, share_gradients
from inference.train.muon import optimisers


def learn(
    model: nn.Module, losses: Iterator[Tensor], out: tuple[Path, str], minutes: float, peaks: tuple[float, float]
) -> None:
    """Steps along `losses` until the minutes are over; the weights in `out`, a run and a name there, are averages.

    `peaks` are the highest learning rates of matrices (Muon) and of everything else (Adam).
    """
    (run, name), start, mean = out, time.time(), 0.0
    both, average, log = optimisers([model], *peaks), Average(model), (run / f"{name}.log").open("a")
    for step, error in enumerate(losses, start=1):
        model.zero_grad(set_to_none=False)
        error.backward()
        share = share_gradients(model, (time.time() - start) / (60 * minutes))
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimiser in both:
            for group in optimiser.param_groups:
                group["lr"] = rate(min(share, 1.0), group["peak"])
            optimiser.step()
        average.follow(model)
        mean += (error.item() - mean) * max(0.01, 1 / step)
        if step % 25 == 0 or share >= 1:
            pace = step / (time.time() - start)
            print(f"step {step} share {share:.3f} loss {mean:.4f} {pace:.2f} steps/s", file=log, flush=True)
        if step % 100 == 0 or share >= 1:
            save_file({key: value.contiguous() for key, value in average.weights.items()}, run / f"{name}.safetensors")
        if share >= 1:
            return
