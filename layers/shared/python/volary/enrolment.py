"""How a likeness comes to be: its challenge, its capture, what the checks of a capture come to, and its states. Pure.

What is covered: a challenge works once and for sixty seconds; a capture is accepted when every check passed, goes to
a person when one asks for that, and is refused when one failed or could not run. What is not: the checks themselves
(inference/likeness) and how well they catch what they look for (docs/model-card-likeness.md).
"""

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from itertools import product
from typing import Literal

from events.likeness import CHECKS, CaptureFinding, Challenge, Custody, Turn
from events.shapes import Shape
from volary.audit import GENESIS
from volary.errors import Conflict, Invalid

State = Literal["challenged", "checking", "review", "keeping", "active", "refused", "withdrawn", "erased"]
Decision = Literal["accepted", "review", "refused"]
CHALLENGE_SECONDS = 60
DIGITS = 6
TURNS = 3
GROUPS = (2, 4)  # groups that the digits are shown in, least and most
MOST_IN_GROUP = 4
ALL_TURNS: tuple[Turn, ...] = ("left", "right", "up", "down")

TURN_WORDS: dict[str, dict[Turn, str]] = {
    "en": {"left": "left", "right": "right", "up": "up", "down": "down"},
    "fr": {"left": "à gauche", "right": "à droite", "up": "vers le haut", "down": "vers le bas"},
}
INSTRUCTIONS = {
    "en": "Look into the camera. Turn your head {turns}, and back to the camera after each turn. Then read these digits"
    " aloud, one by one: {digits}. Make a pause of about a second at every gap, and none within a group."
    " Twelve seconds are the most for all of it.",
    "fr": "Regardez la caméra. Tournez la tête {turns}, en revenant face à la caméra après chaque mouvement. Lisez"
    " ensuite ces chiffres à voix haute, un par un : {digits}. Marquez une pause d'environ une seconde à chaque espace,"
    " et aucune à l'intérieur d'un groupe. Le tout doit durer douze secondes au plus.",
}


# What it means where the key lies, told before anything is captured.
CUSTODY_TEXTS: dict[str, dict[Custody, str]] = {
    "en": {
        "device": "The key to your capture is locked by two halves; one of them only your device can open. For every"
        " clip with you, also one that somebody you allow asks for, your device must release its half within an hour,"
        " or the clip is not made. A release is good for one clip. If you lose the device, enrol again. The templates"
        " by which your face and voice are recognised in clips and uploads are under a key of this server in any case,"
        " because that protection must work while your device is off.",
        "server": "This server holds the whole key to your capture. Clips that you allow are made at any time, without"
        " your device. But whoever takes over this server and its keys can open your capture, which they could not"
        " without your device if it held its half. Every opening is noted, and erasing destroys the key all the same."
        " To have a device hold its half, erase this likeness and enrol again.",
    },
    "fr": {
        "device": "La clé de votre capture est verrouillée par deux moitiés ; seul votre appareil peut ouvrir l'une"
        " d'elles. Pour chaque vidéo avec vous, même demandée par une personne que vous autorisez, votre appareil doit"
        " libérer sa moitié dans l'heure, sinon la vidéo n'est pas faite. Une libération vaut pour une seule vidéo. Si"
        " vous perdez l'appareil, inscrivez-vous à nouveau. Les modèles qui servent à reconnaître votre visage et votre"
        " voix dans les vidéos et les fichiers envoyés sont dans tous les cas sous une clé de ce serveur, car cette"
        " protection doit agir même quand votre appareil est éteint.",
        "server": "Ce serveur détient la clé entière de votre capture. Les vidéos que vous autorisez se font à tout"
        " moment, sans votre appareil. Mais quiconque s'empare de ce serveur et de ses clés peut ouvrir votre capture,"
        " ce qui serait impossible sans votre appareil s'il gardait sa moitié. Chaque ouverture est consignée, et"
        " l'effacement détruit la clé tout de même. Pour confier une moitié à un appareil, effacez cette image et"
        " inscrivez-vous à nouveau.",
    },
}


class ConsentText(Shape):
    """What a person agrees to; `sha256` is of the text in the language that they read."""

    version: str
    language: Literal["en", "fr"]
    text: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


class Likeness(Shape):
    """A person's likeness from challenge to erasure. Times are epoch seconds; `version` counts changes."""

    id: str
    owner_id: str
    state: State = "challenged"
    challenge: Challenge
    custody: Custody = "device"
    device_key: str | None = None
    upload_key: str
    call_id: str | None = None
    text_version: str | None = None
    text_sha256: str | None = None
    findings: tuple[CaptureFinding, ...] = ()
    sealed_sha256: str | None = None
    created_at: int
    confirmed_at: int | None = None
    decided_at: int | None = None
    version: int = 1
    audit_head: str = GENESIS


@cache
def consent_texts() -> dict[str, ConsentText]:
    """The texts of consent.json beside this module, by language."""
    document = json.loads(resources.files("volary").joinpath("consent.json").read_text("utf-8"))
    texts = document["texts"].items()
    return {
        language: ConsentText(version=document["version"], language=language, text=" ".join(text))
        for language, text in texts
    }


@cache
def groupings() -> tuple[tuple[int, ...], ...]:
    """Every way to show the digits in groups, 23 of them: a capture that is not for this challenge has another."""
    sizes, least, most = range(1, MOST_IN_GROUP + 1), *GROUPS
    return tuple(
        each for count in range(least, most + 1) for each in product(sizes, repeat=count) if sum(each) == DIGITS
    )


def challenge(draw: int, language: Literal["en", "fr"], now: int) -> Challenge:
    """A challenge from a random number of at least 64 bits; neighbouring turns differ."""
    digits = f"{draw % 10**DIGITS:0{DIGITS}d}"
    rest, turns = draw // 10**DIGITS, list[Turn]()
    while len(turns) < TURNS:
        choices = [turn for turn in ALL_TURNS if not turns or turn != turns[-1]]
        rest, index = divmod(rest, len(choices))
        turns.append(choices[index])
    return Challenge(
        digits=digits, groups=groupings()[rest % len(groupings())], turns=tuple(turns), language=language,
        issued_at=now, expires_at=now + CHALLENGE_SECONDS,
    )  # fmt: skip


def instructions(asked: Challenge) -> str:
    """What a person is told to do for a challenge, in its language."""
    turns = ", ".join(TURN_WORDS[asked.language][turn] for turn in asked.turns)
    return INSTRUCTIONS[asked.language].format(turns=turns, digits=asked.shown)


def confirmed(likeness: Likeness, agreed: ConsentText, call_id: str, now: int) -> Likeness:
    """The capture was sent and the text agreed to, in one act and in time; raises Conflict for a second or late one."""
    if likeness.state != "challenged":
        raise Conflict(f"the challenge of {likeness.id} was used: it is {likeness.state}", code="challenge_used")
    if now >= likeness.challenge.expires_at:
        late = now - likeness.challenge.expires_at
        raise Conflict(f"the challenge ended {late} s ago; start again", code="challenge_expired")
    fresh = {"state": "checking", "call_id": call_id, "confirmed_at": now}
    return likeness.model_copy(update={**fresh, "text_version": agreed.version, "text_sha256": agreed.sha256})


def agreed_text(version: str, sha256: str) -> ConsentText:
    """The text that these name; raises Invalid where it is not one of today's, so that nobody agrees to an old one."""
    for text in consent_texts().values():
        if (text.version, text.sha256) == (version, sha256):
            return text
    raise Invalid(
        f"consent text {version!r} with SHA-256 {sha256[:16]}… is not today's; show the person the text of the answer",
        param="consent",
        code="consent_text_outdated",
    )


def decide(findings: Sequence[CaptureFinding]) -> Decision:
    """Refused where a check failed, did not run or is missing or doubled; a person's where one asks for it."""
    by_name = {each.check: each for each in findings}
    if len(by_name) != len(findings) or set(by_name) != set(CHECKS):
        return "refused"
    outcomes = {each.outcome for each in findings}
    if outcomes & {"fail", "unavailable"}:
        return "refused"
    return "review" if "review" in outcomes else "accepted"
