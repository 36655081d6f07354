"""Reads the body of every POST, JSON or form, into one nested value; it knows no route and validates no meaning.

Form fields name nested values with brackets, `video[id]` and `cameos[][id]`, as the official clients write them.
"""

import hashlib
import io
import json
import re
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field
from typing import Any, BinaryIO, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from volary.errors import Invalid

from functions.api.errors import TooLarge, WrongContentType
from functions.api.limits import MEGABYTE, Limits

Model = TypeVar("Model", bound=BaseModel)
NAME = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
MOST_FIELDS = 1000
MOST_VALUES = 10_000
DEEPEST = 16
LONGEST_TEXT = 21 * MEGABYTE  # a data URL has at most 20 971 520 characters


@dataclass(frozen=True)
class File:
    """One file of a form, spooled to disk when large. `sha256` is of its bytes."""

    name: str
    content_type: str
    size: int
    sha256: str
    stream: BinaryIO = field(repr=False, compare=False)

    def head(self, count: int) -> bytes:
        self.stream.seek(0)
        return self.stream.read(count)

    def read(self) -> bytes:
        self.stream.seek(0)
        return self.stream.read()


Fields = dict[str, Any]  # JSON values, and a File where a form had one


async def read(request: Request, limits: Limits) -> Fields:
    """The body as nested fields, explicit nulls left out; raises Invalid, TooLarge or WrongContentType."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    most = limits.body_bytes if kind == b"multipart/form-data" else min(limits.body_bytes, LONGEST_TEXT + MEGABYTE)
    body = _Metered(request, most)
    match kind:
        case b"multipart/form-data":
            pairs = await _multipart(request, body, options.get(b"boundary", b""))
        case b"application/x-www-form-urlencoded":
            form = await FormParser(request.headers, body.chunks()).parse()
            pairs = form.multi_items()
        case b"application/json" | b"":
            pairs = _json(b"".join([chunk async for chunk in body.chunks()]), kind)
        case _:
            raise WrongContentType(
                f"content type {kind.decode('latin-1')[:80]!r} is neither application/json nor multipart/form-data"
            )
    return {name: value for name, value in nested(pairs).items() if value is not None}


def nested(pairs: Iterable[tuple[str, Any]]) -> Fields:
    """Bracket names turned into objects and lists: `a[b]=1`, `c[]=2`, `d[][e]=3`; raises Invalid on a contradiction."""
    root: Fields = {}
    for name, value in pairs:
        matched = NAME.match(name)
        if not matched or name.count("[") > DEEPEST:
            message = f"field name {name[:100]!r} is not name[key] or name[]"
            raise Invalid(message, param=name[:100], code="invalid_field_name")
        _insert(root, [matched[1], *re.findall(r"\[([^\[\]]*)\]", matched[2])], value, name)
    return root


def validated(model: type[Model], fields: Fields) -> Model:
    """The fields as `model`; raises Invalid naming the first field at fault and its value."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        param = ".".join(str(part) for part in first["loc"]) or None
        raise Invalid(_explanation(first, param), param=param, code=_code(first["type"])) from error


def fingerprint(method: str, path: str, fields: Fields) -> str:
    """SHA-256 of what is asked, the same for every encoding and boundary, in hex."""
    text = json.dumps([method, path, fields], sort_keys=True, default=_file_as_text)
    return hashlib.sha256(text.encode()).hexdigest()


def file_of(name: str, content_type: str, stream: BinaryIO) -> File:
    """A file that is read from `stream`, which must seek."""
    size, digest = stream.seek(0, io.SEEK_END), hashlib.sha256()
    stream.seek(0)
    while chunk := stream.read(MEGABYTE):
        digest.update(chunk)
    return File(name, content_type, size, digest.hexdigest(), stream)


class _Metered:
    """The request's body in chunks, refused as soon as it is larger than allowed, with its end remembered."""

    def __init__(self, request: Request, most: int) -> None:
        self.request, self.most, self.tail = request, most, b""
        declared = request.headers.get("content-length", "0")
        if declared.isdecimal() and int(declared) > most:
            raise self._too_large(f"{declared} bytes")

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        seen = 0
        async for chunk in self.request.stream():
            seen += len(chunk)
            if seen > self.most:
                raise self._too_large("more")
            self.tail = (self.tail + chunk[-200:])[-200:]
            yield chunk

    def _too_large(self, size: str) -> TooLarge:
        return TooLarge(
            f"the body has {size}, and one request may carry {self.most} bytes: send a large file with "
            "POST /v1/uploads and name it as file_id"
        )


async def _multipart(request: Request, body: _Metered, boundary: bytes) -> list[tuple[str, Any]]:
    if not boundary:
        raise Invalid("the multipart content type names no boundary", code="malformed_body")
    parser = MultiPartParser(
        request.headers, body.chunks(), max_files=10, max_fields=MOST_FIELDS, max_part_size=LONGEST_TEXT
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise Invalid(f"the body is not multipart/form-data: {error.message}", code="malformed_body") from error
    if b"--" + boundary + b"--" not in body.tail:
        raise Invalid("the multipart body ends before its closing boundary", code="truncated_body")
    return [(name, _part(part)) for name, part in form.multi_items()]


def _part(part: UploadFile | str) -> File | str:
    if isinstance(part, str):
        return part
    return file_of(part.filename or "", part.content_type or "", part.file)


def _json(text: bytes, kind: bytes) -> list[tuple[str, Any]]:
    if not text.strip():
        return []
    if not kind:
        raise WrongContentType("the request has a body but no content type; send application/json")
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise Invalid(f"the body is not JSON: {str(error)[:100]}", code="malformed_body") from error
    if not isinstance(value, dict):
        raise Invalid(f"the body is a JSON {type(value).__name__}, not an object", code="malformed_body")
    _bound(value)
    return list(value.items())


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


def _bound(value: Any) -> None:
    """Refuse a value nested deeper, or holding more values, than any request needs."""
    level, count = [value], 0
    for _ in range(DEEPEST + 1):
        children = [child for node in level for child in _children(node)]
        count += len(children)
        if count > MOST_VALUES:
            raise Invalid(f"the body holds more than {MOST_VALUES} values", code="malformed_body")
        level = children
    if level:
        raise Invalid(f"the body is nested deeper than {DEEPEST} levels", code="malformed_body")


def _children(node: Any) -> Iterable[Any]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def _insert(node: Fields, keys: list[str], value: Any, name: str) -> None:
    key, rest = keys[0], keys[1:]
    if not rest:
        if key in node:
            raise Invalid(f"field {name!r} is given twice", param=name, code="invalid_field_name")
        node[key] = value
    elif rest[0]:
        _insert(_child(node, key, {}, name), rest, value, name)
    elif len(rest) == 1:
        _child(node, key, [], name).append(value)
    else:
        items = _child(node, key, [], name)
        if not items or not isinstance(items[-1], dict) or _holds(items[-1], rest[1:]):
            items.append({})
        _insert(items[-1], rest[1:], value, name)


def _child(node: Fields, key: str, empty: Any, name: str) -> Any:
    child = node.setdefault(key, empty)
    if type(child) is not type(empty):
        raise Invalid(f"field {name!r} contradicts an earlier {key!r}", param=name, code="invalid_field_name")
    return child


def _holds(node: Any, keys: list[str]) -> bool:
    """Whether the object already has a value at this path, so that a list of objects goes on to the next one."""
    for key in keys:
        if not key:
            return False
        if not isinstance(node, dict) or key not in node:
            return False
        node = node[key]
    return True


def _explanation(error: Any, param: str | None) -> str:
    given = error.get("input")
    if error["type"] == "missing":
        return f"{param} is missing"
    shown = "a file" if isinstance(given, File) else repr(given)[:100]
    return f"{param}: {error['msg']}, not {shown}"


def _code(kind: str) -> str:
    if kind == "missing":
        return "missing_required_parameter"
    return "invalid_type" if kind.endswith(("_type", "_parsing", "instance_of")) else "invalid_value"


def _file_as_text(value: Any) -> list[Any]:
    if not isinstance(value, File):
        raise TypeError(f"a body holds a {type(value).__name__}")
    return [value.name, value.content_type, value.size, value.sha256]
