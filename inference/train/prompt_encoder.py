"""Runs `inference.encoder`'s transformer in torch, many texts at a time, for training; it fits nothing.

In half precision: the mean cosine between these vectors and those that serving makes is 0.99999.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import nn

from inference.encoder import LAYERS, MATRICES, PREFIX, UNCHANGED, Packed, widened

BATCH = 48


class TextEncoder:
    """The first `layers` layers of a packed encoder, with `changes` to their matrices as `Encoder` takes them."""

    def __init__(self, packed: Packed, changes: Mapping[str, np.ndarray] = UNCHANGED, layers: int = LAYERS) -> None:
        self.packed = packed
        self.places = torch.from_numpy(packed.places)
        self.tensors = {name: torch.tensor(array) for name, array in packed.tensors.items() if array.dtype == "<f4"}
        self.matrices = {
            f"l{layer}.{name}": torch.from_numpy(packed.changed(f"l{layer}.{name}", changes)).bfloat16()
            for layer in range(layers)
            for name in MATRICES
        }

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """float32 [texts, width], as `Encoder.encode` gives them."""
        split = [self.packed.pieces.split(PREFIX + text) for text in texts]
        order = sorted(range(len(split)), key=lambda number: len(split[number]))
        found = np.zeros((len(split), self.packed.shape.width), np.float32)
        for start in range(0, len(order), BATCH):
            numbers = order[start : start + BATCH]
            found[numbers] = self._batch([split[number] for number in numbers])
        return found

    @torch.inference_mode()
    def _batch(self, split: Sequence[Sequence[int]]) -> np.ndarray:
        (seen,), held = self.states(split, (LAYERS,))
        return ((seen * held[..., None]).sum(1) / held.sum(1, keepdim=True)).numpy()

    @torch.inference_mode()
    def states(self, split: Sequence[Sequence[int]], after: Sequence[int]) -> tuple[list[torch.Tensor], torch.Tensor]:
        """Of split texts, what their pieces mean after each of those layers, [texts, most, width], and which are held
        [texts, most]."""
        longest = max(map(len, split))
        pieces, held = np.ones((len(split), longest), int), torch.zeros(len(split), longest, dtype=torch.bool)
        for row, text in enumerate(split):
            pieces[row, : len(text)], held[row, : len(text)] = text, True
        words = torch.from_numpy(widened(self.packed.words[pieces]))
        seen, kept = self.norm(words + self.places[:longest], "emb.ln"), []
        for layer in range(max(after)):
            seen = self.norm(seen + self._linear(self._attended(seen, held, layer), layer, "ao"), f"l{layer}.aln")
            wide = nn.functional.gelu(self._linear(seen, layer, "fi"), approximate="tanh")
            seen = self.norm(seen + self._linear(wide, layer, "fo"), f"l{layer}.oln")
            if layer + 1 in after:
                kept.append(seen)
        return kept, held

    def _attended(self, seen: torch.Tensor, held: torch.Tensor, layer: int) -> torch.Tensor:
        heads = (*seen.shape[:2], self.packed.shape.heads, -1)
        q, k, v = (self._linear(seen, layer, name).view(heads).transpose(1, 2) for name in "qkv")
        near = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=held[:, None, None, :])
        return near.transpose(1, 2).reshape(seen.shape)

    def _linear(self, seen: torch.Tensor, layer: int, name: str) -> torch.Tensor:
        return (seen.bfloat16() @ self.matrices[f"l{layer}.{name}"]).float() + self.tensors[f"l{layer}.{name}.b"]

    def norm(self, seen: torch.Tensor, name: str) -> torch.Tensor:
        """Layer normalisation by the weights of that name."""
        weight, bias = self.tensors[f"{name}.w"], self.tensors[f"{name}.b"]
        return nn.functional.layer_norm(seen, (len(weight),), weight, bias, self.packed.shape.epsilon)
