"""`python -m inference.train.talk [--out FOLDER] [--without SET,SET]`: fits `inference.talk` to the texts of `chatter`.

The network and narrow changes to the encoder under it, from one SEED, some fifteen minutes of one core. `--without`
leaves out sets of opened instructions and all that is made from them, and prints how often those are heard rightly.
`--begin FOLDER` teaches weights on for one gentle round, five minutes; the packaged ones came so from those of 6ed38be.
"""

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

import numpy as np
import safetensors.numpy
import torch
from torch import nn

from events.inference import HeardWord
from inference.encoder import Encoder, Packed
from inference.safety.classifier import PromptClassifier
from inference.safety.packaged import own_file
from inference.talk import DEPTHS, FILE, KINDS, WAYS, places, split
from inference.talk import Talk as Heard
from inference.train.chatter import Talk, opened, talks
from inference.train.hurry import Said, hurried
from inference.train.talk_network import Batch, Reader, batch_of
from inference.train.ways import WEIGHTS, write

SEED = 1
ROUNDS, BATCH, DECAY = 4, 48, 0.02
RATE, CHANGING = 1.5e-3, 1e-3  # of the network, and of the changes to the encoder
FURTHER, GENTLE = 1, 0.4  # rounds of a reader that is taught on, and its part of the rates
SMOOTH = 0.05
EVERY = 10  # texts of which one is looked at for the spread of the states' numbers


def encoder() -> Encoder:
    """As many layers of the packaged encoder as are looked at."""
    own = PromptClassifier.load(WEIGHTS / "safety").encoder
    return Encoder(Packed(own.shape, own.pieces, own.tensors), layers=max(DEPTHS))


def said(talk: Talk) -> Said:
    """A text as its words, what each of them is — 0, or 1 + a place among the WAYS — and its kind."""
    spans = places(talk.text)
    ways = [
        next((1 + WAYS.index(way) for a, b, way in talk.subjects if a < end and start < b), 0) for start, end in spans
    ]
    return Said([talk.text[start:end] for start, end in spans], ways, KINDS.index(talk.kind))


@dataclass(frozen=True)
class Lesson:
    """Some texts side by side, with what is to be heard: the ways of their words, -1 where no word is, and kinds."""

    batch: Batch
    ways: torch.Tensor
    kinds: torch.Tensor


class Lessons:
    """Texts, a little otherwise each time."""

    def __init__(self, texts: Sequence[Said], reader: Encoder, order: np.random.Generator) -> None:
        self.texts, self.order = texts, order
        self._cut = cache(reader.pieces.split)

    def round(self) -> Iterator[Lesson]:
        """Every text once, as somebody in a hurry may type it, those of like length together."""
        typed = [hurried(each, self.order) for each in self.texts]
        mixed = sorted(range(len(typed)), key=lambda place: (len(typed[place].words) + 3 * self.order.random(), place))
        parts = [mixed[start : start + BATCH] for start in range(0, len(mixed), BATCH)]
        for place in self.order.permutation(len(parts)):
            yield self.lesson([typed[each] for each in parts[place]])

    def lesson(self, texts: Sequence[Said]) -> Lesson:
        batch = batch_of([split(each.words, self._cut) for each in texts])
        ways = torch.full(batch.there.shape, -1)
        for row, each in enumerate(texts):
            size = int(batch.there[row].sum())
            ways[row, :size] = torch.tensor(each.ways[:size])
        return Lesson(batch, ways, torch.tensor([each.kind for each in texts]))


def fit(texts: Sequence[Said], begin: Path | None = None, seed: int = SEED) -> Reader:
    """A reader taught with the texts; one that `begin` holds the weights of is taught on, once and more gently."""
    torch.manual_seed(seed)
    own = encoder()
    reader, lessons = Reader(own), Lessons(texts, own, np.random.default_rng(seed))
    if begin:
        reader.resume(safetensors.numpy.load(own_file(begin, FILE)))
    else:
        some = sorted(texts, key=lambda each: len(each.words))[::EVERY]
        reader.settle([lessons.lesson(some[at : at + BATCH]).batch for at in range(0, len(some), BATCH)])
    rounds, gentle = (FURTHER, GENTLE) if begin else (ROUNDS, 1.0)
    parts = [{"params": reader.network.parameters(), "weight_decay": DECAY},
             {"params": reader.changes.parameters(), "weight_decay": 0.0}]  # fmt: skip
    optimiser = torch.optim.AdamW(parts, gentle * RATE)
    steps = rounds * math.ceil(len(texts) / BATCH)
    rates = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, [gentle * RATE, gentle * CHANGING], total_steps=steps, pct_start=0.1
    )
    for _ in range(rounds):
        for lesson in lessons.round():
            optimiser.zero_grad()
            loss(reader, lesson).backward()
            nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
            optimiser.step()
            rates.step()
    return reader.eval()


def loss(reader: Reader, lesson: Lesson) -> torch.Tensor:
    kinds, words = reader(lesson.batch)
    by_word = nn.functional.cross_entropy(
        words.flatten(0, 1), lesson.ways.flatten(), ignore_index=-1, label_smoothing=SMOOTH
    )
    return nn.functional.cross_entropy(kinds, lesson.kinds, label_smoothing=SMOOTH) + 2 * by_word


def publish(out: Path, without: frozenset[str], begin: Path | None = None) -> dict[str, object]:
    """Write weights and manifest to `out`; returns what was learned from, and how the sets `without` are heard."""
    chosen = [said(talk) for talk in talks() if places(talk.text) and not talk.sources & without]
    write(out / FILE, fit(chosen, begin).tensors(), {"texts": len(chosen)})
    return {"texts": len(chosen), **judged(out, without)}


def judged(folder: Path, sets: frozenset[str]) -> dict[str, float]:
    """Of the instructions of some sets: how many there are, how many are of the kind that is heard, and in how many
    the subjects that are heard go the same ways, too."""
    lines = [line for line in opened() if line.sources & sets]
    reader = Heard.load(folder, encoder())
    heard = [(line, reader.hear(line.plain)) for line in lines]
    kinds = [line.kind == max(each.kinds, key=lambda kind: each.kinds[kind]) for line, each in heard]
    ways = [line.ways == _ways(each.words) for line, each in heard]
    both = [kind and way for kind, way in zip(kinds, ways, strict=True)]
    return (
        {"rows": len(lines), "kind": round(float(np.mean(kinds)), 3), "ways": round(float(np.mean(both)), 3)}
        if lines
        else {}
    )


def _ways(words: Sequence[HeardWord]) -> list[str]:
    """The ways of neighbouring words that name a subject, one for each run of the same."""
    leading = [
        max(word.ways, key=lambda way: word.ways[way]) if sum(word.ways.values()) >= 0.5 else "" for word in words
    ]
    return sorted(way for way, _ in groupby(leading) if way)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=WEIGHTS / "talk")
    parser.add_argument("--without", default="", help="sets of instructions_*.tsv, by their names between commas")
    parser.add_argument("--begin", type=Path, help="a folder whose weights are taught on")
    given = parser.parse_args()
    torch.set_num_threads(1)  # sums in another order are other sums
    print(json.dumps(publish(given.out, frozenset(filter(None, given.without.split(","))), given.begin)))
