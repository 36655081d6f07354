"""The public log over HTTP, as C2SP tlog-tiles lays it out; no account is needed, and nothing here writes."""

import re

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response
from volary.errors import Absent
from volary.stores.transparency import Transparency
from volary.transparency import KEY, origin_of, verifier_key

from functions.api.authentication import CurrentServices

router = APIRouter(tags=["Provenance"])
TILE = re.compile(r"(?:[0-9]|[1-5][0-9]|6[0-3]|entries)(?:/x[0-9]{3})*/[0-9]{3}(?:\.p/[0-9]{1,3})?")
FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}


@router.get("/transparency/checkpoint", operation_id="retrieve_checkpoint", response_class=PlainTextResponse)
async def checkpoint(services: CurrentServices) -> Response:
    """The newest signed head of the log, a C2SP signed note."""
    note = Transparency(services.items).published().note
    if not note:
        raise Absent("the log is empty: nothing has been moderated or consented to yet")
    return PlainTextResponse(note, headers={"cache-control": "public, max-age=5"})


@router.get("/transparency/key", operation_id="retrieve_transparency_key", response_class=PlainTextResponse)
async def key(services: CurrentServices) -> Response:
    """The verifier key. Take it once, from somewhere you trust: a log that lies could lie about its key."""
    public_key = services.keys.public_key(KEY)
    return PlainTextResponse(verifier_key(origin_of(public_key), public_key) + "\n")


@router.get("/transparency/tile/{path:path}", operation_id="retrieve_tile", response_class=Response)
async def tile(path: str, services: CurrentServices) -> Response:
    """A tile of hashes (`0/000`) or a bundle of entries (`entries/000.p/7`); none ever changes."""
    if not TILE.fullmatch(path):
        raise Absent(f"{path[:100]!r} names no tile")
    data = services.blobs.get("videos", f"transparency/tile/{path}")
    return Response(data, media_type="application/octet-stream", headers=FOR_EVER)
