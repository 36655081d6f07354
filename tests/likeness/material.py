"""A sealed capture as the model server would write one, with canaries where a person's data would be."""

import base64
import hashlib
import json
from dataclasses import dataclass

from volary import boxes, vault
from volary.ports import Services

from events.inference import CaptureChecked
from inference.likeness.sealing import seal


@dataclass(frozen=True)
class Taken:
    """What was taken from one person, and what the check said of it."""

    likeness_id: str
    parts: dict[str, bytes]
    checked: CaptureChecked


def taken(likeness_id: str, services: Services, face: float = 0.1, parts: dict[str, bytes] | None = None) -> Taken:
    """Seal a made-up capture for the likeness and put it where the model server would."""
    public = base64.b64decode(vault.recipient(likeness_id, services))
    parts = parts or {
        name: f"canary {name} of {likeness_id} ".encode() * 40 for name in ("picture", "voice", "capture")
    }
    header = {"face": [[face] * 128], "voice": [0.5] * 256, "rate": 16000,
              "parts": {name: len(data) for name, data in parts.items()}}  # fmt: skip
    head = json.dumps(header).encode()
    sealed = seal(public, len(head).to_bytes(4, "big") + head + b"".join(parts.values()), likeness_id.encode())
    services.blobs.put("likenesses", f"{likeness_id}/capture", sealed, "application/octet-stream")
    digest = hashlib.sha256(sealed).hexdigest()
    return Taken(likeness_id, parts, CaptureChecked(likeness_id=likeness_id, findings=(), sealed_sha256=digest))


@dataclass(frozen=True)
class Device:
    """A person's device: it holds a key of its own and opens what was sealed for it."""

    private: bytes

    @property
    def key(self) -> str:
        return boxes.text(boxes.public_of(self.private))

    def opened(self, box: str, likeness_id: str) -> str:
        return boxes.text(boxes.unseal(self.private, base64.b64decode(box), likeness_id.encode()))
