"""Compares faces with everybody enrolled and everybody blocked; only who was matched leaves this process. Voices are
compared by hearing.py, with the same index.

The index comes sealed for one request and is held for that request. Covered: faces that the detectors find in sampled
frames, turned by up to about forty degrees. Not covered: faces smaller than about 30 pixels, drawings, masks, people
who look alike, and a person who is in no index.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from events.likeness import Matched, SealedIndex, Sighting
from inference.likeness.faces import Faces, distance
from inference.likeness.sealing import unbox
from inference.likeness.thresholds import FACE_SAME, face_alike
from inference.links import Links

MODEL = "dlib-face-1.7.15+resemblyzer-0.1.4"
BLOCKED = "blocked:"
MOST_INDEX_BYTES = 256 << 20
HOLD_DISTANCE = FACE_SAME  # beyond it a face is nobody's in the index
LEAST_FACE = 24  # pixels; smaller faces are seen but not compared


@dataclass(frozen=True)
class Person:
    """One entry: `faces` (N, 128) and `voice` (256,) or none."""

    subject: str
    faces: np.ndarray
    voice: np.ndarray | None


@dataclass(frozen=True)
class Index:
    """Everybody, opened for one request."""

    index_id: str
    people: tuple[Person, ...] = ()

    def nearest(self, face: np.ndarray) -> list[tuple[float, Person]]:
        """Everybody by the distance of their nearest template, nearest first."""
        compared = [each for each in self.people if len(each.faces)]
        found = [(float(np.linalg.norm(each.faces - face, axis=1).min()), each) for each in compared]
        return sorted(found, key=lambda pair: pair[0])

    def of(self, subject: str) -> Person | None:
        return next((each for each in self.people if each.subject == subject), None)


@dataclass
class Track:
    """One face through a clip: its first descriptor stands for it."""

    face: np.ndarray
    start: float
    end: float
    seen: list[np.ndarray] = field(default_factory=list)


def opened(sealed: SealedIndex, links: Links) -> Index:
    """Fetch and open an index. Raises Refused where it or its key is gone."""
    boxed = links.read(sealed.get, MOST_INDEX_BYTES)
    key = links.read(sealed.key, 32)
    entries = json.loads(unbox(key, boxed, sealed.index_id.encode()))
    return Index(sealed.index_id, tuple(map(_person, entries)))


def match(frames: np.ndarray, seconds: Sequence[float], faces: Faces, index: Index) -> Matched:
    """Who is in sampled frames (N, H, W, 3): every different face is compared with everybody."""
    tracks, unread = _tracks(frames, seconds, faces)
    sightings: list[Sighting] = []
    strangers = unread
    for track in tracks:
        found = [_sighting(index, face, track) for face in track.seen]
        best = max((each for each in found if each), key=lambda each: each.score, default=None)
        strangers += best is None
        sightings += [best] if best else []
    return Matched(
        index_id=index.index_id,
        faces=len(tracks) + unread,
        strangers=strangers,
        sightings=tuple(sightings),
        model=MODEL,
    )


def kind_of(subject: str) -> Literal["likeness", "blocked"]:
    return "blocked" if subject.startswith(BLOCKED) else "likeness"


def _sighting(index: Index, face: np.ndarray, track: Track) -> Sighting | None:
    nearest = index.nearest(face)
    if not nearest or nearest[0][0] > HOLD_DISTANCE:
        return None
    apart, person = nearest[0]
    return Sighting(
        subject=person.subject, listed=kind_of(person.subject), sense="face", score=face_alike(apart),
        start=track.start, end=track.end,
    )  # fmt: skip


def _tracks(frames: np.ndarray, seconds: Sequence[float], faces: Faces) -> tuple[list[Track], int]:
    """Different faces over the frames, and how many more were found at once than could be read."""
    tracks: list[Track] = []
    unread = 0
    for frame, second in zip(frames, seconds, strict=True):
        found = faces.finder.all(frame)
        small = 0
        for each in found:
            face = faces.read(frame, each)
            if face.presence < 0.5 or min(each.box[2:]) < LEAST_FACE:
                small += 1
                continue
            _follow(tracks, faces.describe(frame, face), second)
        unread = max(unread, small)
    return tracks, unread


def _follow(tracks: list[Track], face: np.ndarray, second: float) -> None:
    near = [track for track in tracks if min(distance(face, seen) for seen in track.seen) < FACE_SAME]
    if near:
        near[0].seen.append(face)
        near[0].end = second
    else:
        tracks.append(Track(face, second, second, [face]))


def _person(entry: dict[str, object]) -> Person:
    faces = np.asarray(entry["face"], np.float32).reshape(-1, 128)
    voice = entry.get("voice")
    return Person(str(entry["subject"]), faces, None if voice is None else np.asarray(voice, np.float32))
