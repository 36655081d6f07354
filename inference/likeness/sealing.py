"""Seals what was taken from a person for one X25519 key, and opens what is lent for one request.

The format is that of `volary.boxes`, which this package may not import; a test opens here what was sealed there and
the other way round. The private half of a likeness's key never comes to this process.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from inference.refusal import InvalidRequest

INFO = b"volary.likeness.box/1"
VERSION = b"\x01"
NONCE_BYTES = 12


def seal(public: bytes, plaintext: bytes, about: bytes) -> bytes:
    """`plaintext` for the holder of the private half alone. Raises InvalidRequest for what is no public key."""
    once = X25519PrivateKey.generate()
    sender = once.public_key().public_bytes_raw()
    try:
        shared = once.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError as fault:
        raise InvalidRequest(f"recipient is no X25519 key: {fault}") from fault
    key = HKDF(hashes.SHA256(), 32, sender + public, INFO).derive(shared)
    nonce = os.urandom(NONCE_BYTES)
    return sender + VERSION + nonce + AESGCM(key).encrypt(nonce, plaintext, about)


def unbox(key: bytes, boxed: bytes, about: bytes) -> bytes:
    """Raises InvalidRequest for another key, another `about`, or a byte that changed."""
    try:
        if boxed[:1] != VERSION:
            raise InvalidRequest(f"{len(boxed)} bytes are not a box")
        return AESGCM(key).decrypt(boxed[1 : 1 + NONCE_BYTES], boxed[1 + NONCE_BYTES :], about)
    except (InvalidTag, ValueError) as fault:
        raise InvalidRequest("the box does not open with its key") from fault
