"""Enrols a person through a home's API: what they agree to, the challenge, their recording, and what it came to.

It records nothing itself: another program films, or the person does. Nothing is sent before they agreed.
"""

import shlex
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from volary.enrolment import CHALLENGE_SECONDS, CUSTODY_TEXTS, consent_texts
from volary.errors import Conflict, Invalid, Unavailable

from events.likeness import Custody
from local.remote import Remote

KINDS = {".mp4": "video/mp4", ".webm": "video/webm"}
MOST_TEXTS = 3
POLL_SECONDS = 1.0
PATIENCE_SECONDS = 600.0
UNDECIDED = ("checking", "keeping")


@dataclass(frozen=True)
class Wish:
    """How a person enrols. `recorder` is a command in which {file} stands for `capture`; None: they film themselves.

    Raises Invalid for a capture of another kind than homes take.
    """

    capture: Path
    custody: Custody = "device"
    language: Literal["en", "fr"] = "en"
    renew: bool = False
    recorder: str | None = None

    def __post_init__(self) -> None:
        if self.capture.suffix not in KINDS:
            raise Invalid(f"{self.capture.name} must end in {' or '.join(KINDS)}", param="capture")

    @property
    def content_type(self) -> str:
        return KINDS[self.capture.suffix]


@dataclass(frozen=True)
class Terms:
    """What a person is told before they agree: where the key will lie, and the text of the consent."""

    custody: str
    consent: str


def challenged(wish: Wish, device_key: str | None, remote: Remote, agrees: Callable[[Terms], bool]) -> dict[str, Any]:
    """A fresh challenge of the home, whose very terms the person agreed to. Raises Conflict where they did not.

    The terms are shown before a challenge is asked for, because that lasts a minute; where a home has others than
    this program knows, those are shown, and a new challenge is asked for.
    """
    terms = Terms(CUSTODY_TEXTS[wish.language][wish.custody], consent_texts()[wish.language].text)
    asked = {"language": wish.language, "custody": wish.custody, "content_type": wish.content_type, "renew": wish.renew}
    for _ in range(MOST_TEXTS):
        if not agrees(terms):
            raise Conflict("without your agreement nothing is recorded or sent")
        begun = remote.post("/likenesses", asked | ({"device_key": device_key} if device_key else {}))
        if begun["custody"] != wish.custody:
            raise Conflict(f"asked for custody {wish.custody}, the home answered {begun['custody']}: nothing is sent")
        wanted = Terms(begun["custody_text"], begun["consent"]["text"])
        if wanted == terms:
            return begun
        terms = wanted
    raise Conflict(f"{remote.origin} changes what you are to agree to each time it is asked")


def recorded(wish: Wish, filmed: Callable[[], None]) -> None:
    """Have the capture recorded; `filmed` returns when the person has done it. Raises Conflict where it was not."""
    before = wish.capture.stat().st_mtime_ns if wish.capture.exists() else None
    if wish.recorder is None:
        filmed()
    else:
        _run([part.replace("{file}", str(wish.capture)) for part in shlex.split(wish.recorder)])
    if not wish.capture.exists() or wish.capture.stat().st_mtime_ns == before:
        raise Conflict(f"{wish.capture} was not written since the challenge was shown: nothing was sent")


def sent(wish: Wish, begun: dict[str, Any], remote: Remote) -> None:
    """The capture and, in the same act, the agreement to the text of the challenge."""
    remote.upload(begun["form"], wish.capture, wish.content_type)
    text = {"text_version": begun["consent"]["version"], "text_sha256": begun["consent"]["sha256"], "confirmed": True}
    remote.post(f"/likenesses/{begun['id']}/capture", text)


def decided(likeness_id: str, remote: Remote) -> dict[str, Any]:
    """The likeness once its checks are done. Raises Unavailable when they take too long; they go on, though."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = remote.get(f"/likenesses/{likeness_id}")
        if found["state"] not in UNDECIDED:
            return found
        time.sleep(POLL_SECONDS)
    raise Unavailable(f"{likeness_id} is still being checked: ask again later with volary device status")


def _run(command: list[str]) -> None:
    try:
        status = subprocess.run(command, stdin=subprocess.DEVNULL, timeout=CHALLENGE_SECONDS).returncode
    except subprocess.TimeoutExpired as late:
        raise Conflict(f"{command[0]} did not end within the {CHALLENGE_SECONDS} s of the challenge") from late
    if status != 0:
        raise Conflict(f"{command[0]} ended with status {status}: nothing was sent")
