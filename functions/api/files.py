"""Files that clips start from, and uploads for those too large for one request; none of it is decoded here."""

import base64
import hashlib
import tempfile
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from volary.errors import Invalid
from volary.ports import Range, Services
from volary.stores.files import MOST_PARTS, Files, Part, StoredFile, Upload, demand_pending, in_order, position

from functions.api import media
from functions.api.asks import Binary, Body
from functions.api.authentication import CurrentServices, CurrentViewer
from functions.api.bodies import file_of
from functions.api.calls import After, Order, posted, takes
from functions.api.errors import TooLarge
from functions.api.limits import Limits
from functions.api.once import Once
from functions.api.resources import page

router = APIRouter(tags=["Files"], route_class=Once)
LARGEST_PAGE = 100
FORM_SECONDS = 3_600
ACCEPTED = ("image/png", "image/jpeg", "image/webp", "video/mp4")
Purpose = Annotated[str, Field(pattern="^(assistants|batch|fine-tune|vision|user_data|evals)$")]
Filename = Annotated[str, Field(min_length=1, max_length=255)]


class CreateFile(Body):
    file: Binary
    purpose: Purpose


class CreateUpload(Body):
    """`bytes` is the whole file's size."""

    filename: Filename
    purpose: Purpose
    bytes: int = Field(ge=1)
    mime_type: str = Field(max_length=100)


class AddPart(Body):
    data: Binary


class CompleteUpload(Body):
    """The parts in order; an empty list where the file was sent with the upload's form."""

    part_ids: tuple[str, ...] = Field(default=(), max_length=MOST_PARTS)
    md5: str | None = Field(default=None, max_length=64)


class FileResource(BaseModel):
    id: str
    object: Literal["file"] = "file"
    bytes: int
    created_at: int
    expires_at: int | None = None
    filename: str
    purpose: str
    status: Literal["processed"] = "processed"


class FileList(BaseModel):
    object: Literal["list"] = "list"
    data: list[FileResource]
    first_id: str | None
    last_id: str | None
    has_more: bool


class DeletedFile(BaseModel):
    id: str
    object: Literal["file"] = "file"
    deleted: Literal[True] = True


class UploadForm(BaseModel):
    """A form that takes the whole file at once: POST `fields` and then the file, as "file", to `url`."""

    url: str
    fields: dict[str, str]


class UploadResource(BaseModel):
    """`form` is there while the upload is pending; parts are the other way to send the file."""

    id: str
    object: Literal["upload"] = "upload"
    bytes: int
    created_at: int
    expires_at: int
    filename: str
    purpose: str
    status: Literal["pending", "completed", "cancelled"]
    file: FileResource | None = None
    form: UploadForm | None = None


class PartResource(BaseModel):
    id: str
    object: Literal["upload.part"] = "upload.part"
    created_at: int
    upload_id: str


@router.post("/files", operation_id="create_file", openapi_extra=takes(CreateFile, form_only=True))
async def create_file(
    body: Annotated[CreateFile, Depends(posted(CreateFile))], viewer: CurrentViewer, services: CurrentServices
) -> FileResource:
    owner_id = viewer.user_id or ""
    kind = media.recognised(body.file, ("image", "video"), "file")
    stored = StoredFile(
        id=services.ids.new("file"),
        owner_id=owner_id,
        filename=body.file.name[:255] or "upload",
        purpose=body.purpose,
        content_type=kind,
        size_bytes=body.file.size,
        upload_key=media.store(body.file, kind, owner_id, services),
        created_at=int(services.clock.now().timestamp()),
    )
    Files(services.items).add(stored)
    return _file(stored)


@router.get("/files", operation_id="list_files")
async def list_files(
    viewer: CurrentViewer,
    services: CurrentServices,
    limit: Annotated[int, Query(ge=0, le=10_000)] = LARGEST_PAGE,
    order: Order = "desc",
    after: After = None,
    purpose: Annotated[str | None, Query(max_length=50)] = None,
) -> FileList:
    """At most a hundred at a time, whatever `limit` says; go on with `after`."""
    store, owner_id = Files(services.items), viewer.user_id or ""
    most = min(limit, LARGEST_PAGE)
    start = position(store.get(owner_id, after)) if after else None
    span = Range(after=start, limit=most + 1, newest_first=order == "desc")
    found = [_file(each) for each in store.of_owner(owner_id, span)]
    answer = page(found, most)
    answer["data"] = [each for each in answer["data"] if purpose in (None, each.purpose)]
    return FileList.model_validate(answer)


@router.get("/files/{file_id}", operation_id="retrieve_file")
async def retrieve_file(file_id: str, viewer: CurrentViewer, services: CurrentServices) -> FileResource:
    return _file(Files(services.items).get(viewer.user_id or "", file_id))


@router.delete("/files/{file_id}", operation_id="delete_file")
async def delete_file(file_id: str, viewer: CurrentViewer, services: CurrentServices) -> DeletedFile:
    store = Files(services.items)
    stored = store.get(viewer.user_id or "", file_id)
    store.remove(stored)
    services.blobs.delete("uploads", stored.upload_key)
    return DeletedFile(id=file_id)


@router.post("/uploads", operation_id="create_upload", openapi_extra=takes(CreateUpload))
async def create_upload(
    request: Request,
    body: Annotated[CreateUpload, Depends(posted(CreateUpload))],
    viewer: CurrentViewer,
    services: CurrentServices,
) -> UploadResource:
    limits: Limits = request.app.state.limits
    if body.bytes > limits.file_bytes:
        raise TooLarge(f"a file of {body.bytes} bytes is larger than {limits.file_bytes}", param="bytes")
    if body.mime_type not in ACCEPTED:
        message = f"mime_type {body.mime_type!r} is not one of {', '.join(ACCEPTED)}"
        raise Invalid(message, param="mime_type", code="unsupported_file")
    upload = Upload(
        id=services.ids.new("upload"),
        owner_id=viewer.user_id or "",
        filename=body.filename,
        purpose=body.purpose,
        content_type=body.mime_type,
        size_bytes=body.bytes,
        upload_key=f"{viewer.user_id}/{services.ids.new('upload')}",
        created_at=int(services.clock.now().timestamp()),
    )
    Files(services.items).put_upload(upload)
    form = services.blobs.post_form(
        "uploads", upload.upload_key, content_type=body.mime_type, max_bytes=body.bytes, seconds=FORM_SECONDS
    )
    return _upload(upload).model_copy(update={"form": UploadForm(**form._asdict())})


@router.post("/uploads/{upload_id}/parts", operation_id="add_upload_part", openapi_extra=takes(AddPart, form_only=True))
async def add_part(
    upload_id: str,
    body: Annotated[AddPart, Depends(posted(AddPart))],
    viewer: CurrentViewer,
    services: CurrentServices,
) -> PartResource:
    store, owner_id = Files(services.items), viewer.user_id or ""
    now = int(services.clock.now().timestamp())
    upload = store.upload(owner_id, upload_id)
    demand_pending(upload, now)
    parts = store.parts(upload.id)
    if len(parts) >= MOST_PARTS:
        raise Invalid(f"upload {upload.id} has {MOST_PARTS} parts, the most there may be", param="data")
    if body.data.size > upload.size_bytes:
        raise Invalid(f"the part has {body.data.size} bytes, more than the upload's {upload.size_bytes}", param="data")
    key = media.store(body.data, upload.content_type, owner_id, services)
    part = Part(
        id=services.ids.new("part"), upload_id=upload.id, upload_key=key, size_bytes=body.data.size, created_at=now
    )
    store.add_part(part)
    return PartResource(id=part.id, created_at=now, upload_id=upload.id)


@router.post("/uploads/{upload_id}/complete", operation_id="complete_upload", openapi_extra=takes(CompleteUpload))
async def complete_upload(
    upload_id: str,
    body: Annotated[CompleteUpload, Depends(posted(CompleteUpload))],
    viewer: CurrentViewer,
    services: CurrentServices,
) -> UploadResource:
    store, owner_id = Files(services.items), viewer.user_id or ""
    now = int(services.clock.now().timestamp())
    upload = store.upload(owner_id, upload_id)
    demand_pending(upload, now)
    if body.part_ids:
        _assemble(upload, in_order(store.parts(upload.id), list(body.part_ids)), body.md5, services)
    else:
        _demand_sent(upload, services)
    known = upload.model_dump(include={"owner_id", "filename", "purpose", "content_type", "size_bytes", "upload_key"})
    stored = StoredFile(id=services.ids.new("file"), created_at=now, **known)
    done = upload.model_copy(update={"status": "completed", "file_id": stored.id})
    store.put_upload(done, upload)
    store.add(stored)
    return _upload(done).model_copy(update={"file": _file(stored)})


@router.post("/uploads/{upload_id}/cancel", operation_id="cancel_upload")
async def cancel_upload(upload_id: str, viewer: CurrentViewer, services: CurrentServices) -> UploadResource:
    store = Files(services.items)
    upload = store.upload(viewer.user_id or "", upload_id)
    demand_pending(upload, int(services.clock.now().timestamp()))
    cancelled = upload.model_copy(update={"status": "cancelled"})
    store.put_upload(cancelled, upload)
    for key in (upload.upload_key, *(part.upload_key for part in store.parts(upload.id))):
        services.blobs.delete("uploads", key)
    return _upload(cancelled)


def _assemble(upload: Upload, parts: list[Part], md5: str | None, services: Services) -> None:
    """Join the parts on disk, judge the whole like any file, and put it in their place."""
    total = sum(part.size_bytes for part in parts)
    if total != upload.size_bytes:
        raise Invalid(f"the parts have {total} bytes, and the upload declared {upload.size_bytes}", param="part_ids")
    with tempfile.TemporaryDirectory() as folder:
        whole, piece = Path(folder) / "whole", Path(folder) / "piece"
        with whole.open("w+b") as joined:
            for part in parts:
                services.blobs.download("uploads", part.upload_key, piece)
                joined.write(piece.read_bytes())
            joined.flush()
            _judge(upload, joined, md5)
        services.blobs.upload("uploads", upload.upload_key, whole, upload.content_type)
    for part in parts:
        services.blobs.delete("uploads", part.upload_key)


def _judge(upload: Upload, joined: BinaryIO, md5: str | None) -> None:
    media.recognised(file_of(upload.filename, upload.content_type, joined), ("image", "video"), "file")
    if md5 is None:
        return
    joined.seek(0)
    digest = hashlib.md5(joined.read(), usedforsecurity=False)
    if md5 not in (digest.hexdigest(), base64.b64encode(digest.digest()).decode()):
        raise Invalid(f"md5 {md5!r} is not that of the file, {digest.hexdigest()}", param="md5", code="wrong_checksum")


def _demand_sent(upload: Upload, services: Services) -> None:
    """Raises Invalid unless the form was used for a file of the declared size; the workflow judges what is in it."""
    facts = services.blobs.facts("uploads", upload.upload_key)
    if facts is None:
        raise Invalid("part_ids is empty and no file was sent with the upload's form", param="part_ids")
    if facts.size != upload.size_bytes:
        raise Invalid(f"the file has {facts.size} bytes, and the upload declared {upload.size_bytes}", param="bytes")


def _file(stored: StoredFile) -> FileResource:
    known: dict[str, Any] = stored.model_dump(include={"id", "created_at", "filename", "purpose"})
    return FileResource(bytes=stored.size_bytes, **known)


def _upload(upload: Upload) -> UploadResource:
    known: dict[str, Any] = upload.model_dump(include={"id", "created_at", "filename", "purpose", "status"})
    return UploadResource(bytes=upload.size_bytes, expires_at=upload.expires_at, **known)
