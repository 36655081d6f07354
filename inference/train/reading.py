"""Trains the reader of prompts on sayings of the phrase books.

    python -m inference.train.reading draw SAYINGS --parts 20
    python -m inference.train.reading fit SAYINGS RUN --minutes 8
    python -m inference.train.reading check RUN --count 600

`draw --apart 0.2` leaves a fifth of each value's phrases out of the sayings, and `check --apart 0.2` then asks with
those alone: how well words are read that were never taught. What ships is drawn from all.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor

from inference.encoder import PREFIX, Encoder, Packed, unpacked
from inference.generator.reading import LAYERS, LONGEST, PromptReader, Reader, ReaderShape, packaged, possible
from inference.train.autoencoding import rate
from inference.train.plans import ATTRIBUTES, COUNTS
from inference.train.prompt_encoder import TextEncoder
from inference.train.sayings import Book, Saying, books, saying

PART = 2000  # sayings in a file
BATCH = 128
UNSAID = ReaderShape().values


def parted(book: Book, share: float, is_taught: bool) -> Book:
    """The book with only the phrases that are taught, or only the others; frames, adornments and joint phrases stay.
    Nothing is left out where `share` is 0."""
    if not share:
        return book
    phrases = dict(book.phrases)
    for name in ATTRIBUTES:
        phrases[name] = {value: _part(kin, share, is_taught) for value, kin in phrases[name].items()}
    phrases["action_of"] = phrases["action_of"] if is_taught else {}
    return Book(book.language, phrases, book.joint if is_taught else [])


def _part(kin: Sequence[Any], share: float, is_taught: bool) -> list[Any]:
    order = list(kin)
    random.Random(len(order)).shuffle(order)
    count = max(1, round(share * len(order)))
    return order[count:] if is_taught else order[:count]


def labels(one: Saying) -> list[int]:
    """The place of each attribute's value in its list, or `UNSAID`."""
    return [values.index(one.said[name]) if name in one.said else UNSAID for name, values in ATTRIBUTES.items()]


def draw(folder: Path, parts: int, apart: float) -> None:
    """Encodes sayings and keeps the states of their pieces, part by part; parts that are there stay."""
    folder.mkdir(parents=True, exist_ok=True)
    packed = unpacked(packaged())
    encoder, pair = TextEncoder(packed), tuple(parted(book, apart, True) for book in books())
    for place in range(parts):
        path = folder / f"{place:03d}.safetensors"
        if path.exists():
            continue
        rng = random.Random(7_000_003 + place)
        said = [saying(rng, pair) for _ in range(PART)]  # type: ignore[arg-type]
        save_file(encoded(said, encoder, packed), path)
        print(f"{path.name}: {PART} sayings", flush=True)


def encoded(said: Sequence[Saying], encoder: TextEncoder, packed: Packed) -> dict[str, Tensor]:
    """States of all pieces (P,768) in half precision, each saying's length (N,), and its labels (N,10)."""
    split = [packed.pieces.split(PREFIX + one.text)[:LONGEST] for one in said]
    order = sorted(range(len(split)), key=lambda place: len(split[place]))
    states: list[Tensor] = [torch.empty(0)] * len(split)
    for start in range(0, len(order), 48):
        places = order[start : start + 48]
        kept, _ = encoder.states([split[place] for place in places], LAYERS)
        both = torch.cat(kept, dim=-1)
        for row, place in enumerate(places):
            states[place] = both[row, : len(split[place])].bfloat16()
    lengths = torch.tensor([len(each) for each in split])
    return {"states": torch.cat(states), "lengths": lengths, "labels": torch.tensor([labels(one) for one in said])}


@dataclass(frozen=True)
class Sayings:
    """All encoded sayings in memory; `starts` (N+1,) are where each one's states begin."""

    states: Tensor
    starts: Tensor
    labels: Tensor
    order: list[int]  # places by length

    def batch(self, rng: random.Random) -> tuple[Tensor, Tensor, Tensor]:
        """States (B,T,768), which are held (B,T), and labels (B,10); now and then a piece is hidden."""
        first = rng.randrange(len(self.order) - BATCH)  # of neighbours in length, so that little is padding
        picks = [self.order[first + place] for place in range(BATCH)]
        rows = [self.states[self.starts[pick] : self.starts[pick + 1]] for pick in picks]
        states = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True).float()
        lengths = torch.tensor([len(row) for row in rows])
        held = torch.arange(states.shape[1]) < lengths[:, None]
        return states, held & ((torch.rand(held.shape) > 0.03) | ~held.cumsum(1).bool()), self.labels[picks]


def read(folder: Path) -> Sayings:
    parts = [load_file(path) for path in sorted(folder.glob("[0-9]*.safetensors"))]
    lengths = torch.cat([part["lengths"] for part in parts])
    starts = torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)])
    order = (lengths + 0.9 * torch.rand(len(lengths))).argsort().tolist()
    return Sayings(torch.cat([p["states"] for p in parts]), starts, torch.cat([p["labels"] for p in parts]), order)


def loss(network: Reader, made: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """Cross-entropy of every attribute, a little smoothed: unseen words should leave doubt, not certainty."""
    states, held, wanted = made
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(states, held)
    logits = logits.float().masked_fill(~possible(COUNTS, UNSAID), -20.0)
    return F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), label_smoothing=0.02)


def fit(folder: Path, run: Path, minutes: float, peak: float) -> None:
    torch.manual_seed(1)
    sayings, network, rng = read(folder), Reader(ReaderShape()), random.Random(1)
    run.mkdir(parents=True, exist_ok=True)
    optimiser = torch.optim.AdamW(network.parameters(), lr=peak, weight_decay=0.03)
    start, step, mean = time.time(), 0, 0.0
    while (share := (time.time() - start) / (60 * minutes)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = rate(share, peak)
        one = loss(network, sayings.batch(rng))
        optimiser.zero_grad()
        one.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        step += 1
        mean += (one.item() - mean) * max(0.01, 1 / step)
        if step % 100 == 0:
            print(f"step {step} share {share:.3f} loss {mean:.4f}", flush=True)
    save_file(network.state_dict(), run / "reader.safetensors")


def trained(run: Path) -> PromptReader:
    """The reader of a run, with the encoder as serving runs it."""
    network = Reader(ReaderShape())
    network.load_state_dict(load_file(run / "reader.safetensors"))
    return PromptReader(Encoder(unpacked(packaged())), network, ATTRIBUTES)


def check(run: Path, count: int, apart: float) -> dict[str, dict[str, float]]:
    """Of sayings by language: how often each attribute that is said is read right, and one that is not is left."""
    reader, rng = trained(run), random.Random(99)
    pair = tuple(parted(book, apart, False) for book in books())
    found: dict[str, dict[str, float]] = {}
    for language, share in (("en", 0.0), ("fr", 1.0)):
        said = [saying(rng, pair, share) for _ in range(count)]  # type: ignore[arg-type]
        read_as = [reader.read(one.text) for one in said]
        found[language] = _shares(said, read_as)
    return found


def _shares(said: Sequence[Saying], read_as: Sequence[dict[str, str]]) -> dict[str, float]:
    shares = {}
    for name in ATTRIBUTES:
        right = [r.get(name) == s.said[name] for s, r in zip(said, read_as, strict=True) if name in s.said]
        left = [name not in r for s, r in zip(said, read_as, strict=True) if name not in s.said]
        shares[name] = round(sum(right) / max(len(right), 1), 3)
        shares[f"{name} left"] = round(sum(left) / max(len(left), 1), 3)
    return shares


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("draw", "fit", "check"))
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--parts", type=int, default=20)
    parser.add_argument("--apart", type=float, default=0.0)
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--peak", type=float, default=1e-3)
    parser.add_argument("--count", type=int, default=300)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    match asked.what:
        case "draw":
            draw(asked.folders[0], asked.parts, asked.apart)
        case "fit":
            fit(*asked.folders, asked.minutes, asked.peak)
        case _:
            for language, shares in check(asked.folders[0], asked.count, asked.apart).items():
                print(language, shares)


if __name__ == "__main__":
    main()
