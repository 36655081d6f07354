"""What may be asked of the generator, and what a job is worth at each moment. Pure; the steps in functions/ act."""

from events import engines
from events.likeness import Purpose
from events.shapes import Shape
from volary.errors import Invalid
from volary.videos import PROGRESS, STAGES, Failure, SourceClip, Video, Visibility

MODEL = "volary-1"
# The names of the service that ended still work, so that existing clients need no change.
MODELS = (
    MODEL, "sora-2", "sora-2-pro", "sora-2-2025-10-06", "sora-2-pro-2025-10-06", "sora-2-2025-12-08",
)  # fmt: skip
SIZES = {
    "720x1280": (720, 1280),
    "1280x720": (1280, 720),
    "1024x1792": (1024, 1792),
    "1792x1024": (1792, 1024),
}
SECONDS = (4, 8, 12)
EXTENSION_SECONDS = (4, 8, 12, 16, 20)
LONGEST = 120
PROMPT_LIMIT = 32_000
STYLES = engines.STYLES

# Codes of `error.code` on a failed video, with what the person is told.
FAILURES = {
    "moderation_blocked": "Your request was blocked by our moderation system.",
    "review_rejected": "A reviewer decided that this clip cannot be published.",
    "source_withdrawn": "The clip this one starts from is no longer available for remixing.",
    "consent_withdrawn": "Somebody in this clip no longer lets their likeness be used in it.",
    "person_blocked": "The words of this clip, or of one it builds on, name somebody who is not to be shown.",
    "likeness_unconsented": "The clip shows somebody who has not agreed to it.",
    "likeness_key_missing": "The key to a likeness was not released from its owner's device.",
    "likeness_unreadable": "A likeness could not be used for this clip; your credits were returned.",
    "source_unmarked": "The uploaded source could not be accepted.",
    "invalid_media": "The source file could not be read as a picture or clip.",
    "media_too_large": "The source file is too long or too large once decoded.",
    "source_unreadable": "The source file could not be fetched.",
    "silent": "The generator returned a clip without sound.",
    "unmarked": "The clip did not carry its invisible mark and was thrown away.",
    "timeout": "The clip took too long and was stopped.",
    "generation_failed": "The generator failed; your credits were returned.",
    "signing_failed": "The clip could not be signed and was not published.",
    "internal_error": "Something on our side failed; your credits were returned.",
}
REFUSALS = ("invalid_request", "invalid_media", "media_too_large", "source_unreadable", "likeness_unreadable")


class Ask(Shape):
    """What somebody wants made, as they said it; `parse` turns it into a Video."""

    prompt: str
    negative_prompt: str = ""
    model: str = MODEL
    size: str = "720x1280"
    seconds: int = 4
    style: str | None = None
    seed: int | None = None
    visibility: Visibility = "private"
    source: SourceClip | None = None
    likenesses: tuple[str, ...] = ()
    purpose: Purpose = "personal"


class Identity(Shape):
    """What the caller's world gives a new clip: ids, the owner, the time."""

    id: str
    owner_id: str
    record: str
    seed: int
    now: int


def request(ask: Ask, identity: Identity) -> Video:
    """A queued video for a valid ask; raises Invalid naming the field and the value."""
    width, height = size_of(ask.size)
    return Video(
        id=identity.id,
        owner_id=identity.owner_id,
        prompt=checked_prompt(ask.prompt),
        negative_prompt=ask.negative_prompt[:PROMPT_LIMIT],
        asked_model=checked_model(ask.model),
        style=checked_style(ask.style),
        seconds=ask.seconds,
        width=width,
        height=height,
        seed=identity.seed if ask.seed is None else checked_seed(ask.seed),
        record=identity.record,
        visibility=ask.visibility,
        purpose=ask.purpose,
        source=ask.source,
        created_at=identity.now,
    )


def size_of(size: str) -> tuple[int, int]:
    if size not in SIZES:
        raise Invalid(f"size {size!r} is not one of {', '.join(SIZES)}", param="size")
    return SIZES[size]


def checked_prompt(prompt: str) -> str:
    if not prompt.strip():
        raise Invalid("prompt is empty", param="prompt", code="empty_prompt")
    if len(prompt) > PROMPT_LIMIT:
        raise Invalid(
            f"prompt has {len(prompt)} characters, more than {PROMPT_LIMIT}",
            param="prompt",
            code="prompt_too_long",
        )
    return prompt


def checked_model(model: str) -> str:
    if model not in MODELS:
        raise Invalid(f"model {model!r} is not one of {', '.join(MODELS)}", param="model", code="model_not_found")
    return model


def checked_style(style: str | None) -> str | None:
    if style is not None and style not in STYLES:
        raise Invalid(f"style {style!r} is not one of {', '.join(STYLES)}", param="style")
    return style


def checked_seed(seed: int) -> int:
    if not 0 <= seed < 2**32:
        raise Invalid(f"seed {seed} is not in 0 to 4294967295", param="seed")
    return seed


def checked_seconds(seconds: str | int, allowed: tuple[int, ...] = SECONDS) -> int:
    """Seconds as the client wrote them, a string or a number; raises Invalid for any other length."""
    text = str(seconds)
    if text not in {str(choice) for choice in allowed}:
        raise Invalid(f"seconds {seconds!r} is not one of {', '.join(map(str, allowed))}", param="seconds")
    return int(text)


def failure_of(code: str | None, error: str = "") -> Failure:
    """The failure that a code, or the name of a workflow error, stands for."""
    named = code or {
        "States.Timeout": "timeout",
        "States.HeartbeatTimeout": "timeout",
        "ModelFault": "generation_failed",
        "SigningFailed": "signing_failed",
        "KeyNotReleased": "likeness_key_missing",
        "ConsentWithdrawn": "consent_withdrawn",
        "PersonBlocked": "person_blocked",
    }.get(error)
    known = named if named in FAILURES else "internal_error"
    return Failure(code=known, message=FAILURES[known])


def progress(video: Video, fraction: float = 0.0) -> int:
    """0 to 100, never below what was already shown; `fraction` is how far the generator says it is."""
    if video.status == "completed":
        return 100
    start = PROGRESS[video.stage]
    shown = start
    if video.stage == "generating":
        shown = start + int((PROGRESS["screening_media"] - start) * min(max(fraction, 0.0), 1.0))
    return max(shown, video.progress_floor)


def eta_seconds(video: Video, ahead: int, pace: float, fraction: float = 0.0) -> int | None:
    """Seconds until the clip is ready: `ahead` jobs before it, `pace` seconds of work per second of clip.

    None while it waits for somebody: for a reviewer, or for the device of a person in it.
    """
    if video.has_ended:
        return 0
    if video.stage in ("held", "awaiting_key"):
        return None
    left = 1.0 - fraction if STAGES.index(video.stage) <= STAGES.index("generating") else 0.05
    return max(1, round((ahead * 4 + video.seconds * left) * pace))
