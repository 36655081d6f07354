"""What a file says of its origin, put together: manifest, invisible mark, this home's record, consent, agreement.

It prints nothing and leaves reading the file to its witnesses, who do it in child processes. A record is described
without its owner and its prompt: whoever holds a file may learn that it was made here, not by whom.
Covered: a manifest that was altered, moved or signed by a stranger; a mark that names another clip than the
manifest; a record that denies the manifest; bytes that differ from the published file. Not covered: a fingerprint
of the picture (a later issue), and a clip whose manifest was stripped and whose mark was destroyed.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from volary.errors import Absent
from volary.likeness import UNKNOWN, Standing
from volary.manifests import Reading, State
from volary.provenance import CONSENT, GENERATION
from volary.stores.videos import Videos
from volary.videos import Video, is_withdrawn

from events.inference import MarkReading
from events.shapes import Shape

Agreement = Literal["agrees", "contradicts", "unknown"]


@dataclass(frozen=True)
class Witnesses:
    """Who is asked: the file's manifest, its mark, and the home's records (None: no home here).

    `mark` raises ValueError with a plain reason where no mark can be looked for.
    """

    manifest: Callable[[Path], Reading]
    mark: Callable[[Path], MarkReading]
    videos: Videos | None = None
    standing: Callable[[Video], Standing] = lambda _: UNKNOWN


class Manifest(Shape):
    """What the manifest says, as far as it may be believed: `state` first."""

    state: State
    manifest_id: str | None = None
    signed_by: str | None = None
    actions: tuple[str, ...] = ()
    source_types: tuple[str, ...] = ()
    made_from: tuple[str, ...] = ()
    video_id: str | None = None
    model: str | None = None
    mark: str | None = None
    failures: tuple[str, ...] = ()


class Mark(Shape):
    """The mark that was read; `problem` says why none could be looked for."""

    payload: str | None = None
    sound_payload: str | None = None
    p_value: float | None = None
    confidence: float | None = None
    problem: str | None = None


class Record(Shape):
    """This home's record; `same_bytes` compares the file with the one that was published."""

    found_by: Literal["manifest", "watermark"]
    video_id: str
    status: str
    created_at: int
    deleted: bool
    made_from: str | None
    same_bytes: bool | None


class Consent(Shape):
    """What the manifest states about people's consent, and whether the maker still lets the clip stand."""

    stated: dict[str, Any] | None = None
    standing: Literal["stands", "withdrawn", "unknown"] = "unknown"


class Report(Shape):
    """Everything that is known of one file. `fingerprint` stays empty until the home keeps fingerprints."""

    file: str
    sha256: str
    size_bytes: int
    manifest: Manifest
    watermark: Mark
    fingerprint: None = None
    record: Record | None = None
    consent: Consent = Consent()
    agreement: Agreement = "unknown"
    contradictions: tuple[str, ...] = ()


def verify(path: Path, witnesses: Witnesses) -> Report:
    """Ask every witness about a file; raises Invalid for a file that is neither clip nor picture."""
    reading = witnesses.manifest(path)
    mark = _mark(path, witnesses)
    manifest = _manifest(reading)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    found_by, video = _find(manifest, mark, witnesses.videos)
    plain = Report(
        file=path.name,
        sha256=digest,
        size_bytes=path.stat().st_size,
        manifest=manifest,
        watermark=mark,
        record=_record(video, found_by, digest) if video and found_by else None,
        consent=Consent(stated=reading.assertion(CONSENT), standing=_standing(video, witnesses)),
    )
    against = tuple(_contradictions(plain, video, witnesses.videos is not None))
    return plain.model_copy(update={"contradictions": against, "agreement": _agreement(plain, against)})


def short(mark: str) -> str:
    """The form that the sound carries: a mark's first eight hex digits."""
    return mark[:8]


def _manifest(reading: Reading) -> Manifest:
    stated = reading.assertion(GENERATION) or {}
    binding = reading.assertion("c2pa.soft-binding") or {}
    actions = (reading.assertion("c2pa.actions.v2") or {}).get("actions", [])
    blocks = binding.get("blocks") or [{}]
    return Manifest(
        state=reading.state,
        manifest_id=reading.active,
        signed_by=(reading.manifest.get("signature_info") or {}).get("common_name"),
        actions=tuple(each["action"] for each in actions),
        source_types=tuple(kind.rsplit("/", 1)[-1] for each in actions if (kind := each.get("digitalSourceType"))),
        made_from=tuple(each.get("title", "?") for each in reading.manifest.get("ingredients", [])),
        video_id=stated.get("video_id"),
        model=stated.get("model"),
        mark=blocks[0].get("value"),
        failures=reading.failures,
    )


def _mark(path: Path, witnesses: Witnesses) -> Mark:
    try:
        read = witnesses.mark(path)
    except ValueError as error:
        return Mark(problem=str(error))
    return Mark(
        payload=read.payload,
        sound_payload=read.sound_payload,
        p_value=read.p_value,
        confidence=read.confidence,
    )


def _find(
    manifest: Manifest, mark: Mark, videos: Videos | None
) -> tuple[Literal["manifest", "watermark"] | None, Video | None]:
    """The record that a manifest of ours names, else the one that the mark leads to."""
    if videos is None:
        return None, None
    if manifest.state == "trusted" and manifest.video_id:
        try:
            return "manifest", videos.get(manifest.video_id)
        except Absent:
            return None, None
    video = videos.by_mark(mark.payload) if mark.payload else None
    return ("watermark", video) if video else (None, None)


def _record(video: Video, found_by: Literal["manifest", "watermark"], digest: str) -> Record:
    return Record(
        found_by=found_by,
        video_id=video.id,
        status=video.status,
        created_at=video.created_at,
        deleted=video.deleted_at is not None,
        made_from=video.parent_id,
        same_bytes=video.signature.sha256 == digest if video.signature else None,
    )


def _standing(video: Video | None, witnesses: Witnesses) -> Literal["stands", "withdrawn", "unknown"]:
    """The maker's word and that of everybody in the clip; a home that asks nobody lets no clip with people stand."""
    if video is None:
        return "unknown"
    stands = video.is_watchable and not is_withdrawn(video, witnesses.standing(video))
    return "stands" if stands else "withdrawn"


def _contradictions(report: Report, video: Video | None, has_home: bool) -> Iterator[str]:
    manifest, mark = report.manifest, report.watermark
    if manifest.state == "invalid":
        yield f"the manifest does not hold: {', '.join(manifest.failures) or 'no reason given'}"
    if mark.payload and mark.sound_payload and mark.sound_payload != short(mark.payload):
        yield f"the picture's mark is {mark.payload}, the sound's is {mark.sound_payload}"
    if manifest.state != "trusted":
        if manifest.state == "valid" and video is not None:
            yield f"the mark is of clip {video.id}, but the manifest is signed by a stranger, {manifest.signed_by}"
        return
    if manifest.mark and mark.payload and mark.payload != manifest.mark:
        yield f"the manifest binds mark {manifest.mark}, the picture carries {mark.payload}"
    if manifest.mark and mark.sound_payload and mark.sound_payload != short(manifest.mark):
        yield f"the manifest binds mark {manifest.mark}, the sound carries {mark.sound_payload}"
    if has_home and manifest.video_id and video is None:
        yield f"the manifest names clip {manifest.video_id}, of which this home has no record"
    if video is not None:
        yield from _denials(report, video)


def _denials(report: Report, video: Video) -> Iterator[str]:
    """Where the home's own record says otherwise than a trusted manifest."""
    manifest = report.manifest
    if manifest.mark and manifest.mark != video.record:
        yield f"the manifest binds mark {manifest.mark}, the record of {video.id} has {video.record}"
    # The stills of a clip have manifests of their own; the record keeps the clip's.
    if video.signature is None or manifest.mark is None:
        return
    if manifest.manifest_id != video.signature.manifest_id:
        yield f"the record of {video.id} names manifest {video.signature.manifest_id}, not {manifest.manifest_id}"
    elif report.sha256 != video.signature.sha256:
        yield f"the manifest is that of {video.id}, but the file is not byte for byte the published one"


def _agreement(report: Report, contradictions: tuple[str, ...]) -> Agreement:
    if contradictions:
        return "contradicts"
    speaks = report.manifest.state == "trusted" or report.record is not None
    return "agrees" if speaks else "unknown"
