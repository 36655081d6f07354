"""Trains the reader of pictures that judges the generator, on rendered clips alone.

    python -m inference.train.corpus CLIPS --shards 228
    python -m inference.train.probe segment CLIPS RUN --minutes 8
    python -m inference.train.probe observe CLIPS RUN --shards 120
    python -m inference.train.probe fit CLIPS RUN
    python -m inference.train.probe publish CLIPS RUN --out inference/weights/probe
    python -m inference.train.probe check CLIPS RUN --out inference/weights/probe --check 300

CLIPS holds the shards of `inference.train.corpus`, which leave out the combinations kept for evaluation. Half of what
is learned from is degraded as delivery degrades it (resized, compressed to blotches, a little noise), by plain signal
processing: no generator of ours is involved, so that its habits cannot be learned. `fit` and `check` print how
renders of held-out combinations are read, `check` also which are misread.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Iterator
from dataclasses import asdict, fields
from itertools import count, islice
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from inference import weights
from inference.evaluation import picture
from inference.evaluation.observation import SPAN, Observation, mirrored, observe
from inference.evaluation.picture import TURNED, PictureReader
from inference.evaluation.rates import is_sayable, recovered
from inference.train import world
from inference.train.corpus import scenes
from inference.train.motion import FRAME_RATE, move
from inference.train.render import render
from inference.train.world import Scene

CLASSES: dict[str, tuple[str, ...]] = {
    "subject": tuple(world.SUBJECTS),
    "colour": world.COLOURS,
    "size": world.SIZES,
    "action": tuple(sorted({action for _, actions in world.SUBJECTS.values() for action in actions})),
    "setting": world.SETTINGS,
    "time": world.TIMES,
    "weather": world.WEATHERS,
    "camera": world.CAMERAS,
    "style": world.STYLES,
}
HELD_OUT_SEEDS = 10_000_000
_HEAVY = ("bounces", "falls", "jumps")


def held_out(amount: int, first: int = HELD_OUT_SEEDS) -> list[Scene]:
    """Scenes of the combinations that no corpus holds, of both aspects."""
    return list(islice((scene for scene in map(world.draw, count(first)) if world.is_held_out(scene)), amount))


def impacts(scene: Scene) -> tuple[float, ...]:
    """Seconds of the scene's audible impacts and steps; none where there is no ground, nor of wings."""
    if scene.setting in ("space", "underwater") or scene.subject == "bird":
        return ()
    return move(scene).events


def is_heavy(scene: Scene) -> bool:
    """Whether the scene's impacts are bounces and landings, the loud ones."""
    return scene.action in _HEAVY and bool(impacts(scene))


def near(moments: tuple[float, ...], rate: float, length: int) -> Tensor:
    """(length,) of 1 at each moment's frame, less beside it: what a reader of impacts should say."""
    places = torch.arange(length)[:, None] - torch.tensor(moments or (-99.0,))[None] * rate
    return (1 - places.abs() / 1.5).clamp(min=0).amax(1)


def degraded(pictures: Tensor, rng: random.Random) -> Tensor:
    """(N,3,H,W) in 0..1: one time in two resized and back, blotched as by hard compression, and a little noisy."""
    if rng.random() < 0.5:
        return pictures
    size = pictures.shape[2:]
    if rng.random() < 0.7:
        share = rng.uniform(0.4, 1.0)
        small = F.interpolate(pictures, (round(size[0] * share), round(size[1] * share)), mode="area")
        pictures = F.interpolate(small, size, mode="bilinear", align_corners=False)
    if rng.random() < 0.5:
        coarse = torch.randn(1, 3, size[0] // 8, size[1] // 8) * rng.uniform(0.01, 0.05)
        pictures = pictures + F.interpolate(coarse, size, mode="bilinear", align_corners=False)
    pictures = pictures * rng.uniform(0.93, 1.07) + rng.uniform(-0.03, 0.03)
    return (pictures + rng.uniform(0, 0.03) * torch.randn_like(pictures)).clamp(0, 1)


def shards(clips: Path) -> list[Path]:
    found = sorted(clips.glob("[0-9]*.npy"))
    if not found:
        raise FileNotFoundError(f"{clips} holds no shards of inference.train.corpus")
    return found


def split(rows: np.ndarray) -> tuple[Tensor, Tensor]:
    """uint8 (N,H,W,4) to pictures (N,3,H,W) and covers (N,H,W) in 0..1."""
    both = torch.from_numpy(rows.copy()).permute(0, 3, 1, 2).float() / 255
    return both[:, :3], both[:, 3]


def segment(clips: Path, run: Path, minutes: float) -> None:
    """Learns which pixels are the subject's, from single frames and from where the last run ended, until the
    processor's minutes are spent."""
    files, rng, step, mean = shards(clips), random.Random(), 0, 0.0
    model = picture.Segmenter()
    if (run / "segmenter.safetensors").exists():
        model.load_state_dict(load_file(run / "segmenter.safetensors"))
    model = model.to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    while (done := time.process_time() / (60 * minutes)) < 1:
        optimiser.param_groups[0]["lr"] = 3e-3 * min(1, (step + 1) / 30) * (0.5 + 0.5 * math.cos(math.pi * done))
        shard = np.load(rng.choice(files), mmap_mode="r")
        rows = np.stack([shard[rng.randrange(len(shard)), rng.randrange(SPAN)] for _ in range(32)])
        pictures, covers = split(rows[:, :, ::-1] if rng.random() < 0.5 else rows)
        with torch.autocast("cpu", torch.bfloat16):
            made = model(degraded(pictures, rng))
        share = torch.sigmoid(made)
        overlap = 1 - (2 * (share * covers).sum() + 1) / (share.sum() + covers.sum() + 1)
        loss = F.binary_cross_entropy_with_logits(made, covers) + 0.3 * overlap
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        step, mean = step + 1, overlap.item() if not step else 0.97 * mean + 0.03 * overlap.item()
        if step % 50 == 0:
            print(json.dumps({"step": step, "done": round(done, 3), "dice": round(1 - mean, 4)}), flush=True)
    save_file(_plain(model), run / "segmenter.safetensors")


def _plain(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.contiguous() for name, value in model.state_dict().items()}


def watch(clips: Path, run: Path, span: tuple[int, int, int]) -> None:
    """Observes the clips of the shards first, first + stride ... before last, half of them degraded: even shards under
    the renderer's covers, odd ones under the segmenter's. One file a shard, so that it can be cut short."""
    segmenter = picture.Segmenter().eval()
    for path in shards(clips)[slice(*span)]:
        target = run / f"{path.stem}.safetensors"
        if target.exists():
            continue
        rng, is_drawn = random.Random(path.stem), _shard(path) % 2 == 0
        if not is_drawn:
            segmenter.load_state_dict(load_file(run / "segmenter.safetensors"))
        keep([_watched(clip, rng, None if is_drawn else segmenter) for clip in np.load(path, mmap_mode="r")], target)


def _shard(path: Path) -> int:
    return int(path.stem.split("-")[0])


def _watched(clip: np.ndarray, rng: random.Random, segmenter: picture.Segmenter | None) -> Observation:
    pictures, covers = split(clip)
    pictures = degraded(pictures, rng)
    if segmenter is not None:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            covers = torch.sigmoid(segmenter(pictures))
    return observe(pictures, covers)


def keep(found: list[Observation], target: Path) -> None:
    """Writes observations as half precision; the file appears whole."""
    batch = picture.together(found)
    part = target.with_suffix(".part")
    save_file({field.name: getattr(batch, field.name).half().contiguous() for field in fields(batch)}, part)
    part.rename(target)


def lessons(run: Path) -> tuple[Observation, list[Scene]]:
    """All observations so far, as one of batches in half precision, and their scenes."""
    parts, kin = [], []
    for path in sorted(run.glob("[0-9]*.safetensors")):
        parts.append(load_file(path))
        kin += scenes(_shard(path))[path.stem.split("-")[1]]
    if not parts:
        raise FileNotFoundError(f"{run} holds no observations: run `observe` first")
    return Observation(**{name: torch.cat([part[name] for part in parts]) for name in parts[0]}), kin


def _varied(batch: Observation) -> Observation:
    """Cut-outs moved, turned a little and scaled; tracks and slices a little unsure."""
    track = batch.track + 0.01 * torch.randn_like(batch.track) * torch.rand(len(batch.track), 1, 1)
    slices = batch.slices + 0.4 * torch.randn_like(batch.slices) * torch.rand(len(track), 1, 1, 1)
    count_, moments = batch.cuts.shape[:2]
    zoom, turn = 1 + 0.12 * torch.randn(count_, moments), 0.15 * torch.randn(count_, moments)
    scale = torch.zeros(count_, moments, 2, 3)
    scale[..., 0, 0] = scale[..., 1, 1] = zoom * torch.cos(turn)
    scale[..., 0, 1], scale[..., 1, 0] = -zoom * torch.sin(turn), zoom * torch.sin(turn)
    scale[..., 2] = 0.08 * torch.randn(count_, moments, 2)
    cuts = batch.cuts.flatten(0, 1)
    grid = F.affine_grid(scale.flatten(0, 1), list(cuts.shape), align_corners=False)
    moved = F.grid_sample(cuts, grid, padding_mode="border", align_corners=False)
    return Observation(track, moved.unflatten(0, (count_, moments)), slices, batch.whole)


def batches(size: int, length: int, rng: random.Random) -> Iterator[list[int]]:
    order = list(range(length))
    while True:
        rng.shuffle(order)
        yield from (order[place : place + size] for place in range(0, length - size + 1, size))


def _targets(kin: list[Scene], is_mirrored: bool) -> dict[str, Tensor]:
    found = {}
    for name, values in CLASSES.items():
        turned = TURNED.get(name, {}) if is_mirrored else {}
        found[name] = torch.tensor([values.index(turned.get(getattr(s, name), getattr(s, name))) for s in kin])
    return found


def _picked(seen: Observation, picks: list[int], moments: int) -> Observation:
    """Some clips in full precision, two of their cut-outs."""
    cuts = seen.cuts[picks][:, moments::4].float()
    return Observation(seen.track[picks].float(), cuts, seen.slices[picks].float(), seen.whole[picks].float())


def fit(run: Path, minutes: float) -> PictureReader:
    """Learns to judge what was observed, from where the last fit ended, until the clock's minutes are over."""
    reader, (seen, kin) = PictureReader(CLASSES), lessons(run)
    judge = reader.judge
    judge.mean.copy_(seen.whole.float().mean(0))
    judge.spread.copy_(seen.whole.float().std(0) + 0.02)
    if (run / "reader.safetensors").exists():
        reader.load_state_dict(load_file(run / "reader.safetensors"))
    reader.segmenter.load_state_dict(load_file(run / "segmenter.safetensors"))
    wanted = [_targets(kin, is_mirrored) for is_mirrored in (False, True)]
    struck = torch.stack([near(impacts(scene), FRAME_RATE, SPAN) for scene in kin])
    optimiser = torch.optim.AdamW(judge.parameters(), lr=3e-3, weight_decay=0.05)
    start, mean, rng = time.monotonic(), 0.0, random.Random()
    for step, picks in enumerate(batches(48, len(kin), rng)):
        done = (time.monotonic() - start) / (60 * minutes)
        if done >= 1:
            break
        optimiser.param_groups[0]["lr"] = 3e-3 * min(1, (step + 1) / 30) * (0.5 + 0.5 * math.cos(math.pi * done))
        batch, is_mirrored = _picked(seen, picks, step % 4), rng.random() < 0.5
        batch = _varied(mirrored(batch) if is_mirrored else batch)
        with torch.autocast("cpu", torch.bfloat16):
            logits, inner = judge(batch)
        truth = wanted[is_mirrored]
        losses = [F.cross_entropy(logits[n].float(), truth[n][picks], label_smoothing=0.03) for n in CLASSES]
        strike = F.binary_cross_entropy_with_logits(inner["impact"].float(), struck[picks])
        loss = torch.stack(losses).sum() + 4 * strike
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        mean = loss.item() if not step else 0.98 * mean + 0.02 * loss.item()
        if step % 100 == 0:
            line = {"step": step, "clips": len(kin), "done": round(done, 3), "loss": round(mean, 3)}
            print(json.dumps({**line, "processor_s": round(time.process_time())}), flush=True)
    return reader.eval()


def check(reader: PictureReader, amount: int) -> tuple[dict[str, float], list[dict[str, object]]]:
    """How often renders of held-out combinations are read right, by attribute, and the scenes of which something that
    they show is not."""
    kin = held_out(amount)
    values = picture.judge(reader, [picture.look(reader, render(scene)[0].numpy()) for scene in kin]).values(CLASSES)
    wrong = []
    for place, scene in enumerate(kin):
        said = {n: v[place] for n, v in values.items() if is_sayable(scene, n) and v[place] != getattr(scene, n)}
        wrong += [{"read": said, "scene": asdict(scene)}] if said else []
    return {name: round(each.rate, 3) for name, each in recovered(values, kin).items()}, wrong


def publish(reader: PictureReader, folder: Path) -> None:
    """Writes the packed weights and their manifest, beside those of other readers that are there."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "manifest.json"
    found = json.loads(path.read_text()) if path.exists() else {"model": "volary-probe", "files": {}, "config": {}}
    found["files"][picture.FILE] = weights.write(folder, picture.FILE, reader.state_dict())
    found["config"]["classes"] = CLASSES
    path.write_text(json.dumps(found, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=("segment", "observe", "fit", "publish", "check"))
    parser.add_argument("clips", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--minutes", type=float, default=4, help="of the processor to segment, of the clock to fit")
    parser.add_argument("--first", type=int, default=0, help="file of 16 clips to observe first")
    parser.add_argument("--shards", type=int, default=120, help="file before which observing ends")
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--check", type=int, default=100, help="held-out renders to read")
    parser.add_argument("--out", type=Path, default=Path("inference/weights/probe"))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    asked.run.mkdir(parents=True, exist_ok=True)
    match asked.verb:
        case "segment":
            segment(asked.clips, asked.run, asked.minutes)
        case "observe":
            watch(asked.clips, asked.run, (asked.first, asked.shards, asked.stride))
        case "fit":
            reader = fit(asked.run, asked.minutes)
            save_file(_plain(reader), asked.run / "reader.safetensors")
            print(json.dumps(check(reader, asked.check)[0]), flush=True)
        case "check":
            rates, wrong = check(picture.load(asked.out), asked.check)
            print("\n".join(map(json.dumps, (rates, *wrong))), flush=True)
        case "publish":
            reader = PictureReader(CLASSES)
            reader.load_state_dict(load_file(asked.run / "reader.safetensors"))
            publish(reader, asked.out)


if __name__ == "__main__":
    main()
