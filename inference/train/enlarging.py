"""Trains the enlarger: pairs of what the generator makes of a scene and the same scene drawn as large as it will be.

python -m inference.train.enlarging pairs PREPARED RUN PAIRS --shards 100
python -m inference.train.enlarging train PAIRS RUN --minutes 25 [--only things]
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor

from inference.generator.autoencoder import VideoAutoencoder, VideoShape
from inference.generator.enlarger import EDGE, FOLD, GAIT, SCALE, Enlarger, EnlargerShape, Painter, local
from inference.generator.falling import FALLS, KINDS, seen, weather_of
from inference.generator.likeness import TRAITS
from inference.generator.noise import moving
from inference.generator.plan import MOTION, beats, placed, trace
from inference.generator.transformer import Condition, Transformer, TransformerShape
from inference.train import figures
from inference.train.autoencoding import ahead, rate
from inference.train.corpus import scenes
from inference.train.flow import CHANNELS, Average
from inference.train.motion import move
from inference.train.plans import attributes, motion, traits
from inference.train.render import render, size, spots
from inference.train.world import STYLES, Scene, person

PICKS = 3  # frames of a clip
STEPS = 6
BATCH = 16  # crops a step
SELDOM = 4  # beside the painter, which learns in each step, the convolution learns in every fourth
PIXELS = 2000  # of each frame that the painter learns from in a step
CROP = 28  # places of the convolution on a side that one example shows
LARGE = FOLD * SCALE  # how much larger than the corpus's clips the pictures are drawn that it learns from
MANY = 8
FRAMES = 20  # of a file that the painter learns from in a step
PARTS = ("things", "convolution")


@torch.no_grad()
def remade(
    model: Transformer, video: Tensor, kin: list[Scene], rng: random.Random, levels: tuple[float, float] = (0.3, 0.95)
) -> Tensor:
    """The latents (B,T,H,W,C) as the generator remakes them from a noised state, so with its own faults."""
    level = rng.uniform(*levels)
    moves = torch.stack([motion(scene) for scene in kin])
    count, spans = len(kin), video.shape[1]
    none = torch.zeros(count, spans, dtype=torch.bool), torch.zeros(count, 2 * spans, dtype=torch.bool)
    condition = Condition(
        torch.zeros(count, 512),
        torch.zeros(count, 20, 512),
        torch.tensor([STYLES.index(scene.style) for scene in kin]),
        *none,
        torch.tensor([attributes(scene) for scene in kin]),
        trace(moves, video.shape[2] // 2, video.shape[3] // 2),
        beats(moves, 2 * spans),
        torch.ones(count, dtype=torch.bool),
        torch.stack([traits(scene) for scene in kin]),
    )
    state, sound = video.lerp(moving(moves, video.shape), level), torch.randn(count, 2 * spans, model.shape.audio)
    moments = torch.linspace(level, 0, STEPS + 1).tolist()
    for now, then in pairwise(moments):
        with torch.autocast("cpu", torch.bfloat16):
            seen, heard = model(state, sound, torch.full((count,), now), condition)
        state, sound = state + (then - now) * seen.float(), sound + (then - now) * heard.float()
    return state


def pairs(prepared: Path, run: Path, out: Path, shards: int) -> None:
    """A file for each half shard: frames uint8 (N,3,h,w,3) between neighbours, as made and as `clear`, the picture as
    it should be uint8 (N,2h,2w,3), and plans."""
    out.mkdir(parents=True, exist_ok=True)
    video, model = VideoAutoencoder(VideoShape()), Transformer(TransformerShape()).eval()
    video.load_state_dict(load_file(run / "autoencoder.safetensors"))
    model.load_state_dict(load_file(run / "average.safetensors"))
    for shard in range(shards):
        for aspect in ("wide", "tall"):
            source, target = prepared / f"pictures/{shard:05d}-{aspect}.npz", out / f"{shard:05d}-{aspect}.npz"
            if source.exists() and not target.exists():
                np.savez(target, **_paired(video, model, source, scenes(shard)[aspect], random.Random(shard)))


def _paired(
    video: VideoAutoencoder, model: Transformer, source: Path, kin: list[Scene], rng: random.Random
) -> dict[str, np.ndarray]:
    latents = torch.from_numpy(np.load(source)["latents"][..., :CHANNELS]).float()
    if rng.random() < 0.85:
        latents = torch.cat([remade(model, part, some, rng) for part, some in _by(latents, kin)])
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        frames = torch.cat([video.decode(part) for part in latents.split(4)])
    small = ((frames + 1) * 127.5).round().to(torch.uint8)
    names = ("small", "clear", "large", "motion", "attributes", "falling", "traits", "cover")
    found: dict[str, list[Tensor]] = {name: [] for name in names}
    for place, scene in enumerate(kin):
        picks = sorted(rng.sample(range(1, 47), PICKS))
        found["small"] += [small[place, pick - 1 : pick + 2] for pick in picks]
        found["clear"] += clear(scene, picks, rng)
        found["large"] += list(render(scene, LARGE, picks)[0])
        found["motion"] += list(motion(scene)[picks])
        found["attributes"] += [torch.tensor(attributes(scene))] * PICKS
        found["falling"] += list(drops(scene, torch.tensor(picks)))
        found["traits"] += [traits(scene)] * PICKS
        found["cover"] += list(covers(scene, picks))
    return {name: torch.stack(parts).numpy() for name, parts in found.items()}


def clear(scene: Scene, picks: list[int], rng: random.Random) -> list[Tensor]:
    """Frames uint8 (3,h,w,3) of the scene itself around each pick, without what falls and a little worn."""
    around = [pick + step for pick in picks for step in (-1, 0, 1)]
    drawn = worn(render(scene, FOLD, around, is_dry=True)[0], rng.uniform(0, 0.6), rng.uniform(0, 3))
    return list(drawn.unflatten(0, (-1, 3)))


def worn(frames: Tensor, softness: float, noise: float) -> Tensor:
    """Frames uint8 (T,h,w,3), softened (0 to 1) and with noise (of so many of 255) as those that are made are."""
    sharp = frames.permute(0, 3, 1, 2).float()
    soft = F.avg_pool2d(F.pad(sharp, (2, 2, 2, 2), mode="replicate"), 5, 1)
    made = sharp.lerp(soft, softness) + noise * torch.randn_like(sharp)
    return made.permute(0, 2, 3, 1).round().clamp(0, 255).to(torch.uint8)


def drops(scene: Scene, picks: Tensor) -> Tensor:
    """What `falling` would say of these frames of the scene, uint8 (T,4,H,W)."""
    made = torch.zeros(len(picks), len(KINDS), *size(scene), dtype=torch.uint8)
    what = weather_of(vars(scene))
    for channel, (name, place) in enumerate(KINDS):
        if name == what:
            fall = FALLS[name][place]
            made[:, channel] = seen(fall, spots(scene, fall.amount), picks, size(scene)).to(torch.uint8)
    return made


def _by(latents: Tensor, kin: list[Scene]) -> Iterator[tuple[Tensor, list[Scene]]]:
    for start in range(0, len(kin), MANY):
        yield latents[start : start + MANY], kin[start : start + MANY]


def files(folder: Path, seed: int) -> Iterator[dict[str, Tensor]]:
    """Random files of pairs, each whole."""
    rng = random.Random(seed)
    while True:
        held = np.load(rng.choice(sorted(folder.glob("[0-9]*.npz"))))
        yield {name: torch.from_numpy(held[name]) for name in held}


def _crop(move: Tensor, size: torch.Size, rng: random.Random) -> tuple[int, int]:
    """The corner of a crop: two times in three one that shows some of the subject, else anywhere."""
    spare = [side - CROP for side in size]
    if rng.random() < 0.33:
        return rng.randint(0, spare[0]), rng.randint(0, spare[1])
    x, y = float(move[0] * move[9]), float((move[1] - 0.55) * move[9]) + 0.05
    middle = (y + 0.5) * size[0], x * size[0] + size[1] / 2
    corner = [round(m - CROP / 2 + rng.uniform(-9, 9)) for m in middle]
    return min(max(corner[0], 0), spare[0]), min(max(corner[1], 0), spare[1])


def _cut(pictures: Tensor, corners: list[tuple[int, int]], scale: int) -> Tensor:
    side = CROP * scale
    return torch.stack(
        [
            one[..., top * scale : top * scale + side, left * scale : left * scale + side]
            for one, (top, left) in zip(pictures, corners, strict=True)
        ]
    )


def sharpened(model: Enlarger, pair: dict[str, Tensor], rng: random.Random) -> Tensor:
    """L1 of the unpainted picture's pixels and of their differences to both sides, in crops of some of the pairs. From
    clear pictures: what the generator made up it would only learn to blur."""
    picks = rng.sample(range(len(pair["clear"])), BATCH)
    small = pair["clear"][picks].permute(0, 1, 4, 2, 3).float() / 127.5 - 1
    large = pair["large"][picks].permute(0, 3, 1, 2).float() / 127.5 - 1
    moves = shaken(pair["motion"][picks])
    places = pair["falling"].shape[2:]
    around = [_crop(move, places, rng) for move in moves]
    told = _cut(torch.cat([local(moves, *places), pair["falling"][picks]], dim=1), around, 1)
    with torch.autocast("cpu", torch.bfloat16):
        made = model(_cut(small, around, FOLD), pair["attributes"][picks], moves[:, GAIT], told)
    error = made.float() - _cut(large, around, LARGE)
    return error.abs().mean() + error.diff(dim=3).abs().mean() + error.diff(dim=2).abs().mean()


def painted(painter: Painter, pair: dict[str, Tensor], places: Tensor | None = None) -> Tensor:
    """How wrong the painter's cover is (cross entropy) and, where the subject is, its colour (L1), at `places`
    (B,P,2) on the subject's square or anywhere on it."""
    if places is None:
        places = (torch.rand(len(pair["motion"]), PIXELS, 2) * 2 - 1) * EDGE
    small = pair["small"][:, pair["small"].shape[1] // 2].permute(0, 3, 1, 2).float() / 127.5 - 1
    light = F.avg_pool2d(small, FOLD)
    high, wide = pair["large"].shape[1:3]
    rows, columns = on_subject(pair["motion"], (high, wide), places)
    real = pair["large"][torch.arange(len(rows))[:, None], rows, columns].float() / 127.5 - 1
    grid = torch.stack([(columns + 0.5) / wide * 2 - 1, (rows + 0.5) / high * 2 - 1], dim=-1)[:, None]
    under = F.grid_sample(light, grid, mode="bicubic", padding_mode="border", align_corners=False)[:, :, 0]
    u, v = placed(pair["motion"], (columns + 0.5) / wide - 0.5, (rows + 0.5) / high - 0.5, wide / high)
    at = torch.stack([u, v], dim=-1)
    drawn = pair["cover"][:, None].float() / 255
    cover = F.grid_sample(drawn, at[:, None] / 1.08, align_corners=False)[:, 0, 0, :, None]
    with torch.autocast("cpu", torch.bfloat16):
        told = painter.told(pair["attributes"], pair["traits"])
        colour, logit = painter.coat(under.transpose(1, 2), at, pair["motion"][:, GAIT], told)
    wrong = F.binary_cross_entropy_with_logits(logit, cover)
    return wrong + 2 * ((colour - real).abs() * cover).mean() / cover.mean()


def covers(scene: Scene, picks: list[int]) -> Tensor:
    """The drawn subject's cover on its own square in these frames, uint8 (N,S,S); animation draws ink around it."""
    phases = (move(scene).phase[picks] * figures.PHASES).long() % figures.PHASES
    drawn = figures.sheet(scene.subject, 2, person(scene), tuple(phases.tolist()))[2]
    if scene.style == "animation":
        drawn = F.max_pool2d(drawn, 13, 1, 6)
    return (drawn[:, 0] * 255).round().to(torch.uint8)


def on_subject(motion: Tensor, size: tuple[int, int], places: Tensor) -> tuple[Tensor, Tensor]:
    """Rows and columns (B,P) of the pixels at places (B,P,2) of the subject's square, kept inside the picture."""
    high, wide = size
    part = {name: motion[:, place, None] for place, name in enumerate(MOTION)}
    u, v = (places[..., axis] * part["half"] for axis in range(2))
    u = u * part["facing"]
    x = (part["turn cos"] * u - part["turn sin"] * v + part["x"]) * part["zoom"]
    y = (part["turn sin"] * u + part["turn cos"] * v + part["y"] - 0.55) * part["zoom"] + 0.05
    columns = ((x * high / wide + 0.5) * wide).long().clamp(0, wide - 1)
    return ((y + 0.5) * high).long().clamp(0, high - 1), columns


def shaken(motion: Tensor) -> Tensor:
    """Motion (B,11) with its places a little off, as a plan that is made is."""
    return torch.cat([motion[:, :2] + 0.008 * torch.randn(len(motion), 2), motion[:, 2:]], dim=1)


def things(pair: dict[str, Tensor], rng: random.Random) -> dict[str, Tensor]:
    """Some of the frames of a file that show a thing and nobody; all of them where there are few."""
    rows = [row for row, who in enumerate(pair["traits"]) if not who.any()]
    picks = rng.sample(rows, min(FRAMES, len(rows)))
    return {name: part[picks] for name, part in pair.items()}


def train(folder: Path, run: Path, minutes: float, parts: tuple[str, ...] = PARTS) -> None:
    """Teaches the painter of things and the convolution, or one of them; the run's weights are averages."""
    torch.manual_seed(int(time.time()))
    model, rng = Enlarger(EnlargerShape(traits=len(TRAITS))), random.Random(time.time())
    if (run / "enlarger.safetensors").exists():
        model.load_state_dict(load_file(run / "enlarger.safetensors"), strict=False)
    # Orthogonalised steps killed the convolution once: its last layer saw only zeros and nothing complained.
    paint, sharpen = [_adam(model.painter.named_parameters(), 3e-3)], [_adam(_outside(model), 2e-3)]
    average, start, seen = Average(model), time.time(), [0.0, 0.0]
    log, seldom = (run / "enlarger.log").open("a"), SELDOM if len(parts) > 1 else 1
    for step, pair in enumerate(ahead(_twice(files(folder, int(start)))), start=1):
        share = (time.time() - start) / (60 * minutes)
        for group in (group for optimiser in (*paint, *sharpen) for group in optimiser.param_groups):
            group["lr"] = rate(min(share, 1.0), group["peak"])
        if "things" in parts:
            seen[0] += stepped(painted(model.painter, things(pair, rng)), paint, seen[0], step)
        if "convolution" in parts and step % seldom == 0:
            seen[1] += stepped(sharpened(model, pair, rng), sharpen, seen[1], step // seldom)
        average.follow(model)
        if step % 40 == 0:
            pace = step / (time.time() - start)
            print(
                f"step {step} share {share:.3f} paint {seen[0]:.4f} sharp {seen[1]:.4f} {pace:.1f} steps/s",
                file=log,
                flush=True,
            )
        if step % 200 == 0 or share >= 1:
            save_file(
                {name: value.contiguous() for name, value in average.weights.items()}, run / "enlarger.safetensors"
            )
        if share >= 1:
            return


def _twice(pairs: Iterator[dict[str, Tensor]]) -> Iterator[dict[str, Tensor]]:
    """Each file two times: reading one takes as long as a step."""
    for pair in pairs:
        yield pair
        yield pair


def _outside(model: Enlarger) -> Iterator[tuple[str, Tensor]]:
    return ((name, weight) for name, weight in model.named_parameters() if not name.startswith("painter"))


def _adam(weights: Iterable[tuple[str, Tensor]], peak: float) -> torch.optim.Optimizer:
    optimiser = torch.optim.Adam([weight for _, weight in weights], peak, betas=(0.9, 0.98))
    optimiser.param_groups[0]["peak"] = peak
    return optimiser


def stepped(loss: Tensor, parts: list[torch.optim.Optimizer], mean: float, step: int) -> float:
    """One step of these optimisers; how much the running mean of the loss changes."""
    for optimiser in parts:
        optimiser.zero_grad()
    loss.backward()
    for optimiser in parts:
        optimiser.step()
    return (loss.item() - mean) * max(0.02, 1 / step)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=("pairs", "train"))
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--shards", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--only", choices=PARTS, help="leave the other part as it is")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.verb == "pairs":
        pairs(*asked.folders, asked.shards)
    else:
        train(*asked.folders, asked.minutes, (asked.only,) if asked.only else PARTS)


if __name__ == "__main__":
    main()
