"""Trains the likeness encoder on drawn portraits, drawn figures and synthetic voices of people it makes up.

python -m inference.train.likeness draw FOLDER --people 5000
python -m inference.train.likeness train FOLDER RUN --minutes 8
python -m inference.train.likeness judge WEIGHTS
"""

from __future__ import annotations

import argparse
import io
import random
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor

from inference import weights
from inference.generator import audio
from inference.generator.asking import Reference
from inference.generator.likeness import (
    FACE,
    FIGURE,
    SECONDS,
    SIDE,
    TRAITS,
    VOICE,
    LikenessEncoder,
    LikenessShape,
    somebody,
)
from inference.train import figures, people, speech
from inference.train.autoencoding import rate
from inference.train.render import colours
from inference.train.world import COLOURS

BATCH = 64
HELD_OUT = 9_000_000  # identities from this seed on are never trained on, by anything
VOICES = 4  # the share of people whose voice is made: one in so many
_SPARE = 8  # pixels around a drawn picture that a crop may move by


def portrait(traits: Sequence[float], cloth: str, side: int = SIDE) -> tuple[Tensor, Tensor]:
    """A head in the middle: colours (3,S,S) in 0..1 and cover (1,S,S)."""
    across, down, reach = people.face(tuple(traits))
    return _lit(
        figures.looked_at(people.person(0.0, tuple(traits)), side, (across, down, 1.7 * reach), 1.6 * reach),
        (traits, cloth),
    )


def standing(traits: Sequence[float], cloth: str, turn: float, side: int = SIDE) -> tuple[Tensor, Tensor]:
    """A whole figure in the phase `turn` of the gait: colours (3,S,S) in 0..1 and cover (1,S,S)."""
    return _lit(figures.looked_at(people.person(turn, tuple(traits)), side, (0.0, 0.0, 1.08), 3.2), (traits, cloth))


def _lit(sheet: tuple[Tensor, Tensor, Tensor], look: tuple[Sequence[float], str]) -> tuple[Tensor, Tensor]:
    roles, light, cover = sheet
    table = colours("person", look[1], tuple(look[0]))
    return (torch.einsum("rhw,rc->chw", roles, table) * light).clamp(0, 1), cover


def photograph(traits: Sequence[float], seed: int) -> Reference:
    """A reference of somebody as they might send it: portrait and figure before grounds and in lights of their own, and
    two seconds of their voice."""
    random_, rng = torch.Generator().manual_seed(seed), random.Random(seed)
    side, cloth = SIDE + 2 * _SPARE, rng.choice(COLOURS)
    turn = rng.randrange(figures.PHASES) * np.pi / 4
    sheets = [torch.cat(pair) for pair in (portrait(traits, cloth, side), standing(traits, cloth, turn, side))]
    both = photographed((torch.stack(sheets) * 255).round().to(torch.uint8), random_)
    face, figure = ((both + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    return Reference(face, speech.line(tuple(traits), seed, SECONDS), speech.RATE, figure)


def draw(folder: Path, wanted: int, first: int = 0) -> None:
    """One file: traits (N,16), and uint8 colours with cover (N,4,S,S) of portraits and figures, and mels (N/4,...)."""
    side, kin = SIDE + 2 * _SPARE, [somebody(first + place) for place in range(wanted)]
    drawn: dict[str, list[Tensor]] = {"portraits": [], "figures": [], "mels": []}
    for place, traits in enumerate(kin):
        rng = random.Random(first + place)
        cloth = rng.choice(COLOURS)
        for name, pair in (
            ("portraits", portrait(traits, cloth, side)),
            ("figures", standing(traits, cloth, rng.choice(range(figures.PHASES)) * np.pi / 4, side)),
        ):
            drawn[name].append((torch.cat(pair) * 255).round().to(torch.uint8))
        if place % VOICES == 0:
            wave = speech.line(traits, first + place, SECONDS)
            drawn["mels"].append(audio.mel(torch.from_numpy(wave / (10 * wave.std()))[None])[0].half())
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(
        folder / f"people-{first}.npz",
        traits=np.array(kin, np.float32),
        **{n: torch.stack(p).numpy() for n, p in drawn.items()},
    )


def photographed(drawn: Tensor, random_: torch.Generator) -> Tensor:
    """Drawings (B,4,S,S) uint8 as pictures (B,3,64,64) in -1..1, each before its own ground, in its own light and
    colour cast, moved, sized, turned about, softened, with noise, and some compressed as JPEG."""
    count = len(drawn)

    def some(low: float, high: float, *shape: int) -> Tensor:
        return torch.rand(count, *(shape or (1, 1, 1)), generator=random_) * (high - low) + low

    ground = F.interpolate(torch.rand(count, 3, 4, 4, generator=random_), size=drawn.shape[2:], mode="bilinear")
    ground = ground.lerp(ground.mean((2, 3), keepdim=True), some(0, 1))
    colour, cover = drawn[:, :3].float() / 255, drawn[:, 3:].float() / 255
    picture = _moved(colour * cover + ground * (1 - cover), some)
    picture = picture * some(0.75, 1.2) * some(0.9, 1.1, 3, 1, 1) + some(-0.06, 0.06)
    soft = F.avg_pool2d(F.pad(picture, (1, 1, 1, 1), mode="replicate"), 3, 1)
    picture = picture.lerp(soft, some(0, 1)) + some(0, 0.06) * torch.randn(picture.shape, generator=random_)
    return _compressed(picture.clamp(0, 1)) * 2 - 1


def _moved(picture: Tensor, some: object) -> Tensor:
    """A window of 64 pixels on the picture, moved and sized a little, every other one mirrored."""
    assert callable(some)
    size = SIDE / picture.shape[2] * some(0.85, 1.15, 1)
    mirror = some(-1, 1, 1).sign()
    zero, across, down = torch.zeros_like(size), some(-0.08, 0.08, 1), some(-0.08, 0.08, 1)
    lines = [torch.cat(line, 1) for line in ((size * mirror, zero, across), (zero, size, down))]
    grid = F.affine_grid(torch.stack(lines, 1), [len(picture), 3, SIDE, SIDE], align_corners=False)
    return F.grid_sample(picture, grid, padding_mode="border", align_corners=False)


def _compressed(pictures: Tensor) -> Tensor:
    """Every fourth picture through JPEG at a low quality."""
    out = pictures.clone()
    for place in range(0, len(pictures), 4):
        file = io.BytesIO()
        pixels = (pictures[place].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()
        Image.fromarray(pixels).save(file, "JPEG", quality=30 + place)
        out[place] = torch.from_numpy(np.asarray(Image.open(file)).copy()).permute(2, 0, 1).float() / 255
    return out


def overheard(mels: Tensor, random_: torch.Generator) -> Tensor:
    """Mel frames (B,192,64) begun elsewhere, louder or softer, and above a ground of noise."""
    moved = torch.roll(mels, int(torch.randint(0, mels.shape[1], (1,), generator=random_)), 1)
    level = moved + 0.3 * (torch.rand(len(mels), 1, 1, generator=random_) - 0.5)
    ground = -1.9 + 1.5 * torch.rand(len(mels), 1, 1, generator=random_)
    return torch.maximum(level, ground) + 0.05 * torch.randn(mels.shape, generator=random_)


def train(folder: Path, run: Path, minutes: float) -> None:
    """By regression, going on from what `run` holds; only of people in `folder`, none of them held out."""
    torch.manual_seed(int(time.time()))
    model, held = LikenessEncoder(LikenessShape()), _read(folder)
    random_ = torch.Generator().manual_seed(int(time.time()))
    if (run / "likeness.safetensors").exists():
        model.load_state_dict(load_file(run / "likeness.safetensors"))
    optimiser = torch.optim.AdamW(model.parameters(), 2e-3, weight_decay=0.01)
    start, seen, step = time.time(), 0.0, 0
    while (share := (time.time() - start) / (60 * minutes)) < 1:
        optimiser.param_groups[0]["lr"] = rate(share, 2e-3)
        loss = wrong(model, held, random_)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        step, seen = step + 1, loss.item() if step == 0 else 0.98 * seen + 0.02 * loss.item()
        if step % 50 == 0:
            print(f"step {step} share {share:.2f} loss {seen:.4f}", flush=True)
    save_file(model.state_dict(), run / "likeness.safetensors")


def wrong(model: LikenessEncoder, held: dict[str, Tensor], random_: torch.Generator) -> Tensor:
    """The squared error of a batch, of each tower on people of its own."""
    picks = torch.randint(len(held["traits"]), (BATCH,), generator=random_)
    voices = torch.randint(len(held["mels"]), (BATCH,), generator=random_)
    made = model(
        photographed(held["portraits"][picks], random_),
        photographed(held["figures"][picks], random_),
        overheard(held["mels"][voices].float(), random_),
    )
    real = held["traits"][picks].clone()
    real[:, VOICE] = held["traits"][voices * VOICES][:, VOICE]
    return sum((made[:, part] - real[:, part]).square().mean() for part in (FACE, FIGURE, VOICE))


def _read(folder: Path) -> dict[str, Tensor]:
    held = np.load(folder / "people-0.npz")
    return {name: torch.from_numpy(held[name]) for name in held}


@torch.no_grad()
def missed(model: LikenessEncoder, people: int) -> dict[str, float]:
    """The share of each trait's variance that is missed, of so many people never trained on."""
    kin = [somebody(HELD_OUT + 500 + place) for place in range(people)]
    real, read = torch.tensor(kin), torch.stack([model.read(photograph(who, place)) for place, who in enumerate(kin)])
    left = (read - real).square().mean(0) / real.var(0)
    return dict(zip(TRAITS, left.tolist(), strict=True))


def judge(folder: Path) -> None:
    """Prints `missed` of the encoder in a folder of published weights, beside which what reads photographs may lie."""
    model = LikenessEncoder.beside(folder, weights.manifest(folder)["config"]["likeness"])
    model.load_state_dict(weights.load_safetensors(folder, "likeness.safetensors"))
    print(", ".join(f"{name} {share:.2f}" for name, share in missed(model.eval(), 100).items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=("draw", "train", "judge"))
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--people", type=int, default=5000)
    parser.add_argument("--minutes", type=float, default=8)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.verb == "draw":
        draw(asked.folders[0], asked.people)
    elif asked.verb == "train":
        train(*asked.folders, asked.minutes)
    else:
        judge(*asked.folders)


if __name__ == "__main__":
    main()
