"""Workflow step `sign`: bind a C2PA manifest to a clip and its stills, and move them to the bucket of signed files.

The only step that may use the signing key. It trusts the record in the store, not the workflow's word: without a
passed gate it refuses, and it signs only the very bytes that were screened. Running it again changes nothing.
"""

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

from volary import manifests, provenance
from volary.entrypoint import entrypoint
from volary.errors import Absent, Conflict, Forbidden
from volary.ports import Services
from volary.provenance import Statement
from volary.stores import published
from volary.stores.likenesses import standing_of
from volary.videos import FILES, Rendition, Signature, Video, manifest_key, published_key, work_key

from events.workflow import GenerationState
from functions.generation.steps import changed, failed, moved, seconds, videos_of

KEY = "c2pa"
MANIFEST = "application/c2pa"


class SourceGone(Conflict):
    """The clip that this one starts from was deleted while this one was made."""


def sign(state: GenerationState, services: Services) -> GenerationState:
    """Sign and store every file of the clip; raises Forbidden without a passed gate, Conflict for other bytes."""
    video = videos_of(services).get(state.video_id)
    if video.signature is not None:
        return state  # this step ran before and its answer was lost
    _demand_passed(video)
    video = moved(video, "signing", services)
    with TemporaryDirectory(prefix="sign-") as folder:
        try:
            signature = _sign_files(video, state.review == "release", services, Path(folder))
        except SourceGone:
            # `publish` refuses a clip without a signature; the code tells its owner why.
            return failed(state, "source_withdrawn")
        finally:
            published.forget_if_over(video.id, services)  # deleted, or withdrawn from, while files were stored
    changed(video.model_copy(update={"signature": signature}), "signed", services)
    return state


def _demand_passed(video: Video) -> None:
    if video.gate != "pass":
        raise Forbidden(f"video {video.id} has gate {video.gate}, not pass: it is not signed", code="ungated")
    if video.has_ended or video.made is None or video.call_id is None:
        raise Conflict(f"video {video.id} is {video.status}, deleted at {video.deleted_at}: nothing to sign")


def _sign_files(video: Video, approved: bool, services: Services, folder: Path) -> Signature:
    """The clip goes last, so that a signed clip in the store has its stills and its manifest beside it."""
    consent = provenance.consent_statement(video, standing_of([video], services), services.public_url)
    for rendition in get_args(Rendition):
        if rendition != "video":
            _sign_file(video, Statement(rendition, approved, consent), services, folder)
    bound = _sign_file(video, Statement("video", approved, consent), services, folder)
    signed = _signed(folder, "video")
    return Signature(
        manifest_id=bound.manifest_id,
        sha256=_sha256(signed),
        size_bytes=signed.stat().st_size,
        signed_at=seconds(services),
    )


def _sign_file(video: Video, statement: Statement, services: Services, folder: Path) -> manifests.Bound:
    unsigned, signed = folder / FILES[statement.rendition][0], _signed(folder, statement.rendition)
    services.blobs.download("work", work_key(video, statement.rendition), unsigned)
    is_clip = statement.rendition == "video"
    if is_clip:
        _demand_screened(video, unsigned)
    ingredients = _ingredients(video, services, folder) if is_clip else ()
    signer = manifests.Signer(services.keys.certificates(KEY), lambda digest: services.keys.sign_digest(KEY, digest))
    bound = manifests.bind(provenance.definition(video, statement), unsigned, signed, signer, ingredients)
    if is_clip:
        services.blobs.put("videos", manifest_key(video.id), bound.store, MANIFEST)
    content_type = FILES[statement.rendition][1]
    services.blobs.upload("videos", published_key(video, statement.rendition), signed, content_type)
    return bound


def _ingredients(video: Video, services: Services, folder: Path) -> tuple[manifests.Ingredient, ...]:
    """The clip's source. An upload is named only: a stranger's file is not parsed where the key is at hand."""
    if video.source is None:
        return ()
    definition = provenance.ingredient(video.source)
    if video.source.video_id is None:
        return (manifests.Ingredient(definition),)
    parent = videos_of(services).get(video.source.video_id)
    path = folder / "source.mp4"
    try:
        services.blobs.download("videos", published_key(parent, "video"), path)
    except Absent as error:
        raise SourceGone(f"video {video.id} starts from {parent.id}, whose signed file is gone") from error
    return (manifests.Ingredient(definition, path),)


def _demand_screened(video: Video, path: Path) -> None:
    found = _sha256(path)
    if video.made is None or found != video.made.sha256:
        screened = video.made.sha256 if video.made else None
        raise Conflict(f"video {video.id}: the file has SHA-256 {found}, screened was {screened}", code="not_screened")


def _signed(folder: Path, rendition: Rendition) -> Path:
    return folder / f"signed-{FILES[rendition][0]}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


lambda_handler = entrypoint(sign)
