"""The encoder of the prompt classifier: its pieces, its vectors, and what it refuses."""

from pathlib import Path

import numpy as np
import pytest

from inference.safety.encoder import FILE, MOST_PIECES, PACKAGE, Encoder, NotAnEncoder, unpacked
from inference.safety.packaged import package_file
from inference.train.prompt_encoder import TextEncoder

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

    cosines = (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
    assert cosines.min() > 0.999


def test_a_file_that_is_no_encoder_is_refused():
    with pytest.raises(NotAnEncoder, match="E5S1"):
        unpacked(b"GGUF" + bytes(100))
