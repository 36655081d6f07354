"""Writes a tiny random text classifier as exporters do: `model.onnx`, `tokenizer.json`, `config.json`; and its labels.

The graph is written field by field, after onnx.proto3, since no package here writes one. It takes the mean of its
words' vectors through one linear layer, so that a test can say in numpy what it must answer.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

WORDS = ("[PAD]", "[UNK]", "a", "cat", "walks", "on", "the", "wall", "dog", "sings", "loudly", "grim", "cruel")
WIDTH = 8
INT64, FLOAT, BOOL = 7, 1, 9  # TensorProto.DataType
ENDLESS = 1 << 40


def field(number: int, value: int | str | bytes) -> bytes:
    """One field of a message: a number as a varint, everything else by its length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    body = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(body)) + body


def varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def tensor(name: str, array: np.ndarray) -> bytes:
    kind = {"float32": FLOAT, "int64": INT64, "bool": BOOL}[array.dtype.name]
    dims = b"".join(field(1, size) for size in array.shape)
    return dims + field(2, kind) + field(8, name) + field(9, array.tobytes())


def value(name: str, kind: int, dims: Sequence[str]) -> bytes:
    shape = b"".join(field(1, field(2, dim)) for dim in dims)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, shape)))


def node(operator: str, inputs: Sequence[str], output: str | Sequence[str], attribute: bytes = b"") -> bytes:
    outputs = [output] if isinstance(output, str) else output
    wires = b"".join(field(1, each) for each in inputs) + b"".join(field(2, each) for each in outputs)
    return wires + field(4, operator) + (field(5, attribute) if attribute else b"")


def whole(name: str, number: int) -> bytes:
    """An attribute that is a whole number."""
    return field(1, name) + field(3, number) + field(20, 2)


def number(name: str, value: float) -> bytes:
    """An attribute that is a number with a fraction; it has a fixed length, wire type 5."""
    return field(1, name) + varint(2 << 3 | 5) + np.float32(value).tobytes() + field(20, 1)


def graph(nodes: Sequence[bytes], given: Sequence[bytes], inputs: Sequence[bytes], outputs: Sequence[bytes]) -> bytes:
    parts = ((1, nodes), (5, given), (11, inputs), (12, outputs))
    return field(2, "tiny") + b"".join(field(number, each) for number, many in parts for each in many)


def model(body: bytes) -> bytes:
    return field(1, 8) + field(7, body) + field(8, field(1, "") + field(2, 13))


def weights(labels: int, seed: int = 3) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {
        "words": random.normal(size=(len(WORDS), WIDTH)).astype(np.float32),
        "linear": random.normal(size=(WIDTH, labels)).astype(np.float32),
        "bias": random.normal(size=labels).astype(np.float32),
    }


def classifier(found: dict[str, np.ndarray], more: Sequence[bytes] = ()) -> bytes:
    """The graph over these weights; `more` nodes turn "mean" into "seen", which nothing does by default."""
    nodes = [
        node("Gather", ["words", "input_ids"], "each"),
        node("Cast", ["attention_mask"], "mask", whole("to", FLOAT)),
        node("Unsqueeze", ["mask", "last"], "held"),
        node("Mul", ["each", "held"], "kept"),
        node("ReduceSum", ["kept", "places"], "sum", whole("keepdims", 0)),
        node("ReduceSum", ["mask", "places"], "count"),
        node("Div", ["sum", "count"], "mean"),
        *(more or [node("Identity", ["mean"], "seen")]),
        node("MatMul", ["seen", "linear"], "product"),
        node("Add", ["product", "bias"], "logits"),
    ]
    axes = {"last": np.array([2]), "places": np.array([1])}
    given = [tensor(name, array) for name, array in {**found, **axes}.items()]
    inputs = [value(name, INT64, ("batch", "sequence")) for name in ("input_ids", "attention_mask")]
    return model(graph(nodes, given, inputs, [value("logits", FLOAT, ("batch", "labels"))]))


def endless(words: int) -> list[bytes]:
    """Nodes that run for days over a text of more words than these: a loop that adds a number to itself."""
    body = graph(
        [node("Identity", ["go"], "on"), node("Add", ["held_so_far", "held_so_far"], "twice")],
        [],
        [value("number", INT64, ()), value("go", BOOL, ()), value("held_so_far", FLOAT, ("batch", "width"))],
        [value("on", BOOL, ()), value("twice", FLOAT, ("batch", "width"))],
    )
    return [
        node("Constant", [], "yes", field(1, "value") + field(5, tensor("", np.array(True))) + field(20, 4)),
        node("Constant", [], "few", number("value_float", words)),
        node("Constant", [], "days", number("value_float", ENDLESS)),
        node("ReduceMax", ["count"], "longest", whole("keepdims", 0)),
        node("Sub", ["longest", "few"], "over"),
        node("Relu", ["over"], "more"),
        node("Mul", ["more", "days"], "turns"),
        node("Cast", ["turns"], "rounds", whole("to", INT64)),
        node("Loop", ["rounds", "yes", "mean"], "seen", field(1, "body") + field(6, body) + field(20, 5)),
    ]


def write(folder: Path, labels: dict[str, Any], graph_bytes: bytes, *, problem: str | None = None) -> Path:
    """A folder as an owner brings it, not pinned yet."""
    folder.mkdir(exist_ok=True)
    (folder / "model.onnx").write_bytes(graph_bytes)
    config = {"id2label": dict(enumerate(labels)), "max_position_embeddings": 18, "problem_type": problem}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "labels.json").write_text(json.dumps(labels))
    tokenizer = Tokenizer(WordLevel({word: at for at, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder
