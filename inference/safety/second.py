"""A second classifier of texts that a home's owner brings, an ONNX export of a transformers one; it runs without torch.

Its scores are signals beside ours, named by its own version, so the stricter of the two counts and it lets nothing
pass. The folder, pinned by `inference.engines.folder`, holds what exporters write (`model.onnx`, `config.json`,
`tokenizer.json`) and `labels.json`, by which its owner maps every label to our taxonomy:
`{"toxic": {"category": "harassment", "hold": 0.4, "refuse": 0.95}, "neutral": null}`.
What is covered: a label that is not mapped, a missing file and another digest stop the server from starting; no answer
in time, a failing run and a number that is not finite hold the text for a person.
What is not covered: whether its scores mean anything, which only its owner can measure; graphs that keep their weights
outside `model.onnx` or ask for operators of their own.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Annotated, Any

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from tokenizers import Encoding, Tokenizer

from events.moderation import Category, Signal, Stage
from inference.engines.folder import checked
from inference.manifest import WeightsError

MODEL, CONFIG, TOKENIZER, LABELS = "model.onnx", "config.json", "tokenizer.json", "labels.json"
LONGEST, SHARED = 128, 16  # pieces of a text judged at once, and how many two neighbouring stretches share
BATCH = 16
HELD, UNSURE, REFUSED = 0.5, 0.59, 0.85  # of the policy's scale; below 0.6 nothing is refused for anybody
INPUTS = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
BROKEN = (
    ort.EPFail, ort.Fail, ort.InvalidArgument, ort.InvalidGraph, ort.InvalidProtobuf, ort.NotImplemented,
    ort.RuntimeException,
)  # fmt: skip


class NoAnswer(RuntimeError):
    """The classifier did not judge a text: it failed, took too long, or said what is no number."""


class Meaning(BaseModel):
    """What a label means: its category, and from which share on a text is held, and refused; never where None."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    category: Category
    hold: float = Field(default=0.5, gt=0, lt=1)
    refuse: Annotated[float, Field(gt=0, lt=1)] | None = None

    @model_validator(mode="after")
    def _is_in_order(self) -> "Meaning":
        if self.refuse is not None and self.refuse <= self.hold:
            raise ValueError(f"refuses from {self.refuse} and holds from {self.hold}")
        return self

    def score(self, share: float) -> float:
        """A share in [0, 1] on the policy's scale."""
        if self.refuse is None:
            return float(np.interp(share, [0, self.hold, 1], [0, HELD, UNSURE]))
        return float(np.interp(share, [0, self.hold, self.refuse, 1], [0, HELD, REFUSED, 1]))


MEANINGS: TypeAdapter[dict[str, Meaning | None]] = TypeAdapter(dict[str, Meaning | None])


@dataclass(frozen=True)
class SecondClassifier:
    """A loaded classifier; safe to use from several threads. `meanings` are in the order of its outputs."""

    session: Any
    tokenizer: Tokenizer
    meanings: tuple[Meaning | None, ...]
    is_exclusive: bool
    version: str
    seconds: float

    @classmethod
    def load(cls, folder: Path, digest: str, seconds: float) -> "SecondClassifier":
        """Read a folder whose manifest has that digest. Raises WeightsError for what is not as pinned, or fits not."""
        name, config = checked(folder, digest), _json(folder, CONFIG)
        positions = int(config.get("max_position_embeddings", LONGEST))
        meanings = _meanings(folder, config)
        is_exclusive = config.get("problem_type") != "multi_label_classification"
        loaded = cls(
            _session(folder), _tokenizer(folder, positions), meanings, is_exclusive, f"{name}@{digest[:12]}", seconds
        )
        loaded._try(folder)
        return loaded

    def judge(self, texts: Sequence[str], stage: Stage) -> tuple[Signal, ...]:
        """A signal per mapped category, the highest over all stretches of all texts; one that holds for no answer."""
        try:
            shares = self._shares(texts)
        except NoAnswer as fault:
            return (self._signal(stage, Category.UNREADABLE, 1.0, f"not judged by a second classifier: {fault}"),)
        worst = dict[Category, float]()
        for meaning, share in zip(self.meanings, shares.max(axis=0, initial=0).tolist(), strict=True):
            if meaning:
                worst[meaning.category] = max(worst.get(meaning.category, 0), meaning.score(share))
        return tuple(
            self._signal(stage, each, score, "a second classifier found it" if score >= HELD else "")
            for each, score in worst.items()
        )

    def _shares(self, texts: Sequence[str]) -> np.ndarray:
        """float [stretches, labels] in [0, 1]. Raises NoAnswer."""
        first = [self.tokenizer.encode(text) for text in texts]
        logits = self._logits([part for each in first for part in (each, *each.overflowing)])
        if not np.isfinite(logits).all():
            raise NoAnswer("numbers that are not finite")
        if not self.is_exclusive:
            return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))))
        raised = np.exp(np.clip(logits - logits.max(axis=1, keepdims=True), -30, 0))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))

    def _logits(self, parts: Sequence[Encoding]) -> np.ndarray:
        """float [parts, outputs]. Raises NoAnswer for a run that fails, and once `seconds` have passed."""
        options = onnxruntime.RunOptions()
        timer = Timer(self.seconds, setattr, (options, "terminate", True))
        timer.start()
        found: list[np.ndarray] = []
        try:
            for at in range(0, len(parts), BATCH):
                found += self.session.run(["logits"], self._feed(parts[at : at + BATCH]), options)
        except BROKEN as fault:
            why = f"more than {self.seconds} seconds" if options.terminate else type(fault).__name__
            raise NoAnswer(why) from fault
        finally:
            timer.cancel()
        return np.concatenate(found) if found else np.empty((0, len(self.meanings)), np.float32)

    def _feed(self, parts: Sequence[Encoding]) -> dict[str, np.ndarray]:
        """Which piece stands behind the end does not matter: the mask leaves it out."""
        for part in parts:
            part.pad(max(len(each.ids) for each in parts))
        asked = (each.name for each in self.session.get_inputs())
        return {name: np.array([getattr(part, INPUTS[name]) for part in parts], np.int64) for name in asked}

    def _try(self, folder: Path) -> None:
        """Judge one text, so that a graph that cannot is known before anybody asks."""
        strange = {each.name for each in self.session.get_inputs()} - INPUTS.keys()
        if strange or "logits" not in {each.name for each in self.session.get_outputs()}:
            raise WeightsError(f"{folder / MODEL} is no text classifier: no logits, or it asks for {sorted(strange)}")
        try:
            (logits,) = self._logits([self.tokenizer.encode("A cat walks on a wall.")])
        except (NoAnswer, ValueError) as fault:
            raise WeightsError(f"{folder / MODEL} cannot judge a text: {fault}") from fault
        if len(logits) != len(self.meanings):
            raise WeightsError(f"{folder / MODEL} answers {logits.shape}, {CONFIG} names {len(self.meanings)} labels")

    def _signal(self, stage: Stage, category: Category, score: float, reason: str) -> Signal:
        return Signal(stage=stage, category=category, score=score, model=self.version, reason=reason)


def _json(folder: Path, name: str) -> Mapping[str, Any]:
    try:
        found = json.loads((folder / name).read_text("utf-8"))
    except (OSError, ValueError) as fault:
        raise WeightsError(f"cannot read {folder / name}: {fault}") from fault
    if not isinstance(found, dict):
        raise WeightsError(f"{folder / name} is no object")
    return found


def _session(folder: Path) -> Any:
    """From bytes, not from a path: a graph cannot name other files then. One thread, as every model of the role."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession((folder / MODEL).read_bytes(), options, providers=["CPUExecutionProvider"])
    except (OSError, *BROKEN) as fault:
        raise WeightsError(f"cannot load {folder / MODEL}: {fault}") from fault


def _tokenizer(folder: Path, positions: int) -> Tokenizer:
    """Cuts a long text into stretches that share some pieces, so that no word is skipped."""
    _json(folder, TOKENIZER)  # the library tells a missing file from no other fault
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    longest = min(LONGEST, positions - 2)  # two places are not used by models of the RoBERTa kind
    tokenizer.no_padding()
    tokenizer.enable_truncation(longest, stride=min(SHARED, longest // 4))
    return tokenizer


def _meanings(folder: Path, config: Mapping[str, Any]) -> tuple[Meaning | None, ...]:
    """What each output means. Raises WeightsError for a label that nobody mapped, and a map of labels there are not."""
    labels = config.get("id2label")
    if not isinstance(labels, dict) or len(labels) < 2 or set(labels) != {str(each) for each in range(len(labels))}:
        raise WeightsError(f"{folder / CONFIG} names no labels by number")
    try:
        mapped = MEANINGS.validate_python(_json(folder, LABELS))
    except ValidationError as fault:
        raise WeightsError(f"{folder / LABELS} is no map of labels: {fault.errors()[0]['msg']}") from fault
    if set(mapped) != set(labels.values()):
        raise WeightsError(f"{folder / LABELS} and {CONFIG} differ in {sorted(set(mapped) ^ set(labels.values()))}")
    return tuple(mapped[labels[str(number)]] for number in range(len(labels)))
