"""What `inference.train.talk` teaches: a network of `inference.talk` in torch, and changes to the encoder under it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from inference.encoder import Encoder, Packed
from inference.talk import BLOCKS, CHANGES, DEPTHS, HEADS, KINDS, WAYS
from inference.train.prompt_encoder import TextEncoder
from inference.train.prompt_layers import Changes

WIDTH, WIDER = 128, 256
DROPPED, LOST = 0.3, 0.1  # of inputs' numbers, and of whole words
LOWEST, RANK = 4, 16  # of the changed layers, and how narrow the changes are


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
        return {plain_name(name): each.numpy().astype(np.float16) for name, each in self.state_dict().items()}


def plain_name(name: str) -> str:
    """How `Ear` calls a tensor of the network."""
    return name.replace("blocks.", "").replace("enter", "in")


@dataclass(frozen=True)
class Batch:
    """Texts side by side: the pieces of each; for each piece, in the order of texts, the place of its word among all
    `there` [texts, words], or one beyond the last for marks."""

    pieces: list[list[int]]
    word: torch.Tensor
    there: torch.Tensor


def batch_of(found: Sequence[tuple[list[int], np.ndarray]]) -> Batch:
    """Of texts as `inference.talk.split` gives them."""
    counts = torch.tensor([int(owner[-1]) + 1 for _, owner in found])
    most, marks = int(counts.max()), len(found) * int(counts.max())
    words = [np.full(len(pieces), marks) for pieces, _ in found]
    for number, (_, owner) in enumerate(found):
        words[number][-1 - len(owner) : -1] = owner + number * most
    there = torch.arange(most)[None] < counts[:, None]
    return Batch([pieces for pieces, _ in found], torch.from_numpy(np.concatenate(words)), there)


class Reader(nn.Module):
    """The encoder with its changes, and a network over what it says of each word."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        packed = Packed(encoder.shape, encoder.pieces, encoder.tensors)
        self.below = TextEncoder(packed, layers=max(DEPTHS))
        self.changes = Changes(self.below, RANK, range(LOWEST, max(DEPTHS)))
        self.network = Network(len(DEPTHS) * encoder.shape.width)
        self.scaled = torch.zeros(1), torch.ones(1)

    def settle(self, batches: Sequence[Batch]) -> None:
        """Take centre and spread of the numbers that words have before anything is learned."""
        with torch.no_grad():
            rows = torch.cat([self.seen(batch)[batch.there] for batch in batches])
        self.scaled = rows.mean(0), rows.std(0) + 1e-3

    def resume(self, tensors: Mapping[str, np.ndarray]) -> None:
        """Take up what was learned before, by the names of `tensors`."""
        numbers = {name: torch.from_numpy(each.astype(np.float32)) for name, each in tensors.items()}
        self.scaled = numbers["0/centre"], numbers["0/spread"]
        called = {f"0/{plain_name(name)}": name for name in self.network.state_dict()}
        self.network.load_state_dict({own: numbers[name] for name, own in called.items()})
        for which, matrices in (("down", self.changes.down), ("up", self.changes.up)):
            for name, matrix in matrices.items():
                matrix.data.copy_(numbers[f"{CHANGES}/{name.replace('_', '.')}.{which}"])

    def seen(self, batch: Batch) -> torch.Tensor:
        """[texts, words, 3 · width]: what `inference.talk.states` gives."""
        (below,), held = self.below.states(batch.pieces, (LOWEST,))
        after = self.changes.states(below[held], held.nonzero(as_tuple=True), held, DEPTHS)
        kept, room = torch.cat(after, -1), batch.there.numel() + 1
        summed = torch.zeros(room, kept.shape[1]).index_add(0, batch.word, kept)
        counts = torch.bincount(batch.word, minlength=room).clamp(min=1)
        return (summed / counts[:, None])[:-1].unflatten(0, batch.there.shape)

    def forward(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits [texts, kinds] and [texts, words, 1 + ways]."""
        centre, spread = self.scaled
        return self.network((self.seen(batch) - centre) / spread * batch.there[..., None], batch.there)

    def tensors(self) -> dict[str, np.ndarray]:
        """Everything that was learned, by the names under which `inference.talk.Talk` reads it."""
        centre, spread = (each.numpy().astype(np.float16) for each in self.scaled)
        network = {"centre": centre, "spread": spread, **self.network.named()}
        apart = {"0": network, CHANGES: self.changes.exported()}
        return {f"{part}/{name}": each for part, found in apart.items() for name, each in found.items()}
