"""The models of faces and voices at work: on captures, and on clips and uploads that are compared with everybody.

A capture is fetched, decoded in the limited child, measured and judged; what leaves this process are findings, and a
packet that only the holder of the likeness' key can open. A refused capture leaves nothing. Of a clip only who was
matched leaves it.
"""

import base64
import binascii
import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from events.inference import CaptureChecked, CheckCapture
from events.likeness import CHECKS, CaptureFinding, Challenge, Matched, SealedIndex
from inference.likeness import hearing, judging, watching
from inference.likeness.faces import Faces
from inference.likeness.listening import Heard, Listener
from inference.likeness.matching import match, opened
from inference.likeness.material import Material, packed, portrait
from inference.likeness.sealing import seal
from inference.likeness.thresholds import SECONDS
from inference.likeness.voices import RATE, at_rate, speech_only
from inference.likeness.watching import Watched
from inference.links import Links
from inference.media import Decoded, Limits, MediaRefused, decode
from inference.media.signatures import STILLS, kind_of
from inference.refusal import InvalidRequest
from inference.safety.frames import sample

LIMITS = Limits(file_bytes=100 << 20, seconds=SECONDS[1], frames=400, short_side=360, cpu_seconds=60)
TEMPLATES = 5
TYPE = "application/octet-stream"


@dataclass(frozen=True)
class Judged:
    """Findings of one capture and, where none failed, what is to be kept of it."""

    findings: tuple[CaptureFinding, ...]
    material: Material | None
    timings: dict[str, float]

    @property
    def may_enrol(self) -> bool:
        return all(each.outcome in ("pass", "review") for each in self.findings)


@dataclass(frozen=True)
class CaptureChecks:
    """The loaded models."""

    faces: Faces
    listener: Listener

    @classmethod
    def load(cls, weights: Path) -> "CaptureChecks":
        """Reads `weights`/likeness and `weights`/safety. Raises WeightsChanged or WeightsError."""
        return cls(Faces(weights), Listener(weights))

    def answer(self, request: CheckCapture, links: Links) -> CaptureChecked:
        """Raises Refused for what is nobody's capture: a link that cannot be read, a key that is none."""
        recipient = _recipient(request.recipient)
        data = links.read(request.get, LIMITS.file_bytes)
        index = opened(request.index, links) if request.index else None
        known = judging.Known(index, request.own, request.claims_adult)
        judged = self.judge(data, request.challenge, known)
        digest = None
        if judged.may_enrol and judged.material is not None:
            packet = packed(judged.material, judging.CHECKED)
            sealed = seal(recipient, packet, request.likeness_id.encode())
            links.write(request.put, sealed, TYPE)
            digest = hashlib.sha256(sealed).hexdigest()
        return CaptureChecked(
            likeness_id=request.likeness_id, findings=judged.findings, sealed_sha256=digest, timings=judged.timings
        )

    def judge(self, data: bytes, challenge: Challenge, known: judging.Known) -> Judged:
        """All findings of a file's bytes; one that cannot be read fails, and leaves the other checks unavailable."""
        clock = Stages()
        try:
            clip = _moving(data)
        except MediaRefused as refused:
            return Judged(_unreadable(refused), None, clock.seconds)
        clock.done("decode")
        watched = watching.watch(clip.frames, clip.frame_rate, self.faces)
        clock.done("watch")
        sound = at_rate(clip.sound, clip.sample_rate) if len(clip.sound) else np.zeros(0, np.float32)
        heard = self._heard(sound, challenge)
        clock.done("listen")
        places = watching.frontal(watched.lone, TEMPLATES) if watched.lone else []
        templates = self._templates(watched, places)
        clock.done("describe")
        taken = judging.Taken(clip.facts.seconds, clip.facts.audio_seconds, watched, heard, sound, templates)
        findings = (_readable(clip), *judging.judge(taken, challenge, known))
        clock.done("judge")
        if heard is None or not places:
            return Judged(findings, None, clock.seconds)
        material = Material(templates, heard.voice, self._picture(watched, places[0]), speech_only(sound), RATE, data)
        return Judged(findings, material, clock.seconds)

    def matched(self, clip: Decoded, sealed: SealedIndex, links: Links) -> Matched:
        """Who of the index is seen or heard in a clip; it is opened for this one clip.

        Raises Refused where the index is gone, and then the caller holds the clip.
        """
        index = opened(sealed, links)
        places = sample(clip.frames, clip.frame_rate)
        seen = match(clip.frames[places], [place / clip.frame_rate for place in places], self.faces, index)
        if not len(clip.sound):
            return seen
        voices = hearing.heard(at_rate(clip.sound, clip.sample_rate), self.listener.voices, index)
        return seen.model_copy(update={"sightings": (*seen.sightings, *voices)})

    def _heard(self, sound: np.ndarray, challenge: Challenge) -> Heard | None:
        if len(sound) < RATE:
            return None
        try:
            return self.listener.listen(sound, challenge.digits)
        except ValueError:
            return None  # nobody speaks: the checks of the voice fail and say so

    def _templates(self, watched: Watched, places: list[int]) -> np.ndarray:
        frames = dict(zip((look.second for look in watched.looks), watched.frames, strict=True))
        lone = watched.lone
        found = [
            self.faces.describe(frames[lone[at].second], face) for at in places if (face := lone[at].face) is not None
        ]
        return np.array(found).reshape(-1, 128)

    def _picture(self, watched: Watched, place: int) -> np.ndarray:
        """What a generator will be lent of the face: a portrait, not the room around it."""
        chosen = watched.lone[place]
        frame = watched.frames[next(at for at, look in enumerate(watched.looks) if look.second == chosen.second)]
        return portrait(frame, chosen.face.mesh) if chosen.face is not None else frame


class Stages:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._at = time.perf_counter()

    def done(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage], self._at = round(now - self._at, 4), now


def _moving(data: bytes) -> Decoded:
    if kind_of(data[:64]) in STILLS:
        raise MediaRefused("invalid_media", "a still picture is no capture: record a video")
    return decode(data, LIMITS)


def _readable(clip: Decoded) -> CaptureFinding:
    reason = f"{clip.facts.width}x{clip.facts.height}, {clip.facts.frames} frames"
    return CaptureFinding(check="readable", outcome="pass", score=1, threshold=1, reason=reason)


def _unreadable(refused: MediaRefused) -> tuple[CaptureFinding, ...]:
    advice = "Record an MP4 or WebM video of at most twelve seconds, and send it as the camera made it."
    first = CaptureFinding(
        check="readable", outcome="fail", score=0, threshold=1, reason=refused.message, advice=advice
    )
    rest = (judging.unavailable(check, "the capture could not be read") for check in CHECKS if check != "readable")
    return (first, *rest)


def _recipient(encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as fault:
        raise InvalidRequest("recipient is not base64") from fault
    if len(key) != 32:
        raise InvalidRequest(f"recipient has {len(key)} bytes, not 32")
    return key
