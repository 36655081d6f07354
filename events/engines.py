"""The engines that can make clips and what each is able to do, as clients read it in `GET /v1/models`.

The model servers hold the engines, the product only their names; `tests/inference/test_engines.py` compares the two.
"""

from events.inference import SourceUse
from events.shapes import Shape


class EngineLimits(Shape):
    """What an engine makes of a request. Every engine takes every request of ours; `notes` says what it does instead
    of what it cannot do, and a clip's own `not_rendered` and `warnings` say it again for that clip.

    `native_size` is what the networks themselves draw (width, height) where that is fixed; sizes are reached from it by
    enlarging. `window_seconds` is what it makes at once; longer clips continue from their last frames. `likenesses` is
    how many people given by reference one clip can show; an engine that shows none says so in `notes`.
    """

    frame_rate: int
    sample_rate: int
    native_size: tuple[int, int] | None
    window_seconds: int
    longest_seconds: int
    prompt_length: int
    prompt_unit: str
    languages: tuple[str, ...]
    styles: tuple[str, ...]
    uses: tuple[SourceUse, ...]
    names_unknown_words: bool
    likenesses: int = 0
    notes: tuple[str, ...] = ()


STYLES = ("cinematic", "animation", "illustration", "photographic")
USES: tuple[SourceUse, ...] = ("reference", "remix", "edit", "extend")

SMALL, LARGE = "volary-1", "ltx-2"
LIMITS: dict[str, EngineLimits] = {
    SMALL: EngineLimits(
        frame_rate=12,
        sample_rate=24_000,
        native_size=(448, 256),
        window_seconds=4,
        longest_seconds=120,
        prompt_length=96,
        prompt_unit="word pieces",
        languages=("en", "fr"),
        styles=STYLES,
        uses=USES,
        names_unknown_words=True,
        likenesses=1,
        notes=("knows the world of its own renders only: words outside it are listed in not_rendered",),
    ),
    LARGE: EngineLimits(
        frame_rate=24,
        sample_rate=24_000,
        native_size=None,
        window_seconds=20,
        longest_seconds=120,
        prompt_length=1024,
        prompt_unit="tokens",
        languages=("en",),
        styles=STYLES,
        uses=USES,
        names_unknown_words=False,
        notes=(
            "style is given as words in front of the prompt",
            "an extension sees the last second of picture; its sound begins anew under a short cross-fade",
            "the sound of a remix is made anew from strength 0.5 on; below, the source's sound is kept",
            "a negative prompt has no effect where the deployment samples without guidance",
            "likenesses are not conditioned on",
        ),
    ),
}
