"""Teaches the backdrop: pairs of what the generator makes of a world and the same world drawn without its subject.

python -m inference.train.backdrops pairs PREPARED RUN PAIRS --shards 60
python -m inference.train.backdrops autoencoder PAIRS RUN --minutes 16
python -m inference.train.backdrops train PAIRS RUN --minutes 50 [--rank 0 --ranks 2] [--compiled]
python -m inference.train.backdrops judge OTHERS RUN      (pairs of shards that nothing was taught with)
"""

from __future__ import annotations

import argparse
import math
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from inference.generator.autoencoder import TEMPORAL, VideoAutoencoder, VideoShape
from inference.generator.backdrop import Backdrop, BackdropShape, Given, StillAutoencoder, drawn, known
from inference.generator.enlarger import SCALE
from inference.generator.plan import MOTION
from inference.generator.plate import FREE, square
from inference.generator.transformer import Transformer, TransformerShape
from inference.train.autoencoding import ahead
from inference.train.corpus import scenes
from inference.train.enlarging import LARGE, MANY, files, remade
from inference.train.flow import CHANNELS, together
from inference.train.learning import learn
from inference.train.plans import attributes, motion
from inference.train.render import empty
from inference.train.world import Scene

SPAN = 3  # latents decoded, of which a frame in the middle is taken
LEVELS = (0.3, 0.85)  # of noise the generator remakes a clip from
BATCH = 8
SOFT = 8  # pixels over which a hidden part is blurred where it is shown without its subject
VAGUE = (1, 1, 1, 8, 16, 32)  # pixels that are brought to one colour each, in the picture that one begins from
NOISE = 0.07  # on unit latents, which the decoder must forgive
_PEAKS = 0.01, 1.5e-3  # learning rates, of matrices and of the rest


@torch.no_grad()
def pairs(prepared: Path, run: Path, out: Path, shards: range) -> None:
    """A file for each half shard: `made` uint8 (N,H,W,3), the same world `bare` and `shaded` uint8 (N,H,W,3), motion
    (N,11) and attributes (N,10)."""
    out.mkdir(parents=True, exist_ok=True)
    video, model = VideoAutoencoder(VideoShape()).eval(), Transformer(TransformerShape()).eval()
    video.load_state_dict(load_file(run / "autoencoder.safetensors"))
    model.load_state_dict(load_file(run / "average.safetensors"))
    for shard in shards:
        for aspect in ("wide", "tall"):
            source, target = prepared / f"pictures/{shard:05d}-{aspect}.npz", out / f"{shard:05d}-{aspect}.npz"
            if source.exists() and not target.exists():
                part = out / f".{target.name}"
                np.savez(part, **_paired(video, model, source, scenes(shard)[aspect]))
                part.rename(target)


def _paired(video: VideoAutoencoder, model: Transformer, source: Path, kin: list[Scene]) -> dict[str, np.ndarray]:
    rng = random.Random(kin[0].seed)
    latents = torch.from_numpy(np.load(source)["latents"][..., :CHANNELS]).float()
    groups = [slice(start, start + MANY) for start in range(0, len(kin), MANY)]
    latents = torch.cat([remade(model, latents[some], kin[some], rng, LEVELS) for some in groups])
    firsts = [rng.randrange(latents.shape[1] - SPAN + 1) for _ in kin]
    some = torch.stack([part[first : first + SPAN] for part, first in zip(latents, firsts, strict=True)])
    with torch.autocast("cpu", torch.bfloat16):
        frames = torch.cat([video.decode(part)[:, TEMPORAL + 2] for part in some.split(4)])
    found: dict[str, list[Tensor]] = {name: [] for name in ("bare", "shaded", "motion", "attributes")}
    for scene, first in zip(kin, firsts, strict=True):
        pick = TEMPORAL * (first + 1) + 2
        for name in ("bare", "shaded"):
            found[name].append(_smaller(empty(scene, LARGE, [pick], name == "shaded"))[0])
        found["motion"].append(motion(scene)[pick])
        found["attributes"].append(torch.tensor(attributes(scene)))
    made = ((frames.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return {"made": made.numpy(), **{name: torch.stack(parts).numpy() for name, parts in found.items()}}


def _smaller(pictures: Tensor) -> Tensor:
    """Pictures uint8 (B,2H,2W,3) at the size that is decoded: drawn large, then each pixel the mean of four."""
    return F.avg_pool2d(pictures.permute(0, 3, 1, 2).float(), SCALE).round().to(torch.uint8).permute(0, 2, 3, 1)


def examples(folder: Path, seed: int) -> Iterator[tuple[Tensor, Given]]:
    """The world as drawn (B,3,H,W) and what the network is given of it."""
    rng = random.Random(seed)
    for pair in files(folder, seed):
        order = rng.sample(range(len(pair["made"])), len(pair["made"]))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            yield _example({name: part[order[start : start + BATCH]] for name, part in pair.items()}, rng)


def _example(pair: dict[str, Tensor], rng: random.Random) -> tuple[Tensor, Given]:
    is_hidden = torch.tensor([rng.random() < 0.5 for _ in range(len(pair["made"]))])
    made, bare, shaded = (_unit(pair[name]) for name in ("made", "bare", "shaded"))
    wanted = torch.where(is_hidden[:, None, None, None], shaded, bare)
    around = square(pair["motion"], made.shape[2:], rng.uniform(1.0, 2.0))[:, None]
    low = F.interpolate(F.avg_pool2d(bare, SOFT), made.shape[2:], mode="bicubic", align_corners=False)
    hidden = around * is_hidden[:, None, None, None]
    blurred = torch.where(is_hidden[:, None, None, None], made, made.lerp(low, around))
    blurred = torch.stack([_vaguer(picture, rng) for picture in blurred])
    is_sharp = torch.stack([_strip(made.shape[2:], rng) for _ in range(len(made))])
    given = Given(blurred, hidden * (1 - is_sharp), wanted, is_sharp, pair["attributes"], pair["motion"])
    return (wanted, given) if rng.random() < 0.5 else _turned(wanted, given)


def _vaguer(picture: Tensor, rng: random.Random) -> Tensor:
    """A picture (3,H,W), half of the time left with little but its colours: what is decoded of a world that never was
    does not say where its edges are, and has to be drawn all the same."""
    pool = rng.choice(VAGUE)
    if pool == 1:
        return picture
    low = F.avg_pool2d(picture[None], pool)
    return F.interpolate(low, picture.shape[1:], mode="bicubic", align_corners=False)[0]


def _unit(pictures: Tensor) -> Tensor:
    """Pictures uint8 (B,H,W,3) as (B,3,H,W) in -1..1."""
    return pictures.permute(0, 3, 1, 2).float() / 127.5 - 1


def _strip(size: torch.Size, rng: random.Random) -> Tensor:
    """What is known already (1,H,W): often nothing, else all but what a camera that moved has come to see."""
    known = torch.zeros(1, *size)
    if rng.random() < 0.6:
        return known
    known[:] = 1
    share = rng.uniform(0.05, 0.6)
    match rng.randrange(3):
        case 0:
            known[:, :, : round(share * size[1])] = 0
        case 1:
            known[:, :, round((1 - share) * size[1]) :] = 0
        case _:
            rows, columns = (round(share / 2 * side) for side in size)
            known[:, :rows], known[:, size[0] - rows :] = 0, 0
            known[:, :, :columns], known[:, :, size[1] - columns :] = 0, 0
    return known


def _turned(wanted: Tensor, given: Given) -> tuple[Tensor, Given]:
    """The same in a mirror."""
    names = ("blurred", "hidden", "sharp", "is_sharp")
    sign = torch.ones(len(MOTION))
    sign[[MOTION.index(name) for name in ("x", "turn sin", "facing", "pan")]] = -1
    mirrored = {name: getattr(given, name).flip(-1) for name in names}
    return wanted.flip(-1), replace(given, motion=given.motion * sign, **mirrored)


def stills(folder: Path, seed: int) -> Iterator[Tensor]:
    """Worlds (B,3,H,W) in -1..1, some of them with a shadow."""
    rng = random.Random(seed)
    for pair in files(folder, seed):
        kin = torch.cat([pair["bare"], pair["shaded"][: len(pair["shaded"]) // 4]])
        order = rng.sample(range(len(kin)), len(kin))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            worlds = _unit(kin[order[start : start + BATCH]])
            yield worlds.flip(-1) if rng.random() < 0.5 else worlds


def autoencoded(model: StillAutoencoder, worlds: Tensor) -> Tensor:
    """L1 of pixels and of their differences to both sides, from latents that are a little off."""
    with torch.autocast("cpu", torch.bfloat16):
        latents = model.encode(worlds)
        made = model.decode(latents + NOISE * torch.randn_like(latents))
    error = made - worlds
    return error.abs().mean() + error.diff(dim=3).abs().mean() + error.diff(dim=2).abs().mean()


def flowed(model: Backdrop, wanted: Tensor, given: Given) -> Tensor:
    """Squared velocity error between noise and the latents of the world."""
    with torch.autocast("cpu", torch.bfloat16):
        with torch.no_grad():
            clean, told = model.still.encode(wanted).flatten(2).transpose(1, 2), model.told(given)
        time, noise = torch.rand(len(clean)), torch.randn_like(clean)
        made = model(noise.lerp(clean, time[:, None, None]), time, told, given.attributes)
    return (made - (clean - noise)).square().mean()


def autoencoder(folder: Path, run: Path, minutes: float) -> None:
    model, path = StillAutoencoder(BackdropShape()), run / "still.safetensors"
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if path.exists():
        model.load_state_dict(load_file(path))
    losses = (autoencoded(model, worlds) for worlds in ahead(stills(folder, int(time.time()))))
    learn(model, losses, (run, "still"), minutes, _PEAKS)


def train(folder: Path, run: Path, minutes: float, rank: int, compiled: bool) -> None:
    """The transformer; the autoencoder stays."""
    torch.manual_seed(0)
    model, path = Backdrop(BackdropShape()), run / "backdrop.safetensors"
    if path.exists():
        model.load_state_dict(load_file(path))
    else:
        model.still.load_state_dict(load_file(run / "still.safetensors"))
    model.still.requires_grad_(False).to(memory_format=torch.channels_last)
    if compiled:  # bound by memory more than by arithmetic: fusing gives a fifth
        for block in model.blocks:
            block.compile()
    torch.manual_seed(1000 + rank + int(time.time()))
    losses = (flowed(model, *each) for each in ahead(examples(folder, 1000 * rank + int(time.time()))))
    learn(model, losses, (run, "backdrop" if rank == 0 else f"rank{rank}"), minutes, _PEAKS)


@torch.no_grad()
def judge(folder: Path, run: Path) -> dict[str, dict[str, float]]:
    """Of worlds as they were made and as they are drawn from that: the mean step in brightness to the next pixel as a
    share of the real one's, where no subject hides it, and the distance from it in dB where one does and elsewhere."""
    model = Backdrop(BackdropShape()).eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    model.load_state_dict(load_file(run / "backdrop.safetensors"))
    steps, found = 0.0, {name: [0.0, 0.0, 0.0] for name in ("made", "drawn")}
    paths = sorted(folder.glob("[0-9]*.npz"))
    for path in paths:
        pair = {name: torch.from_numpy(part) for name, part in np.load(path).items()}
        real, given = _unknown(pair)
        hidden, is_open = given.hidden, given.hidden[:, 0] < 0.01
        steps += crispness(real, is_open)
        for name, picture in (("made", known(given)), ("drawn", drawn(model, given, 1))):
            error = (picture - real).square()
            weighed = [(error * part).mean() / part.mean() for part in (hidden, 1 - hidden)]
            parts = (crispness(picture, is_open), *weighed)
            found[name] = [total + float(part) for total, part in zip(found[name], parts, strict=True)]
    return {
        name: {"crispness": round(crisp / steps, 3), **{kind: round(10 * math.log10(4 * len(paths) / error), 2)
               for kind, error in (("hidden dB", hidden), ("open dB", clear))}}
        for name, (crisp, hidden, clear) in found.items()
    }  # fmt: skip


def _unknown(pair: dict[str, Tensor]) -> tuple[Tensor, Given]:
    """Worlds (B,3,H,W) with their subject before them and nothing known to be sharp."""
    made, real = (_unit(pair[name]) for name in ("made", "shaded"))
    none, hidden = torch.zeros_like(made[:, :1]), square(pair["motion"], made.shape[2:], FREE)[:, None]
    return real, Given(made, hidden, torch.zeros_like(real), none, pair["attributes"], pair["motion"])


def crispness(pictures: Tensor, is_open: Tensor) -> float:
    """The mean difference in brightness between neighbouring pixels of (B,3,H,W), of those in (B,H,W)."""
    grey = pictures.mean(1)
    down, across = grey.diff(dim=1).abs()[is_open[:, 1:]], grey.diff(dim=2).abs()[is_open[:, :, 1:]]
    return (down.mean() + across.mean()).item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=("pairs", "autoencoder", "train", "judge"))
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--shards", type=int, default=60)
    parser.add_argument("--minutes", type=float, default=50)
    parser.add_argument("--rank", type=int, default=0)
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--compiled", action="store_true", help="needs a C++ compiler")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    match asked.verb:
        case "pairs":
            pairs(*asked.folders, range(asked.first, asked.first + asked.shards))
        case "autoencoder":
            autoencoder(*asked.folders, asked.minutes)
        case "train":
            with together(asked.folders[1] / "meeting of backdrops", asked.rank, asked.ranks):
                train(*asked.folders, asked.minutes, asked.rank, asked.compiled)
        case "judge":
            for name, figures in judge(*asked.folders).items():
                print(name, figures)


if __name__ == "__main__":
    main()
