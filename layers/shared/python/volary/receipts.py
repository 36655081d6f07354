"""Receipts that anybody can check without asking us: JWS (RFC 7515), ES256, compact, over canonical JSON.

What a receipt says is the caller's; this module signs it with the home's key "receipts", publishes the key, and
verifies offline. Covered: any changed byte, another algorithm, an unknown key. Not covered: whether what was signed
still stands; a receipt names where to ask.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from volary.errors import Invalid
from volary.ports import Services

TYPE = "volary-receipt+jws"
SIDE = 32


def issue(document: Mapping[str, Any], services: Services) -> str:
    """A compact JWS of the document, whose payload is its canonical JSON."""
    header = canonical({"alg": "ES256", "kid": key_set(services)["keys"][0]["kid"], "typ": TYPE})
    signed = f"{_text(header)}.{_text(canonical(document))}"
    der = services.keys.sign_digest("receipts", hashlib.sha256(signed.encode()).digest())
    r, s = decode_dss_signature(der)
    return f"{signed}.{_text(r.to_bytes(SIDE, 'big') + s.to_bytes(SIDE, 'big'))}"


def key_set(services: Services) -> dict[str, Any]:
    """The JSON Web Key Set that a verifier needs; the key's id is its RFC 7638 thumbprint."""
    key = load_der_public_key(services.keys.public_key("receipts"))
    if not isinstance(key, EllipticCurvePublicKey):
        raise Invalid(f"the receipts' key is a {type(key).__name__}, not on a curve")
    numbers = key.public_numbers()
    x, y = (_text(number.to_bytes(SIDE, "big")) for number in (numbers.x, numbers.y))
    public = {"crv": "P-256", "kty": "EC", "x": x, "y": y}
    kid = _text(hashlib.sha256(canonical(public)).digest())
    return {"keys": [{**public, "kid": kid, "alg": "ES256", "use": "sig"}]}


def verify(jws: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    """What a receipt says; raises Invalid where any byte changed, or key or algorithm are not those of the set."""
    try:
        kid = jwt.get_unverified_header(jws).get("kid")
        known = {key["kid"]: jwt.PyJWK(key, "ES256") for key in keys["keys"]}
        if kid not in known:
            raise Invalid(f"the receipt names the key {kid!r}, which is not in the set", code="receipt_invalid")
        found = jwt.api_jws.decode(jws, known[kid].key, algorithms=["ES256"])
        document: dict[str, Any] = json.loads(found)
    except (jwt.PyJWTError, ValueError, KeyError, TypeError) as problem:
        raise Invalid(f"the receipt does not verify: {type(problem).__name__}", code="receipt_invalid") from problem
    # Base64 ignores the last character's spare bits, and JSON has many spellings: only one of each is ours.
    if [_text(_bytes(part)) for part in jws.split(".")] != jws.split(".") or canonical(document) != found:
        raise Invalid("the receipt verifies but is not spelled canonically", code="receipt_invalid")
    return document


def canonical(document: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys and no spaces, UTF-8; whole numbers and texts only have one spelling so."""
    return json.dumps(
        dict(document), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
