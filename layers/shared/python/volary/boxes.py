"""Sealed boxes for one X25519 key, and boxes under a random key: the two ways in which biometrics lie and travel.

A sealed box is the sender's one-time public key (32 bytes) and a box under HKDF-SHA256 of the shared secret, salted
with both public keys. A box is a version byte, a random 96-bit nonce and AES-256-GCM over `about`. The model server
writes the same (inference/likeness/sealing.py). Anybody may seal for a key; only its holder opens.
"""

import base64
import binascii
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from volary.errors import Forbidden, Invalid

INFO = b"volary.likeness.box/1"
VERSION = b"\x01"
KEY_BYTES = 32
NONCE_BYTES = 12


def new_key() -> bytes:
    """32 random bytes: a key for boxes, or the private half of an X25519 key."""
    return secrets.token_bytes(KEY_BYTES)


def public_of(private: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def public_key(encoded: str, param: str) -> bytes:
    """A public X25519 key as somebody sends it, base64. Raises Invalid also for one of the few that nothing can be
    sealed for, because every secret shared with them is the same (RFC 7748, section 6.1).
    """
    public = raw(encoded, param, KEY_BYTES)
    try:
        X25519PrivateKey.generate().exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError as problem:
        raise Invalid(f"{param} is a point of small order: nothing can be sealed for it", param=param) from problem
    return public


def box(key: bytes, plaintext: bytes, about: bytes) -> bytes:
    """`plaintext` under `key`; `about` says what it is and must be the same at opening."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return VERSION + nonce + AESGCM(key).encrypt(nonce, plaintext, about)


def unbox(key: bytes, boxed: bytes, about: bytes) -> bytes:
    """Raises Forbidden for another key, another `about`, or a byte that changed."""
    if boxed[:1] != VERSION or len(boxed) < 1 + NONCE_BYTES + 16:
        raise Forbidden(f"{len(boxed)} bytes are not a box")
    try:
        return AESGCM(key).decrypt(boxed[1 : 1 + NONCE_BYTES], boxed[1 + NONCE_BYTES :], about)
    except InvalidTag as problem:
        raise Forbidden("the box does not open with this key") from problem


def seal(public: bytes, plaintext: bytes, about: bytes) -> bytes:
    """`plaintext` for the holder of the private half alone."""
    once = X25519PrivateKey.generate()
    sender = once.public_key().public_bytes_raw()
    shared = once.exchange(X25519PublicKey.from_public_bytes(public))
    return sender + box(derived(shared, sender + public), plaintext, about)


def unseal(private: bytes, sealed: bytes, about: bytes) -> bytes:
    """Raises Forbidden like `unbox`."""
    if len(sealed) <= KEY_BYTES:
        raise Forbidden(f"{len(sealed)} bytes are not a sealed box")
    own, sender = X25519PrivateKey.from_private_bytes(private), sealed[:KEY_BYTES]
    try:
        shared = own.exchange(X25519PublicKey.from_public_bytes(sender))
    except ValueError as problem:
        raise Forbidden("the sealed box names no usable sender") from problem
    return unbox(derived(shared, sender + public_of(private)), sealed[KEY_BYTES:], about)


def derived(secret: bytes, salt: bytes, info: bytes = INFO) -> bytes:
    """A 32-byte key from a secret."""
    return HKDF(hashes.SHA256(), KEY_BYTES, salt, info).derive(secret)


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def raw(encoded: str, param: str, size: int | None = None) -> bytes:
    """Raises Invalid for what is not base64 of `size` bytes."""
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise Invalid(f"{param} is not base64", param=param) from problem
    if size is not None and len(data) != size:
        raise Invalid(f"{param} holds {len(data)} bytes, not {size}", param=param)
    return data
