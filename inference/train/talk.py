"""`python -m inference.train.talk [--out FOLDER] [--without SET,SET]`: fits `inference.talk` to the texts of `chatter`.

Networks from fixed SEEDS, some five minutes of one core. `--without` leaves out sets of opened instructions and all
that is made from them, and prints how often the networks hear those rightly, which they never saw.
"""

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import torch
from torch import nn

from events.inference import HeardWord
from inference.safety.classifier import PromptClassifier
from inference.safety.encoder import Encoder, Packed
from inference.talk import BLOCKS, DEPTHS, FILE, HEADS, KINDS, WAYS, places, states
from inference.talk import Talk as Heard
from inference.train.chatter import Talk, opened, talks
from inference.train.ways import WEIGHTS, write

WIDTH, WIDER = 128, 256
SEEDS = (1,)
ROUNDS, BATCH, RATE, DECAY = 4, 48, 1.5e-3, 0.02
DROPPED, LOST = 0.3, 0.1  # of inputs' numbers, and of whole words
SMOOTH = 0.05
SEEN_AT_ONCE = 16


class Block(nn.Module):
    """Neighbours, then all words, then each for itself."""

    def __init__(self) -> None:
        super().__init__()
        self.near, self.far, self.wide = (nn.LayerNorm(WIDTH) for _ in range(3))
        self.around = nn.Conv1d(WIDTH, WIDTH, 3, padding=1)
        self.ask, self.answer = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, WIDER), nn.Linear(WIDER, WIDTH)
        self.drop = nn.Dropout(0.1)

    def forward(self, at: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        """[texts, words, WIDTH], and where words are there."""
        near = (self.near(at) * there[..., None]).transpose(1, 2)
        at = at + self.drop(nn.functional.gelu(self.around(near), approximate="tanh").transpose(1, 2))
        q, k, v = (
            each.unflatten(-1, (HEADS, -1)).transpose(1, 2) for each in self.ask(self.far(at)).split(WIDTH, dim=-1)
        )
        mixed = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=there[:, None, None, :])
        at = at + self.drop(self.answer(mixed.transpose(1, 2).flatten(2)))
        return at + self.drop(self.down(nn.functional.gelu(self.up(self.wide(at)), approximate="tanh")))


class Network(nn.Module):
    """What `inference.talk.Ear` computes, for many texts at once."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.enter = nn.Linear(width, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(BLOCKS))
        self.out, self.look = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 1)
        self.whole, self.kinds = nn.Linear(3 * WIDTH, WIDTH), nn.Linear(WIDTH, len(KINDS))
        self.words = nn.Linear(WIDTH, 1 + len(WAYS))

    def forward(self, seen: torch.Tensor, there: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """[texts, words, width] -> logits [texts, kinds] and [texts, words, 1 + ways]."""
        if self.training:
            seen = nn.functional.dropout(seen, DROPPED) * (torch.rand(*seen.shape[:2], 1) >= LOST)
        at = self.enter(seen)
        for block in self.blocks:
            at = block(at, there)
        at = self.out(at)
        weight = self.look(at)[..., 0].masked_fill(~there, -1e9).softmax(-1)
        mean = (at * there[..., None]).sum(1) / there.sum(1, keepdim=True)
        highest = at.masked_fill(~there[..., None], -1e9).amax(1)
        whole = torch.cat([(weight[..., None] * at).sum(1), mean, highest], -1)
        return self.kinds(nn.functional.gelu(self.whole(whole), approximate="tanh")), self.words(at)

    def named(self) -> dict[str, np.ndarray]:
        """The numbers as `Ear` calls them."""
        renamed = {name.replace("blocks.", "").replace("enter", "in"): each for name, each in self.state_dict().items()}
        return {name: each.numpy().astype(np.float16) for name, each in renamed.items()}


@dataclass(frozen=True)
class Lessons:
    """Texts with their states [words, width] and what each word is: 0, or 1 + a place among the WAYS."""

    talks: list[Talk]
    seen: list[np.ndarray]

    def ways(self, place: int) -> np.ndarray:
        talk = self.talks[place]
        found = np.zeros(len(self.seen[place]), np.int64)
        for at, (start, end) in enumerate(places(talk.text)[: len(found)]):
            found[at] = next((1 + WAYS.index(way) for a, b, way in talk.subjects if start < b and a < end), 0)
        return found

    def batches(self, chosen: Sequence[int], order: np.random.Generator) -> Iterator[list[int]]:
        """Texts of like length together, in an order of their own each time."""
        mixed = sorted(chosen, key=lambda place: (len(self.seen[place]) + 3 * order.random(), place))
        parts = [mixed[start : start + BATCH] for start in range(0, len(mixed), BATCH)]
        yield from (parts[place] for place in order.permutation(len(parts)))


def encoder() -> Encoder:
    """As many layers of the packaged encoder as are looked at."""
    own = PromptClassifier.load(WEIGHTS / "safety").encoder
    return Encoder(Packed(own.shape, own.pieces, own.tensors), layers=max(DEPTHS))


def lessons() -> Lessons:
    reader, found = encoder(), [talk for talk in talks() if places(talk.text)]
    order = sorted(range(len(found)), key=lambda place: len(found[place].text))
    seen: dict[int, np.ndarray] = {}
    for start in range(0, len(order), SEEN_AT_ONCE):
        chosen = order[start : start + SEEN_AT_ONCE]
        read = states(reader, [found[place].text for place in chosen])
        seen |= {place: each.astype(np.float16) for place, each in zip(chosen, read, strict=True)}
    return Lessons(found, [seen[place] for place in range(len(found))])


def scale(given: Lessons) -> tuple[np.ndarray, np.ndarray]:
    """Centre and spread of the states' numbers, from every tenth text."""
    rows = np.concatenate([each.astype(np.float32) for each in given.seen[::10]])
    return rows.mean(0).astype(np.float16), (rows.std(0) + 1e-3).astype(np.float16)


def fit(given: Lessons, chosen: Sequence[int], seed: int) -> Network:
    """One network taught with the chosen texts."""
    torch.manual_seed(seed)
    order = np.random.default_rng(seed)
    centre, spread = (torch.from_numpy(each.astype(np.float32)) for each in scale(given))
    network = Network(len(centre))
    steps = ROUNDS * math.ceil(len(chosen) / BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps, pct_start=0.1)
    for _ in range(ROUNDS):
        for batch in given.batches(chosen, order):
            optimiser.zero_grad()
            loss(network, given, batch, (centre, spread)).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            rates.step()
    return network.eval()


def loss(
    network: Network, given: Lessons, batch: Sequence[int], scaled: tuple[torch.Tensor, torch.Tensor]
) -> torch.Tensor:
    longest = max(len(given.seen[place]) for place in batch)
    seen = torch.zeros(len(batch), longest, len(scaled[0]))
    ways = torch.full((len(batch), longest), -1)
    for row, place in enumerate(batch):
        size = len(given.seen[place])
        seen[row, :size] = (torch.from_numpy(given.seen[place].astype(np.float32)) - scaled[0]) / scaled[1]
        ways[row, :size] = torch.from_numpy(given.ways(place))
    meant = torch.tensor([KINDS.index(given.talks[place].kind) for place in batch])
    kinds, words = network(seen, ways >= 0)
    by_word = nn.functional.cross_entropy(words.flatten(0, 1), ways.flatten(), ignore_index=-1, label_smoothing=SMOOTH)
    return nn.functional.cross_entropy(kinds, meant, label_smoothing=SMOOTH) + 2 * by_word


def tensors(given: Lessons, networks: Sequence[Network]) -> dict[str, np.ndarray]:
    centre, spread = scale(given)
    return {
        f"{place}/{name}": each
        for place, network in enumerate(networks)
        for name, each in {"centre": centre, "spread": spread, **network.named()}.items()
    }


def publish(out: Path, without: frozenset[str]) -> dict[str, object]:
    """Write weights and manifest to `out`; returns what was learned from, and how the sets `without` are heard."""
    given = lessons()
    chosen = [place for place, talk in enumerate(given.talks) if not talk.sources & without]
    found = tensors(given, [fit(given, chosen, seed) for seed in SEEDS])
    write(out / FILE, found, {"texts": len(chosen)})
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
    given = parser.parse_args()
    torch.set_num_threads(1)  # sums in another order are other sums
    print(json.dumps(publish(given.out, frozenset(filter(None, given.without.split(","))))))
