"""What a prompt says of a clip: one value of each attribute, or nothing. Learned from many ways of saying each; it
draws nothing, and what is not said it leaves to the planner.

A frozen multilingual encoder (the lower layers of multilingual-e5-small) gives each word piece a meaning in its
sentence; one query of each attribute then looks for the pieces that speak of it.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inference import weights
from inference.encoder import FILE, PACKAGE, PREFIX, Encoder, unpacked

LAYERS = (4, 8)  # of the encoder: what words mean alone lies lower, what they mean together higher
LONGEST = 96  # word pieces; training holds few longer texts

Said = dict[str, str]


@dataclass(frozen=True)
class ReaderShape:
    """Sizes: numbers of a piece's state, the network's width, its layers and heads; attributes, and most values of
    one."""

    states: int = 384 * len(LAYERS)
    width: int = 192
    depth: int = 1
    heads: int = 4
    attributes: int = 10
    values: int = 16


class Reader(nn.Module):
    """Scores the values of each attribute; the place after the most values stands for "not said"."""

    def __init__(self, shape: ReaderShape) -> None:
        super().__init__()
        self.shape = shape
        self.enter = nn.Linear(shape.states, shape.width)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                shape.width, shape.heads, 2 * shape.width, 0.1, F.gelu, batch_first=True, norm_first=True
            )
            for _ in range(shape.depth)
        )
        self.asked = nn.Parameter(torch.randn(shape.attributes, shape.width) / shape.width**0.5)
        self.look = nn.MultiheadAttention(shape.width, shape.heads, 0.1, batch_first=True)
        self.norm = nn.LayerNorm(shape.width)
        self.leave = nn.Parameter(torch.randn(shape.attributes, shape.width, shape.values + 1) / shape.width**0.5)
        self.bias = nn.Parameter(torch.zeros(shape.attributes, shape.values + 1))

    def forward(self, states: Tensor, is_held: Tensor) -> Tensor:
        """States (B,T,768) of which `is_held` (B,T) are there, to logits (B,10,17)."""
        x = self.enter(F.layer_norm(states, states.shape[-1:]))
        for block in self.blocks:
            x = block(x, src_key_padding_mask=~is_held)
        asked = self.asked.expand(len(x), -1, -1)
        found = self.norm(asked + self.look(asked, x, x, key_padding_mask=~is_held, need_weights=False)[0])
        return torch.einsum("baw,awv->bav", found, self.leave) + self.bias


def possible(counts: Sequence[int], values: int) -> Tensor:
    """Which of the logits (10,17) stand for something: the values that there are, and "not said"."""
    places = torch.arange(values + 1)
    return (places < torch.tensor(counts)[:, None]) | (places == values)


class PromptReader:
    """The encoder and the network over it; safe to use from several threads."""

    def __init__(self, encoder: Encoder, network: Reader, attributes: Mapping[str, Sequence[str]]) -> None:
        self.encoder, self.network, self.attributes = encoder, network.eval().requires_grad_(False), attributes
        self._possible = possible([len(values) for values in attributes.values()], network.shape.values)

    def is_readable(self, text: str) -> bool:
        """Whether the text is no longer than what is read."""
        return len(self.encoder.pieces.split(PREFIX + text, LONGEST + 1)) <= LONGEST

    def read(self, text: str) -> Said:
        """The value of each attribute that the text speaks of; nothing of an empty text."""
        if not text.strip():
            return {}
        with torch.inference_mode():
            states = torch.from_numpy(np.concatenate(self.encoder.states([text], LAYERS)[0], axis=-1))[None]
            logits = self.network(states, torch.ones(states.shape[:2], dtype=torch.bool))[0]
        best = logits.masked_fill(~self._possible, -torch.inf).argmax(-1).tolist()
        rows = zip(self.attributes.items(), best, strict=True)
        return {name: values[place] for (name, values), place in rows if place < self.network.shape.values}


def packaged() -> bytes:
    """The encoder's file in its installed package, which is not imported. Raises WeightsError without it."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise weights.WeightsError(f"the package {PACKAGE} is not installed; it holds {FILE}")
    return (Path(spec.submodule_search_locations[0]) / FILE).read_bytes()


def encoder(digest: str) -> Encoder:
    """The packaged encoder. Raises WeightsError if its file has another SHA-256 than this."""
    data = packaged()
    found = hashlib.sha256(data).hexdigest()
    if found != digest:
        raise weights.WeightsError(f"{FILE} has sha256 {found}, the manifest pins {digest}")
    return Encoder(unpacked(data))
