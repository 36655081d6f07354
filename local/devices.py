"""The key of this device, in a file that only its owner may read: it opens a person's half of their likeness' key.

One key for each account of each home. The file is PKCS #8 as PEM (RFC 5958, RFC 7468), with a passphrase or without,
so that other programs read it, too. It never leaves this machine: a home is told its public half, and gets, for one
clip at a time, the half that the home itself had sealed for it. Not covered: who reads this account's files or the
memory of this process. Whoever copies the file has the device.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from volary import boxes
from volary.embedded.keyfiles import secret_file
from volary.errors import Absent, Forbidden, Invalid

Passphrase = Callable[[], str]
ACCOUNT = re.compile(r"[A-Za-z0-9_-]{1,100}")


@dataclass(frozen=True)
class DeviceKey:
    """The opened key. `private` is 32 bytes and is shown nowhere."""

    path: Path
    private: bytes = field(repr=False)

    @property
    def public(self) -> str:
        """What a home may know of it, base64."""
        return boxes.text(boxes.public_of(self.private))

    def half(self, box: str, likeness_id: str) -> str:
        """What the home sealed for this device, base64. Raises Forbidden where it was sealed for another one."""
        return boxes.text(boxes.unseal(self.private, boxes.raw(box, "device_box"), likeness_id.encode()))


def keys_folder(chosen: Path | None) -> Path:
    """`chosen`, or "volary/keys" in the person's configuration folder."""
    settings = os.environ.get("XDG_CONFIG_HOME")
    return chosen or (Path(settings) if settings else Path.home() / ".config") / "volary" / "keys"


def key_path(folder: Path, home: str, user_id: str) -> Path:
    """Where the key for one account of one home lies. Raises Invalid for an id that would name another place."""
    if not ACCOUNT.fullmatch(user_id):
        raise Invalid(f"the home calls you {user_id!r}, which is no name for a file")
    return folder / home / f"{user_id}.pem"


def made(path: Path, passphrase: Passphrase, *, locked: bool) -> DeviceKey:
    """The key in `path`, or a fresh one, for which `passphrase` is asked where it is to be `locked`."""
    if not path.exists():
        secret_file(path, lambda: _pem(X25519PrivateKey.generate(), passphrase() if locked else ""))
    return opened(path, passphrase)


def opened(path: Path, passphrase: Passphrase) -> DeviceKey:
    """Raises Absent where there is none, Forbidden where others may read it or the passphrase is another, Invalid for
    what is no such key.
    """
    if not path.exists():
        raise Absent(f"the key of this device is not in {path}")
    pem = secret_file(path, bytes)
    try:
        key = _loaded(pem, passphrase)
    except ValueError as problem:
        raise Forbidden(f"{path} does not open: another passphrase, or no key") from problem
    if not isinstance(key, X25519PrivateKey):
        raise Invalid(f"{path} holds a {type(key).__name__}, not a key for X25519")
    return DeviceKey(path, key.private_bytes_raw())


def _loaded(pem: bytes, passphrase: Passphrase) -> object:
    """Raises ValueError for what does not open."""
    try:
        return load_pem_private_key(pem, None)
    except TypeError:  # how the library says that it is locked
        return load_pem_private_key(pem, passphrase().encode())


def _pem(key: X25519PrivateKey, passphrase: str) -> bytes:
    lock = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)
