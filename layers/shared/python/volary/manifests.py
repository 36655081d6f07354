"""The one place that speaks to the c2pa library: binds a manifest to a file, and reads what a file says of itself.

c2pa is imported on first use, so that handlers which neither sign nor read do not load its 53 MB. Nothing here
reaches the network: remote manifests, OCSP and timestamps are off. Without a timestamp a signature is trusted for
as long as its certificate is.
"""

import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, Literal, NamedTuple

from volary.certificates import anchor
from volary.errors import Invalid, SigningFailed, VolaryError
from volary.provenance import Definition

State = Literal["trusted", "valid", "invalid", "none"]


@dataclass
class Signer:
    """A P-256 key behind a callback that signs SHA-256 digests, and its PEM chain, leaf first.

    Digests, because KMS refuses raw messages above 4,096 bytes and a claim with many assertions is longer.
    """

    certificates: str
    sign_digest: Callable[[bytes], bytes]
    fault: VolaryError | None = field(default=None, init=False)

    def sign(self, message: bytes) -> bytes:
        """DER signature over the message; keeps the error that c2pa would swallow."""
        try:
            return self.sign_digest(hashlib.sha256(message).digest())
        except VolaryError as error:
            self.fault = error
            raise


class Ingredient(NamedTuple):
    """What a file was made from; without a `path` it is named but its own manifest is not taken over."""

    definition: Definition
    path: Path | None = None
    content_type: str = "video/mp4"


class Bound(NamedTuple):
    """The id of the new active manifest, and the whole manifest store (application/c2pa)."""

    manifest_id: str
    store: bytes


class Reading(NamedTuple):
    """What a file's manifest store says.

    `trusted`: it holds and leads to an anchor of ours; `valid`: it holds, signed by somebody unknown to us;
    `invalid`: a hash, a signature or the structure does not hold, `failures` says which. `manifests` by id.
    """

    state: State
    active: str | None = None
    manifests: Mapping[str, Any] = MappingProxyType({})
    failures: tuple[str, ...] = ()

    @property
    def manifest(self) -> dict[str, Any]:
        """The active manifest, empty where there is none."""
        found: dict[str, Any] = self.manifests.get(self.active or "", {})
        return found

    def assertion(self, label: str) -> dict[str, Any] | None:
        """Data of the active manifest's first assertion with this label."""
        found = (each["data"] for each in self.manifest.get("assertions", []) if each["label"] == label)
        return next(found, None)


NONE = Reading("none")


def bind(
    definition: Definition, source: Path, target: Path, signer: Signer, ingredients: Sequence[Ingredient] = ()
) -> Bound:
    """Write `source` with a signed manifest to `target`; only what reads back as trusted is ever written.

    Holds the file twice in memory: c2pa copies in steps of 8 KB through Python, which costs a third more on files.
    Raises what the key raised; SigningFailed when the file or the chain cannot be signed with.
    """
    import c2pa

    signed = io.BytesIO()
    try:
        store = _bind(definition, io.BytesIO(source.read_bytes()), signed, signer, ingredients)
    except c2pa.C2paError as error:
        reason = f"{definition['title']} could not be signed: {error}"
        raise signer.fault or SigningFailed(reason) from error
    reading = read_stream(signed, anchor(signer.certificates))
    if reading.state != "trusted" or reading.active is None:
        reason = f"{definition['title']} reads back as {reading.state}: {', '.join(reading.failures)}"
        raise SigningFailed(reason)
    target.write_bytes(signed.getbuffer())
    return Bound(reading.active, store)


def read(path: Path, anchors: str) -> Reading:
    """What the file says of its origin, judged with PEM `anchors`, none if empty. Raises Invalid for no known kind."""
    with path.open("rb") as file:
        return read_stream(file, anchors, path.name)


def read_stream(file: BinaryIO, anchors: str, name: str = "the file") -> Reading:
    """`read` for an open file, called `name` in errors."""
    import c2pa

    file.seek(0)
    context = _context(anchors)  # outside the try: broken anchors are our fault, not the file's
    try:
        with c2pa.Reader(file, context=context) as reader:
            return _reading(json.loads(reader.json()), reader.get_validation_state())
    except c2pa.C2paError.ManifestNotFound:
        return NONE
    except c2pa.C2paError.NotSupported as error:
        raise Invalid(f"{name} is no kind of file that can carry a manifest: {error}") from error
    except c2pa.C2paError as error:
        return Reading("invalid", failures=(str(error),))


def crjson(path: Path, anchors: str) -> dict[str, Any]:
    """The manifest store as C2PA's crJSON, which its asset rubrics judge."""
    import c2pa

    with path.open("rb") as file, c2pa.Reader(file, context=_context(anchors)) as reader:
        parsed: dict[str, Any] = json.loads(reader.crjson())
        return parsed


def _bind(
    definition: Definition,
    source: BinaryIO,
    target: BinaryIO,
    signer: Signer,
    ingredients: Sequence[Ingredient],
) -> bytes:
    import c2pa

    named = [each.definition for each in ingredients if each.path is None]
    manifest = json.dumps(definition | ({"ingredients": named} if named else {}))
    with ExitStack() as stack:
        builder = stack.enter_context(c2pa.Builder(manifest, _context(anchor(signer.certificates))))
        for each in ingredients:
            if each.path is not None:
                file = stack.enter_context(each.path.open("rb"))
                builder.add_ingredient(each.definition, each.content_type, file)
        key = c2pa.Signer.from_callback(signer.sign, c2pa.C2paSigningAlg.ES256, signer.certificates)
        stack.enter_context(key)
        store: bytes = builder.sign(key, definition["format"], source, target)
        return store


def _context(anchors: str) -> Any:
    import c2pa

    # `bind` reads every result back itself, so the library need not verify it a second time after signing.
    settings = {
        "trust": {"user_anchors": anchors} if anchors else {},
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": False},
        "builder": {"thumbnail": {"enabled": False}},
    }
    return c2pa.Context(c2pa.Settings.from_dict(settings))


def _reading(store: dict[str, Any], state: str | None) -> Reading:
    results = store.get("validation_results", {}).get("activeManifest", {})
    failures = tuple(dict.fromkeys(each["code"] for each in results.get("failure", [])))
    states: dict[str | None, State] = {"Trusted": "trusted", "Valid": "valid"}
    return Reading(states.get(state, "invalid"), store.get("active_manifest"), store.get("manifests", {}), failures)
