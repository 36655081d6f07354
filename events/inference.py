"""Requests to and answers from the model servers (`/invocations`); they carry links to media, never media.

Every link is a signed, expiring URL: `get` links are read with HTTP GET, `put` links are written with HTTP PUT.
That is why one container serves both homes. A refusal (HTTP 4xx) or fault (5xx) is answered with `InferenceError`.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from events.likeness import CaptureFinding, Challenge, Matched, SealedIndex
from events.moderation import Line, Signal, Span
from events.shapes import Shape

SourceUse = Literal["reference", "remix", "edit", "extend"]
Origin = Literal["generated", "upload"]
Hex64 = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class Source(Shape):
    """A picture or clip that the new clip starts from; `strength` 0 keeps it, 1 replaces it."""

    use: SourceUse
    get: str
    media: Literal["image", "video"]
    strength: float = Field(default=0.7, ge=0, le=1)


class Outputs(Shape):
    """Where the container writes: MP4, WebP thumbnail, WebP sprite sheet, and a small JSON `Progress`."""

    video: str
    thumbnail: str
    spritesheet: str
    progress: str | None = None


class LikenessReference(Shape):
    """A person to render, lent for one call: links to a portrait (PNG) and a voice (mono float32 at `rate`), both in
    boxes under the key behind `key`, each `about` its place. The model server drops all of it with the clip.
    """

    likeness_id: str
    picture: str
    voice: str
    key: str
    picture_about: str
    voice_about: str
    rate: int


class Generate(Shape):
    """Make one marked, encoded clip. `record` is the 64-bit id that the invisible mark carries, in hex."""

    task: Literal["generate"] = "generate"
    job_id: str
    prompt: str
    negative_prompt: str = ""
    style: str | None = None
    seconds: int = Field(ge=1, le=120)
    width: int
    height: int
    seed: int = Field(ge=0, lt=2**32)
    record: Hex64
    source: Source | None = None
    likenesses: tuple[LikenessReference, ...] = ()
    outputs: Outputs


class ScreenPrompt(Shape):
    """Judge a text before anything is made from it. `context` holds the prompts of the clips it builds on."""

    task: Literal["screen_prompt"] = "screen_prompt"
    text: str
    context: tuple[str, ...] = ()


class ScreenMedia(Shape):
    """Judge a clip's frames and sound and read its mark. Files are decoded in a limited child process."""

    task: Literal["screen_media"] = "screen_media"
    job_id: str
    get: str
    media: Literal["image", "video"] = "video"
    origin: Origin
    index: SealedIndex | None = None


class DetectMark(Shape):
    """Look for our mark in a file."""

    task: Literal["detect_mark"] = "detect_mark"
    get: str
    media: Literal["image", "video"] = "video"


class CheckCapture(Shape):
    """Judge a capture against its challenge. Templates and the capture leave sealed for `recipient`, by `put` only.

    `recipient` is a base64 X25519 public key. `index` is everybody enrolled; `own` are the account's own likenesses.
    """

    task: Literal["check_capture"] = "check_capture"
    likeness_id: str
    get: str
    challenge: Challenge
    claims_adult: bool
    recipient: str
    put: str
    index: SealedIndex | None = None
    own: tuple[str, ...] = ()


Late = Generate | ScreenMedia | CheckCapture  # what the media server answers later, by call id


class Embed(Shape):
    """Place short texts in the space of meanings, and say how near each is to every one of `anchors`.

    `subjects` asks under which topic of the catalogue each text falls, as the name of a subject. `words` are single
    words to look up in the vocabulary of the training texts. `frames` are wishes with "{}" for what they are about, and
    "[]" for other subjects beside it. `talk` is a whole text that somebody said to a feed, to be heard word by word.
    """

    task: Literal["embed"] = "embed"
    texts: tuple[str, ...] = Field(default=(), max_length=64)
    anchors: tuple[str, ...] = Field(default=(), max_length=2048)
    subjects: bool = False
    words: tuple[str, ...] = Field(default=(), max_length=512)
    frames: tuple[str, ...] = Field(default=(), max_length=16)
    talk: str = Field(default="", max_length=1000)


Request = Annotated[
    Generate | ScreenPrompt | ScreenMedia | DetectMark | CheckCapture | Embed, Field(discriminator="task")
]
REQUEST: TypeAdapter[Request] = TypeAdapter(Request)


class Progress(Shape):
    """How far a generation is: `fraction` in [0, 1] never falls; `eta_seconds` is the server's own estimate."""

    fraction: float
    eta_seconds: float


class MediaFacts(Shape):
    """What a finished or inspected file holds; `audio_seconds` 0 means no sound."""

    sha256: str
    size_bytes: int
    width: int
    height: int
    frames: int
    frame_rate: float
    seconds: float
    audio_seconds: float


class Timings(Shape):
    """Seconds spent in each part of a generation."""

    text: float = 0
    denoise: float = 0
    decode: float = 0
    mark: float = 0
    encode: float = 0


class Generated(Shape):
    """A clip that was made, marked, encoded and written; `not_rendered` are words the model never learned, `warnings`
    sentences on what was done otherwise than asked."""

    task: Literal["generate"] = "generate"
    media: MediaFacts
    model: str
    mark_algorithm: str
    not_rendered: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    timings: Timings = Timings()


class MarkReading(Shape):
    """What blind detection found: `payload` is None where nothing passes the stated false-positive rate."""

    payload: Hex64 | None
    p_value: float
    confidence: float
    ranges: tuple[Span, ...] = ()
    sound_payload: str | None = None


class PromptScreened(Shape):
    task: Literal["screen_prompt"] = "screen_prompt"
    language: str
    signals: tuple[Signal, ...]


class FrameHash(Shape):
    """A perceptual hash of one frame, `bits` in hex, `at` seconds from the start."""

    at: float
    bits: str


class MediaScreened(Shape):
    """`signals` of frames and sound; `transcript` is what was heard and `lines` when.

    `frames_seen` is how many frames were judged.
    """

    task: Literal["screen_media"] = "screen_media"
    media: MediaFacts
    mark: MarkReading
    signals: tuple[Signal, ...]
    transcript: str = ""
    lines: tuple[Line, ...] = ()
    frames_seen: int
    matched: Matched | None = None
    frame_hashes: tuple[FrameHash, ...] = ()


class CaptureChecked(Shape):
    """What every check of a capture found; `sealed_sha256` is of the ciphertext written to `put`, None if none was.

    Nothing is written unless every check passed or asks for review. `timings` are seconds by stage.
    """

    task: Literal["check_capture"] = "check_capture"
    likeness_id: str
    findings: tuple[CaptureFinding, ...]
    sealed_sha256: str | None = None
    timings: dict[str, float] = {}


class MarkDetected(Shape):
    task: Literal["detect_mark"] = "detect_mark"
    mark: MarkReading


class HeardWord(Shape):
    """Where a word stands in a text, and how much speaks for its naming what is wished for, each way."""

    start: int
    end: int
    ways: dict[str, float]


class Heard(Shape):
    """What a text is: shares of its kinds sum to one, a word's ways to less: the rest says that it names nothing."""

    kinds: dict[str, float]
    words: tuple[HeardWord, ...]


class Embedded(Shape):
    """`vectors` are 512 little-endian half floats each, of length one, in base64; `likeness` holds cosines.

    `likeness[i][j]` is that of text i and anchor j; `unknown` are the asked words that the vocabulary lacks; `ways`
    say for each frame how much speaks for each way that a wish may go, `topics` for each text how much for each topic
    ("-": for none), both empty from a server that cannot tell; `heard` is of `talk`.
    """

    task: Literal["embed"] = "embed"
    vectors: tuple[str, ...]
    likeness: tuple[tuple[float, ...], ...] = ()
    unknown: tuple[str, ...] = ()
    ways: tuple[dict[str, float], ...] = ()
    topics: tuple[dict[str, float], ...] = ()
    heard: Heard | None = None


class InferenceError(Shape):
    """Codes: invalid_request, invalid_media, media_too_large, source_unreadable, likeness_unreadable, output_refused,
    model_fault."""

    code: str
    message: str
