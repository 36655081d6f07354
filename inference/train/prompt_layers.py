"""Learns narrow changes to the upper layers of the prompt classifier's encoder; what for, its caller decides.

Beside each matrix of those layers two thin ones are fitted, whose product is added to it (Hu et al., 2021, "LoRA").
The encoder's own weights stay as their package has them, and the layers below are run once for every text.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from inference.encoder import LAYERS, MATRICES, PREFIX
from inference.train.prompt_encoder import BATCH, TextEncoder

LOWEST = 5
RANK = 8
MOST_PIECES = 48  # of a training text


@dataclass(frozen=True)
class Below:
    """What the pieces of many texts mean below the layers that are fitted: float16 [pieces, width], text after text.

    `starts` [texts + 1] says where each text's pieces begin.
    """

    pieces: torch.Tensor
    starts: torch.Tensor


def below(encoder: TextEncoder, texts: Sequence[str]) -> Below:
    """Run the layers under `LOWEST` once."""
    split = [encoder.packed.pieces.split(PREFIX + text, MOST_PIECES) for text in texts]
    starts = torch.tensor([0, *map(len, split)]).cumsum(0)
    found = torch.zeros(int(starts[-1]), encoder.packed.shape.width, dtype=torch.float16)
    order = sorted(range(len(split)), key=lambda number: len(split[number]))
    for first in range(0, len(order), BATCH):
        numbers = order[first : first + BATCH]
        (seen,), held = encoder.states([split[number] for number in numbers], (LOWEST,))
        for row, number in enumerate(numbers):
            found[starts[number] : starts[number + 1]] = seen[row, held[row]].half()
    return Below(found, starts)


class Changes(nn.Module):
    """Some upper layers with a thin pair of matrices beside each of theirs; at first no change."""

    def __init__(self, encoder: TextEncoder, rank: int = RANK, layers: range = range(LOWEST, LAYERS)) -> None:
        super().__init__()
        self.encoder, self.layers = encoder, layers
        self.down, self.up = nn.ParameterDict(), nn.ParameterDict()
        for layer in layers:
            for matrix in MATRICES:
                inputs, outputs = encoder.matrices[f"l{layer}.{matrix}"].shape
                self.down[f"l{layer}_{matrix}"] = nn.Parameter(torch.randn(inputs, rank) / inputs**0.5)
                self.up[f"l{layer}_{matrix}"] = nn.Parameter(torch.zeros(rank, outputs))

    def forward(self, texts: Below, index: torch.Tensor) -> torch.Tensor:
        """The mean over each text's pieces after the last layer, float32 [texts, width]."""
        sizes = texts.starts[index + 1] - texts.starts[index]
        row = torch.arange(len(index)).repeat_interleave(sizes)
        place = torch.arange(len(row)) - (sizes.cumsum(0) - sizes)[row]
        held = torch.arange(int(sizes.max()))[None] < sizes[:, None]
        seen = texts.pieces[texts.starts[index][row] + place].float()
        (seen,) = self.states(seen, (row, place), held, (self.layers.stop,))
        return torch.zeros(len(index), seen.shape[1]).index_add(0, row, seen) / sizes[:, None]

    def states(
        self, seen: torch.Tensor, at: tuple[torch.Tensor, torch.Tensor], held: torch.Tensor, after: Sequence[int]
    ) -> list[torch.Tensor]:
        """Pieces [pieces, width] as the layers below left them, which lie at those rows and places of `held` [texts,
        most], after each of those layers."""
        kept = [seen] if self.layers.start in after else []
        for layer in self.layers:
            seen = self._layer(seen, layer, at, held)
            if layer + 1 in after:
                kept.append(seen)
        return kept

    def exported(self) -> dict[str, np.ndarray]:
        """The pairs by name, float16, as `encoder.Packed.changed` reads them."""
        pairs = {"down": self.down, "up": self.up}
        return {
            f"{name.replace('_', '.')}.{which}": matrix.detach().numpy().astype(np.float16)
            for which, matrices in pairs.items()
            for name, matrix in matrices.items()
        }

    def _layer(
        self, seen: torch.Tensor, layer: int, at: tuple[torch.Tensor, torch.Tensor], held: torch.Tensor
    ) -> torch.Tensor:
        """Pieces [pieces, width] lie one after the other, without gaps; only attention needs them side by side."""
        norm, shape = self.encoder.norm, (*held.shape, self.encoder.packed.shape.heads, -1)
        q, k, v = (
            seen.new_zeros(*held.shape, seen.shape[1])
            .index_put(at, self._linear(seen, layer, name))
            .view(shape)
            .transpose(1, 2)
            for name in "qkv"
        )
        near = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=held[:, None, None, :])
        attended = near.transpose(1, 2).flatten(2)[at]
        seen = norm(seen + self._linear(attended, layer, "ao"), f"l{layer}.aln")
        wide = nn.functional.gelu(self._linear(seen, layer, "fi"), approximate="tanh")
        return norm(seen + self._linear(wide, layer, "fo"), f"l{layer}.oln")

    def _linear(self, seen: torch.Tensor, layer: int, name: str) -> torch.Tensor:
        narrow, key = seen.bfloat16(), f"l{layer}_{name}"
        changed = (narrow @ self.down[key].bfloat16()) @ self.up[key].bfloat16()
        plain = narrow @ self.encoder.matrices[f"l{layer}.{name}"]
        return (plain + changed).float() + self.encoder.tensors[f"l{layer}.{name}.b"]
