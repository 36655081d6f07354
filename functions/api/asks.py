"""What the Videos calls take, as the official clients send it; values are judged by `volary.generation`."""

import base64
import binascii
import io
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError
from volary.errors import Invalid
from volary.generation import PROMPT_LIMIT
from volary.videos import Visibility

from events.likeness import Purpose
from functions.api.bodies import File, file_of

LONGEST_URL = 20_971_520


class Body(BaseModel):
    """Of any POST. Fields that a call does not know are left out, and named in the header x-volary-ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, arbitrary_types_allowed=True)


class Reference(Body):
    """A picture to start from: exactly one of a data URL and the id of an uploaded file."""

    image_url: str | None = Field(default=None, max_length=LONGEST_URL)
    file_id: str | None = Field(default=None, max_length=200)


class VideoId(Body):
    id: str = Field(max_length=200)


def _whole(value: Any) -> Any:
    """JSON's true is no number, though Python's is."""
    if isinstance(value, bool):
        raise PydanticCustomError("int_type", "Input should be a whole number")
    return value


def _seconds(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise PydanticCustomError("string_type", "Input should be a number of seconds as a string")
    return str(value)


def _file(value: Any) -> File:
    if not isinstance(value, File):
        raise PydanticCustomError("file_type", "Input should be a file of a multipart form")
    return value


def _reference(value: Any) -> File | Reference:
    if isinstance(value, File):
        return value
    if not isinstance(value, dict) or ("image_url" in value) == ("file_id" in value):
        raise PydanticCustomError("reference_type", "Input should be a file, or have one of image_url and file_id")
    return Reference.model_validate(value)


def _clip(value: Any) -> File | VideoId:
    if isinstance(value, File):
        return value
    if not isinstance(value, dict) or "id" not in value:
        raise PydanticCustomError("video_type", "Input should be a file, or have the id of a video")
    return VideoId.model_validate(value)


BINARY = {"type": "string", "format": "binary"}
REFERENCE = {
    "anyOf": [
        BINARY,
        {"type": "object", "required": ["image_url"], "properties": {"image_url": {"type": "string"}}},
        {"type": "object", "required": ["file_id"], "properties": {"file_id": {"type": "string"}}},
    ]
}
CLIP = {"anyOf": [BINARY, {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}]}

Prompt = Annotated[str, Field(description=f"1 to {PROMPT_LIMIT} characters", examples=["A fox runs in the snow"])]
Seconds = Annotated[str, BeforeValidator(_seconds), Field(description="A number of seconds, as a string")]
Binary = Annotated[File, PlainValidator(_file), WithJsonSchema(BINARY)]
PictureSource = Annotated[File | Reference, PlainValidator(_reference), WithJsonSchema(REFERENCE)]
ClipSource = Annotated[File | VideoId, PlainValidator(_clip), WithJsonSchema(CLIP)]


class Wishes(Body):
    """Our own fields of every call that makes a clip."""

    prompt: Prompt
    style: str | None = Field(default=None, max_length=50)
    negative_prompt: str = Field(default="", max_length=PROMPT_LIMIT)
    seed: Annotated[int, BeforeValidator(_whole)] | None = None
    likenesses: tuple[Annotated[str, Field(max_length=200)], ...] = Field(default=(), max_length=20)
    purpose: Purpose = "personal"
    visibility: Visibility = "private"


class CreateVideo(Wishes):
    model: str = Field(default="sora-2", max_length=200)
    seconds: Seconds = "4"
    size: str = Field(default="720x1280", max_length=50)
    input_reference: PictureSource | None = None


class RemixVideo(Wishes):
    """A new clip from one that its viewer may build on, of its size and length."""


class EditVideo(Wishes):
    video: ClipSource


class ExtendVideo(Wishes):
    """`seconds` is what is added; the answer's `seconds` is the whole."""

    video: ClipSource
    seconds: Seconds


class CreateCharacter(Body):
    name: str = Field(min_length=1, max_length=80)
    video: Binary


def picture_of(url: str) -> File:
    """The file in a data URL. Raises Invalid for any other URL: the server fetches nothing that a client names."""
    if not url.startswith("data:"):
        message = (
            f"input_reference.image_url {url[:80]!r} is not a data URL; addresses are not fetched: "
            "send the picture as a file, as data:image/png;base64,…, or as file_id"
        )
        raise Invalid(message, param="input_reference", code="image_url_not_supported")
    head, _, data = url.partition(",")
    try:
        content = base64.b64decode(data, validate=True) if head.endswith(";base64") else b""
    except (binascii.Error, ValueError) as error:
        raise Invalid(f"input_reference.image_url is not base64: {error}", param="input_reference") from error
    return file_of("image_url", head.removeprefix("data:").partition(";")[0], io.BytesIO(content))
