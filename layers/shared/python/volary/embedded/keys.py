"""The `Keys` port on key files: an AES-256-GCM envelope bound to its context, and named P-256 signing keys.

The keys are as safe as the folder they lie in. Whoever needs more moves to the cloud home, where KMS keeps them.
"""

import json
import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from volary.certificates import Authority, authority, chain, issue
from volary.embedded.keyfiles import private_folder, replace_file, secret_file
from volary.errors import Forbidden, Invalid
from volary.ports import Clock

AUTHORITY_NAME = "Volary embedded home"
_VERSION = b"\x01"
_NONCE_BYTES = 12
_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")
_RENEWAL = timedelta(days=30)


class FileKeys:
    """Keys in `folder`, made when first used: envelope.key, authority.pem, and <name>.key with <name>.pem."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = private_folder(folder)
        self._clock = clock

    def wrap(self, plaintext: bytes, context: Mapping[str, str]) -> bytes:
        """Version byte, 96-bit random nonce, ciphertext and tag; the context is authenticated, not stored."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _VERSION + nonce + self._envelope().encrypt(nonce, plaintext, _canonical(context))

    def unwrap(self, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
        version, nonce, sealed = ciphertext[:1], ciphertext[1 : 1 + _NONCE_BYTES], ciphertext[1 + _NONCE_BYTES :]
        if version != _VERSION or len(nonce) != _NONCE_BYTES:
            raise Forbidden(f"{len(ciphertext)} bytes are not a sealed envelope")
        try:
            return self._envelope().decrypt(nonce, sealed, _canonical(context))
        except InvalidTag as problem:
            raise Forbidden(f"the envelope does not open in the context {dict(context)!r}") from problem

    def sign_digest(self, name: str, digest: bytes) -> bytes:
        if len(digest) != hashes.SHA256.digest_size:
            raise Invalid(f"a SHA-256 digest has 32 bytes, not {len(digest)}")
        return self.signing_key(name).sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))

    def certificates(self, name: str) -> str:
        """The chain of the key, issued on first use and again when its end is near; the key stays the same."""
        path = self._folder / f"{_checked(name)}.pem"
        pem = secret_file(path, lambda: self._new_chain(name))
        if x509.load_pem_x509_certificate(pem).not_valid_after_utc - self._clock.now() < _RENEWAL:
            pem = self._new_chain(name)
            replace_file(path, pem)
        return pem.decode()

    def public_key(self, name: str) -> bytes:
        encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        return self.signing_key(name).public_key().public_bytes(encoding, form)

    def secret(self, name: str) -> bytes:
        """32 random bytes of this home, the same for every process; for links and marks, not for envelopes."""
        return secret_file(self._folder / f"{_checked(name)}.secret", lambda: secrets.token_bytes(32))

    def secret_path(self, name: str) -> Path:
        """Where `secret(name)` lies, for a child process that is handed the file."""
        self.secret(name)
        return self._folder / f"{name}.secret"

    def _envelope(self) -> AESGCM:
        return AESGCM(secret_file(self._folder / "envelope.key", lambda: AESGCM.generate_key(256)))

    def signing_key(self, name: str) -> ec.EllipticCurvePrivateKey:
        """The key itself, for the embedded token issuer only; use cases have `sign_digest`."""
        return _p256(secret_file(self._folder / f"{_checked(name)}.key", _new_key))

    def _authority(self) -> Authority:
        pem = secret_file(self._folder / "authority.pem", self._new_authority)
        return Authority(_p256(pem), x509.load_pem_x509_certificate(pem))

    def _new_authority(self) -> bytes:
        made = authority(AUTHORITY_NAME, self._clock.now())
        return _pem(made.key) + made.certificate.public_bytes(serialization.Encoding.PEM)

    def _new_chain(self, name: str) -> bytes:
        issuer, public_key = self._authority(), self.signing_key(name).public_key()
        leaf = issue(issuer, public_key, f"{AUTHORITY_NAME} {name}", self._clock.now())
        return chain(leaf, issuer).encode()


def _new_key() -> bytes:
    return _pem(ec.generate_private_key(ec.SECP256R1()))


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption())


def _p256(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise Forbidden(f"the key file holds a {type(key).__name__}, not a P-256 key")
    return key


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name) or name in ("authority", "envelope"):
        raise Invalid(f"{name!r} cannot name a key: use lower-case letters, digits and hyphens")
    return name


def _canonical(context: Mapping[str, str]) -> bytes:
    return json.dumps(dict(context), sort_keys=True, separators=(",", ":")).encode()
