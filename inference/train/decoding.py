"""Teaches the decoder to draw at twice the side of what the encoder sees, with a critic beside the plain differences.

Latents hold too little to say where each leaf is, and a mean of all the places where it could be is haze: the critic,
who sees two frames after another, asks for some crisp and steady leaf instead (after Isola 2017, Lim 2017's hinge).
Drops and flakes are left out, since the enlarger draws them.

    python -m inference.train.decoding windows PREPARED RUN WINDOWS --shards 40
    python -m inference.train.decoding train WINDOWS RUN --minutes 30
    python -m inference.train.decoding judge OTHERS RUN      (windows of shards that nothing was taught with)
"""

from __future__ import annotations

import argparse
import math
import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from inference.generator.autoencoder import TEMPORAL, VideoAutoencoder, VideoShape, larger
from inference.generator.transformer import Transformer, TransformerShape
from inference.train.autoencoding import NOISE, ahead, picture_loss, rate
from inference.train.corpus import scenes
from inference.train.enlarging import MANY, remade
from inference.train.flow import CHANNELS, Average
from inference.train.render import render
from inference.train.world import Scene

SCALE = 2
SPAN = 3  # latents of a window
BATCH = 4  # windows a step, the second half of them remade
LEVELS = (0.3, 0.6)  # of noise that the generator remakes a window from: what it draws is still the same scene
CRITICAL = 0.04  # what the critic counts beside the differences; pulling half as hard as they do it drew stripes
LAST = ("decoder.grow", "decoder.first", "decoder.second", "decoder.finish")
_PEAK, _CRITIC_PEAK = 1e-3, 4e-4


def windows(prepared: Path, run: Path, out: Path, shards: range) -> None:
    """A file for each half shard: frames uint8 (N,12,H,W,4), the last the subject's cover, and of the same windows the
    latents (N,3,h,w,C) as encoded and as the generator remakes them."""
    out.mkdir(parents=True, exist_ok=True)
    model = Transformer(TransformerShape()).eval()
    model.load_state_dict(load_file(run / "average.safetensors"))
    for shard in shards:
        for aspect in ("wide", "tall"):
            source, target = prepared / f"pictures/{shard:05d}-{aspect}.npz", out / f"{shard:05d}-{aspect}.npz"
            if source.exists() and not target.exists():
                part = out / f".{target.name}"
                np.savez(part, **_windowed(model, source, scenes(shard)[aspect], random.Random(shard)))
                part.rename(target)


def _windowed(model: Transformer, source: Path, kin: list[Scene], rng: random.Random) -> dict[str, np.ndarray]:
    latents = torch.from_numpy(np.load(source)["latents"][..., :CHANNELS]).float()
    groups = [slice(start, start + MANY) for start in range(0, len(kin), MANY)]
    again = torch.cat([remade(model, latents[some], kin[some], rng, LEVELS) for some in groups])
    found: dict[str, list[Tensor]] = {"frames": [], "latents": [], "remade": []}
    for place, scene in enumerate(kin):
        first = rng.randrange(latents.shape[1] - SPAN + 1)
        pictures, cover = render(scene, SCALE, range(TEMPORAL * first, TEMPORAL * (first + SPAN)), is_dry=True)
        found["frames"].append(torch.cat([pictures, cover[..., None]], dim=-1))
        found["latents"].append(latents[place, first : first + SPAN].half())
        found["remade"].append(again[place, first : first + SPAN].half())
    return {name: torch.stack(parts).numpy() for name, parts in found.items()}


def batches(folder: Path, seed: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Latents (B,3,h,w,C), frames (B,12,H,W,3) in -1..1, and weights (B,12,H,W,1) of their differences."""
    rng = random.Random(seed)
    while True:
        held = dict(np.load(rng.choice(sorted(folder.glob("[0-9]*.npz")))))
        order = rng.sample(range(len(held["frames"])), len(held["frames"]))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            picks = order[start : start + BATCH]
            clean, again = picks[: BATCH // 2], picks[BATCH // 2 :]
            latents = np.concatenate([held["latents"][clean], held["remade"][again]])
            frames = torch.from_numpy(held["frames"][picks]).float()
            weight = 1 + 4 * frames[..., 3:] / 255
            weight[len(clean) :] *= 0.3  # what was remade is nearly the same picture
            yield torch.from_numpy(latents).float(), frames[..., :3] / 127.5 - 1, weight


class Critic(nn.Module):
    """How real two frames after another look, patch by patch."""

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        sizes = (6, width, 2 * width, 3 * width)
        steps = [nn.Conv2d(a, b, 4, 2, 1) for a, b in zip(sizes, sizes[1:], strict=False)]
        self.steps = nn.ModuleList([spectral_norm(step) for step in steps])
        self.leave = spectral_norm(nn.Conv2d(sizes[-1], 1, 3, padding=1))

    def forward(self, frames: Tensor) -> tuple[Tensor, list[Tensor]]:  # (B,T,H,W,3) -> (B*(T-1),1,H/8,W/8), features
        x = torch.cat([frames[:, :-1], frames[:, 1:]], dim=-1).flatten(0, 1).permute(0, 3, 1, 2)
        features = []
        for step in self.steps:
            x = F.leaky_relu(step(x), 0.2)
            features.append(x)
        return self.leave(x), features


def drawn_loss(critic: Critic, made: Tensor, real: Tensor, weight: Tensor) -> Tensor:
    """Plain differences, what the critic says of `made`, and how far it looks from `real` to the critic's eye."""
    said, seen = critic(made)
    with torch.no_grad():
        wanted = critic(real)[1]
    count = len(made) // 2  # those remade are not the same picture: only their looks are judged
    alike = [
        (one.float() - other.float()).unflatten(0, (len(made), -1))[:count].abs().mean()
        for one, other in zip(seen, wanted, strict=True)
    ]
    return picture_loss(made, real, weight) + CRITICAL * (10 * torch.stack(alike).mean() - said.float().mean())


def critic_loss(critic: Critic, made: Tensor, real: Tensor) -> Tensor:
    """How badly it tells the two apart."""
    return F.relu(1 - critic(real)[0].float()).mean() + F.relu(1 + critic(made)[0].float()).mean()


def train(folder: Path, run: Path, minutes: float) -> None:
    """The decoder alone; the encoder and what the latents mean stay. The run's weights are averages."""
    torch.manual_seed(int(time.time()))
    model, critic = VideoAutoencoder(VideoShape()), Critic()
    state, judged = run / "autoencoder.safetensors", run / "critic.safetensors"
    begun = load_file(state)
    # Weights from before the decoder drew at this size lack its last stage, and may lack nothing else.
    fresh = {name: value for name, value in model.state_dict().items() if name.startswith(LAST)}
    model.load_state_dict(fresh | begun)
    if judged.exists():
        critic.load_state_dict(load_file(judged))
    draws = torch.optim.Adam(model.decoder.parameters(), _PEAK, betas=(0.8, 0.98))
    judges = torch.optim.Adam(critic.parameters(), _CRITIC_PEAK, betas=(0.5, 0.98))
    average, start, log, means = Average(model), time.time(), (run / "decoder.log").open("a"), [0.0, 0.0]
    for step, (latents, real, weight) in enumerate(ahead(batches(folder, int(start))), start=1):
        share = (time.time() - start) / (60 * minutes)
        draws.param_groups[0]["lr"], judges.param_groups[0]["lr"] = rate(share, _PEAK), _CRITIC_PEAK
        with torch.autocast("cpu", torch.bfloat16):
            made = model.decoder(latents + NOISE * torch.randn_like(latents)).float()
            losses = drawn_loss(critic, made, real, weight), critic_loss(critic, made.detach(), real)
        for loss, optimiser in zip(losses, (draws, judges), strict=True):
            optimiser.zero_grad()
            loss.backward(inputs=optimiser.param_groups[0]["params"])
            nn.utils.clip_grad_norm_(optimiser.param_groups[0]["params"], 1.0)
        draws.step()
        judges.step()
        average.follow(model)
        means = [mean + (loss.item() - mean) * max(0.02, 1 / step) for mean, loss in zip(means, losses, strict=True)]
        if step % 25 == 0 or share >= 1:
            pace = step / (time.time() - start)
            print(
                f"step {step} share {share:.3f} drawn {means[0]:.4f} critic {means[1]:.4f} {pace:.2f}/s",
                file=log,
                flush=True,
            )
        if step % 200 == 0 or share >= 1:
            save_file({name: value.contiguous() for name, value in average.weights.items()}, state)
            save_file({name: value.contiguous() for name, value in critic.state_dict().items()}, judged)
        if share >= 1:
            return


@torch.no_grad()
def judge(folder: Path, run: Path) -> dict[str, dict[str, float]]:
    """Of pictures decoded from latents as encoded and as remade, and of the decoder's own small picture enlarged: the
    mean step in brightness to the next pixel, as a share of the drawn picture's, and the distance from it in dB."""
    model = VideoAutoencoder(VideoShape())
    model.load_state_dict(load_file(run / "autoencoder.safetensors"))
    totals = {name: [0.0, 0.0] for name in ("encoded", "remade", "enlarged")}
    steps, files_read = 0.0, sorted(folder.glob("[0-9]*.npz"))
    for path in files_read:
        held = np.load(path)
        real = torch.from_numpy(held["frames"][..., :3]).float() / 127.5 - 1
        for name in ("encoded", "remade"):
            latents = torch.from_numpy(held["latents" if name == "encoded" else name]).float()
            with torch.autocast("cpu", torch.bfloat16):
                made = {name: model.decode(latents)}
                if name == "encoded":
                    made["enlarged"] = larger(model.decoder.small(latents)).float().clamp(-1, 1)
            for other, pictures in made.items():
                totals[other][0] += _crispness(pictures)
                totals[other][1] += (pictures - real).square().mean().item()
        steps += _crispness(real)
    return {
        name: {"crispness": round(crisp / steps, 3), "dB": round(10 * math.log10(4 * len(files_read) / error), 2)}
        for name, (crisp, error) in totals.items()
    }


def _crispness(frames: Tensor) -> float:
    """The mean difference in brightness between neighbouring pixels of (N,T,H,W,3)."""
    grey = frames.mean(-1)
    return (grey.diff(dim=2).abs().mean() + grey.diff(dim=3).abs().mean()).item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=("windows", "train", "judge"))
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--shards", type=int, default=40)
    parser.add_argument("--minutes", type=float, default=30)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    match asked.verb:
        case "windows":
            windows(*asked.folders, range(asked.first, asked.first + asked.shards))
        case "train":
            train(*asked.folders, asked.minutes)
        case "judge":
            for name, figures in judge(*asked.folders).items():
                print(name, figures)


if __name__ == "__main__":
    main()
