"""Teaches the tracker: where the subject of given frames is and how it moves, from rendered clips alone.

python -m inference.train.tracking train CLIPS RUN --minutes 30 [--rank 0 --ranks 2]
python -m inference.train.tracking judge RUN [--count 200]      (held-out combinations)
python -m inference.train.tracking begins WEIGHTS [--count 24]      (clips made of one frame each of such renders)
CLIPS holds the shards of `inference.train.corpus`. Some of what is shown has no subject, or its places are mixed up:
nothing can be known of it there, and the tracker learns to say so.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from inference.evaluation.clips import WORDINGS, from_reference, rendered
from inference.generator.pipeline import Generator
from inference.generator.plan import MOTION, apparent, reckoned
from inference.generator.tracker import Track, Tracker, TrackerShape, looked_at
from inference.train.autoencoding import ahead
from inference.train.corpus import scenes
from inference.train.flow import together
from inference.train.learning import learn
from inference.train.motion import FRAMES
from inference.train.plans import ATTRIBUTES, COUNTS, attributes, motion
from inference.train.probe import HELD_OUT_SEEDS, degraded, held_out, shards
from inference.train.render import empty, render
from inference.train.world import Scene

LENGTHS = (1, 1, 4, 16, 16, 48)  # frames shown: of an image, of what a clip goes on from, of a remix
SHOWN, MANY = 144, 48  # frames in a batch, and clips at most
BARE, MIXED = 0.06, 0.06  # shares of what is shown without its subject, and with its places mixed up
_SIDED = ("x", "turn sin", "facing", "pan")  # parts of a motion that a mirror turns round
_UPRIGHT = [ATTRIBUTES["action"].index(name) for name in ("flies", "circles")]  # in which rockets face no side
JUMP = 0.15  # frame heights by which a subject is elsewhere
_PEAKS = 0.006, 2e-3  # learning rates, of matrices and of the rest
_BLOCK = 16  # pixels that stay together where places are mixed up


def target(scene: Scene, first: int, length: int) -> Tensor:
    """The motion (length,11) that is to be read: apparent, from where the camera stands at the first frame."""
    part = motion(scene)[None, first : first + length]
    return apparent(part, part[:, 0, MOTION.index("pan")], part[:, 0, MOTION.index("zoom")])[0]


def batches(clips: Path, seed: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Frames (B,T,3,h,w) in -1..1, their motion (B,T,11) and attributes (B,10), of one aspect and length each."""
    rng = random.Random(seed)
    while True:
        aspect, length = rng.choice(("tall", "wide")), rng.choice(LENGTHS)
        files = [path for path in shards(clips) if path.stem.endswith(aspect)]
        rows = [_row(rng.choice(files), length, rng) for _ in range(min(MANY, SHOWN // length) // 2)]
        shown, moves, what = (torch.stack(part) for part in zip(*rows, strict=True))
        yield torch.cat([shown, shown.flip(-1)]), *(torch.cat(both) for both in with_mirrored(moves, what))


def with_mirrored(moves: Tensor, what: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Motion (B,T,11) and attributes (B,10), each with the same in a mirror: which way somebody faces is hard to learn
    where all else differs as well."""
    signs = torch.tensor([-1.0 if name in _SIDED else 1.0 for name in MOTION])
    other = moves * signs
    names = list(ATTRIBUTES)
    is_rocket = what[:, names.index("subject")] == ATTRIBUTES["subject"].index("rocket")
    is_upright = is_rocket & torch.isin(what[:, names.index("action")], torch.tensor(_UPRIGHT))
    facing = MOTION.index("facing")
    other[..., facing] = torch.where(is_upright[:, None], moves[..., facing], other[..., facing])
    turned = what.clone()
    for name, one, another in (("direction", "left", "right"), ("camera", "pan left", "pan right")):
        row, first, second = names.index(name), *(ATTRIBUTES[name].index(value) for value in (one, another))
        turned[:, row] = what[:, row].where(what[:, row] != first, second).where(what[:, row] != second, first)
    return (moves, other), (what, turned)


def _row(path: Path, length: int, rng: random.Random) -> tuple[Tensor, Tensor, Tensor]:
    """Some clip of a shard."""
    shard, kin = np.load(path, mmap_mode="r"), scenes(int(path.stem[:5]))[path.stem[6:]]
    place, first = rng.randrange(len(kin)), rng.randrange(FRAMES - length + 1)
    shown = _shown(shard[place, first : first + length, ..., :3], kin[place], first, rng)
    return shown, target(kin[place], first, length), torch.tensor(attributes(kin[place]))


def _shown(drawn: np.ndarray, scene: Scene, first: int, rng: random.Random) -> Tensor:
    """What is shown (T,3,h,w) in -1..1 of such frames of a scene."""
    kind = rng.random()
    bare = kind < BARE
    whole = empty(scene, 1, range(first, first + len(drawn)), False) if bare else torch.from_numpy(drawn.copy())
    pictures = degraded(whole.permute(0, 3, 1, 2).float() / 255, rng)
    return (mixed(pictures, rng) if 1 - kind < MIXED else pictures) * 2 - 1


def mixed(pictures: Tensor, rng: random.Random) -> Tensor:
    """Pictures (T,3,H,W) whose blocks have changed places, the same way in all."""
    blocks = pictures.unfold(2, _BLOCK, _BLOCK).unfold(3, _BLOCK, _BLOCK).flatten(2, 3)  # (T,3,N,b,b)
    order = rng.sample(range(blocks.shape[2]), blocks.shape[2])
    rows = pictures.shape[2] // _BLOCK
    return blocks[:, :, order].unflatten(2, (rows, -1)).transpose(3, 4).flatten(4, 5).flatten(2, 3)


def loss(model: nn.Module, shown: Tensor, moves: Tensor, what: Tensor) -> Tensor:
    """How unlikely the truth is: Laplace's density around what is read of motion, and the shares of attributes."""
    with torch.autocast("cpu", torch.bfloat16):
        track: Track = model(shown)
    error = (reckoned(track.motion) - reckoned(moves)).abs()
    unlikely = error * torch.exp(-track.doubt) + track.doubt
    is_real = torch.arange(track.logits.shape[2]) < torch.tensor(COUNTS)[:, None]
    logits = track.logits.masked_fill(~is_real, -30.0)
    return unlikely.mean() + 1.5 * nn.functional.cross_entropy(logits.flatten(0, 1), what.flatten())


def train(clips: Path, run: Path, minutes: float, rank: int) -> None:
    torch.manual_seed(0)
    model, path = Tracker(TrackerShape()), run / "tracker.safetensors"
    if path.exists():
        model.load_state_dict(load_file(path))
    model.look.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    torch.manual_seed(1000 + rank + int(time.time()))
    losses = (loss(model, *each) for each in ahead(batches(clips, 1000 * rank + int(time.time()))))
    learn(model, losses, (run, "tracker" if rank == 0 else f"rank{rank} of tracking"), minutes, _PEAKS)


@torch.no_grad()
def judge(run: Path, count: int) -> Iterator[dict]:
    """By length shown, over renders of held-out combinations: mean errors in frame heights and how much of it was
    sure, and of attributes how many were certain and how many of these right."""
    model = Tracker(TrackerShape()).eval()
    model.load_state_dict(load_file(run / "tracker.safetensors"))
    kin = held_out(count, HELD_OUT_SEEDS + 5_000_000)
    drawn = [render(scene, 2)[0].float() / 127.5 - 1 for scene in kin]
    for length in sorted(set(LENGTHS)):
        firsts = [random.Random(scene.seed).randrange(FRAMES - length + 1) for scene in kin]
        tracks = [model(looked_at(whole[first : first + length])) for whole, first in zip(drawn, firsts, strict=True)]
        truth = [target(scene, first, length) for scene, first in zip(kin, firsts, strict=True)]
        off = torch.cat([(track.motion[0] - real).abs() for track, real in zip(tracks, truth, strict=True)])
        sure = torch.cat([track.is_sure()[0] for track in tracks])
        seen, what = torch.cat([track.seen() for track in tracks]), torch.tensor([attributes(scene) for scene in kin])
        for place, name in enumerate(MOTION):
            some = sure[:, place]
            of_sure = round(off[some, place].mean().item(), 4) if some.any() else None
            yield {"frames": length, "motion": name, "sure": round(some.float().mean().item(), 3), "off": of_sure}
        for place, name in enumerate(ATTRIBUTES):
            some = seen[:, place] >= 0
            right = (seen[:, place] == what[:, place])[some].float().mean().item() if some.any() else None
            yield {"frames": length, "attribute": name, "certain": round(some.float().mean().item(), 3), "right": right}


def begins(folder: Path, count: int) -> Iterator[dict]:
    """How far from where the subject of an image stands the clip made of it plans its subject, in frame heights."""
    generator = Generator.load(folder)
    off = []
    for scene in held_out(count, HELD_OUT_SEEDS + 7_000_000):
        _, plan = generator.explained(from_reference(scene, WORDINGS["en"](scene), rendered(scene)), lambda share: None)
        first = apparent(plan.motion[:, :1], *(plan.motion[:, 0, MOTION.index(name)] for name in ("pan", "zoom")))[0]
        off.append((first - target(scene, FRAMES // 2, 1))[0, :2].norm().item())
        yield {"subject": scene.subject, "setting": scene.setting, "off": round(off[-1], 3)}
    jumps = sum(far > JUMP for far in off)
    yield {"clips": len(off), "median": round(sorted(off)[len(off) // 2], 3), f"over {JUMP}": jumps}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=("train", "judge", "begins"))
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rank", type=int, default=0)
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--count", type=int, default=200)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.verb != "train":
        for line in {"judge": judge, "begins": begins}[asked.verb](*asked.folders, asked.count):
            print(json.dumps(line), flush=True)
        return
    clips, run = asked.folders
    run.mkdir(parents=True, exist_ok=True)
    with together(run / "meeting of tracking", asked.rank, asked.ranks):
        train(clips, run, asked.minutes, asked.rank)


if __name__ == "__main__":
    main()
