"""Judges texts with the classifiers that others ship in packages, to be put beside ours; no product code asks them.

What is covered: better-profanity (a word list with spellings), and toxic-comment-classifier (Jigsaw's six kinds of
toxic comments by a recurrent network), whose files are read without importing it: its engine is TensorFlow, and its
vocabulary a pickle, of which only the words and numbers are taken and nothing is run.
"""

import importlib.util
import pickletools
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

LONGEST = 100
KNOWN = 20_000
_TOXIC = "toxic_classifier"
_PACKAGES = {"better_profanity": "better-profanity==0.7.0", _TOXIC: "toxic-comment-classifier==0.3.0"}
_BREAKS = re.compile(r"""[^\w']+|_""")


def profanity(texts: Sequence[str]) -> Iterator[float]:
    """1.0 where better-profanity finds a word of its list. Raises ValueError without the package."""
    _folder("better_profanity")
    from better_profanity import profanity as words

    return (float(words.contains_profanity(text)) for text in texts)


def toxicity(texts: Sequence[str]) -> Iterator[float]:
    """The highest of toxic-comment-classifier's six scores. Raises ValueError without the package."""
    words, arrays = _vocabulary(), _arrays()
    numbers = np.array([_numbers(text, words) for text in texts]).reshape(-1, LONGEST)
    return iter(_scores(numbers, arrays).max(axis=1).tolist())


PEERS = {"better-profanity": profanity, "toxic-comment-classifier": toxicity}


def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(f"the peer is not installed: pip install --no-deps {_PACKAGES[package]}")
    return Path(spec.submodule_search_locations[0])


@cache
def _vocabulary() -> dict[str, int]:
    """Word -> rank of the pickled tokenizer's `word_index`, taken from the opcodes: keys refer to words seen before."""
    memo: list[str] = []
    found: dict[str, int] = {}
    word, is_inside = "", False
    for operation, value, _ in pickletools.genops((_folder(_TOXIC) / "model" / "tokenizer.pickle").read_bytes()):
        if operation.name == "MEMOIZE":
            memo.append(word)
        elif isinstance(value, str):
            word, is_inside = value, value == "word_index"
        elif operation.name in {"BINGET", "LONG_BINGET"}:
            word = memo[int(value)]
        elif operation.name.startswith("BININT") and is_inside and value < KNOWN:
            found[word] = int(value)
    return found


@cache
def _arrays() -> dict[str, np.ndarray]:
    """The network's layers by their place in the file, float32."""
    if importlib.util.find_spec("h5py") is None:
        raise ValueError("the peer's weights need a reader: pip install --no-deps h5py==3.16.0")
    import h5py

    found: dict[str, np.ndarray] = {}
    with h5py.File(_folder(_TOXIC) / "model" / "model.weights.h5") as file:
        file["layers"].visititems(lambda name, item: found.update({name: item[()]} if hasattr(item, "shape") else {}))
    return found


def _numbers(text: str, words: Mapping[str, int]) -> list[int]:
    kept = [words[word] for word in _BREAKS.split(text.lower()) if word in words][-LONGEST:]
    return [0] * (LONGEST - len(kept)) + kept


def _scores(numbers: np.ndarray, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """Six scores of each of many texts, [texts, 6], from the ranks of their words, [texts, `LONGEST`]."""
    seen = arrays["embedding/vars/0"][numbers]
    forward = _recurrent(seen, "forward_layer", arrays)
    backward = _recurrent(seen[:, ::-1], "backward_layer", arrays)
    hidden = np.concatenate([forward, backward], axis=1) @ arrays["dense/vars/0"] + arrays["dense/vars/1"]
    return _squashed(np.maximum(hidden, 0) @ arrays["dense_1/vars/0"] + arrays["dense_1/vars/1"])


def _recurrent(seen: np.ndarray, layer: str, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """The highest that each unit of a long short-term memory says over all places, [texts, units]."""
    inward, onward, bias = (arrays[f"bidirectional/{layer}/cell/vars/{number}"] for number in range(3))
    said = cell = np.zeros((len(seen), len(onward)), np.float32)
    highest = np.full_like(said, -1)
    for place in range(seen.shape[1]):
        let_in, kept, news, let_out = np.split(seen[:, place] @ inward + said @ onward + bias, 4, axis=1)
        cell = _squashed(kept) * cell + _squashed(let_in) * np.tanh(news)
        said = _squashed(let_out) * np.tanh(cell)
        highest = np.maximum(highest, said)
    return highest


def _squashed(numbers: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-numbers))
