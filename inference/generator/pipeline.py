"""From an `Ask` to a `Clip`: reads the text, plans windows of four seconds, denoises each, decodes, and stitches.

A window sees the last latents of what came before it, which is also how a clip is extended and an image comes alive.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from events.engines import LIMITS, SMALL, EngineLimits
from inference import weights
from inference.generator import audio, frames, premises, sources
from inference.generator import plan as planning
from inference.generator.appearance import Described, Looks, described
from inference.generator.asking import Ask, AskError, Clip, SourceClip, check
from inference.generator.audio import AudioAutoencoder, AudioShape
from inference.generator.autoencoder import SPATIAL, TEMPORAL, VideoAutoencoder, VideoShape
from inference.generator.backdrop import Backdrop, BackdropShape
from inference.generator.enlarger import FOLD, Enlarger, EnlargerShape
from inference.generator.falling import falling, weather_of
from inference.generator.likeness import PEOPLE, TRAITS, LikenessEncoder, somebody
from inference.generator.loudness import normalised
from inference.generator.noise import moving
from inference.generator.plan import FRAMES, Ground, Plan, Planner, PlanShape, beats, centred, trace
from inference.generator.reading import LONGEST, PromptReader, Reader, ReaderShape, encoder
from inference.generator.sampling import Latents, Recipe, Start, denoise
from inference.generator.staging import Scenery, continued, hung, staged
from inference.generator.steadying import steadied
from inference.generator.telling import told
from inference.generator.text import TOKENS, WIDTH, Lexicon, Text, TextEncoder, readable
from inference.generator.tracker import Track, Tracker, TrackerShape, looked_at
from inference.generator.transformer import PATCH, Condition, Transformer, TransformerShape
from inference.generator.windows import PREFIX, SOUNDS, WINDOW, Known, joined, rounds, tail, window_of
from inference.generator.wishes import Wish, World, wish

__all__ = ["Ask", "Clip", "Generator", "SourceClip"]

_SOUND_SPAN = audio.RATE * TEMPORAL // frames.RATE  # samples a video latent lasts


@dataclass(frozen=True)
class _Job:
    """One clip being made: its conditions, size in latents, source and what to call at each step."""

    wish: Wish
    unwanted: Text | None
    style: int
    grid: tuple[int, int]
    length: int  # video latents in all
    seed: int
    traits: torch.Tensor  # (1,16) of the person, should there be one
    on_step: Callable[[float], None]


_Parts = tuple[
    VideoAutoencoder,
    AudioAutoencoder,
    Transformer,
    Tracker,
    Planner,
    Enlarger,
    Backdrop,
    Reader,
    LikenessEncoder | None,
]
_NAMES = ("autoencoder", "audio", "transformer", "tracker", "planner", "enlarger", "backdrop", "reader", "likeness")


class Generator:
    """The loaded model. `model` is its name with a short digest; `styles` are the names an Ask may use."""

    limits: ClassVar[EngineLimits] = LIMITS[SMALL]

    def __init__(self, parts: _Parts, config: dict, model: str) -> None:
        for part in parts:
            if part is not None:
                part.eval().requires_grad_(False)
        self.video, self.audio, self.transformer, self.tracker, self.planner, *drawing, reader, self.likeness = parts
        self.enlarger, self.backdrop = drawing
        self.model = model
        self.styles: tuple[str, ...] = tuple(config["styles"])
        self.attributes: dict[str, list[str]] = config["attributes"]
        self.recipe = Recipe(**config["recipe"])
        self.reader = PromptReader(encoder(config["encoder"]), reader, self.attributes)
        self.text = TextEncoder()
        self.words: dict[str, dict[str, str]] = config["words"]
        self.rims: dict[str, float] = config["rims"]
        self.grounds = {setting: Ground.read(*ground) for setting, ground in config["grounds"].items()}
        self.world = World(self.attributes, self.planner.shape.values, config["scenes"])
        taught = list(config["lexicon"])
        self.lexicon = Lexicon([*taught, *config["taught"].split()], self.text.vectors(taught), config["threshold"])

    @classmethod
    def load(cls, folder: Path) -> Generator:
        """Reads a weight folder; raises WeightsError naming the file if anything is not as its manifest says."""
        found = weights.manifest(folder)
        try:
            config = found["config"]
            parts = (
                VideoAutoencoder(VideoShape(**config["video"])),
                AudioAutoencoder(AudioShape(**config["audio"])),
                Transformer(TransformerShape(**config["transformer"])),
                Tracker(TrackerShape(**config["tracker"])),
                Planner(PlanShape(**config["planner"])),
                Enlarger(EnlargerShape(**config["enlarger"])),
                Backdrop(BackdropShape(**config["backdrop"])),
                Reader(ReaderShape(**config["reader"])),
                LikenessEncoder.beside(folder, config["likeness"]) if "likeness" in config else None,
            )
        except (KeyError, TypeError) as error:
            raise weights.WeightsError(f"{folder / 'manifest.json'} has no usable config: {error}") from error
        for part, name in zip(parts, _NAMES, strict=True):
            if part is None:
                continue
            try:
                part.load_state_dict(weights.load_safetensors(folder, f"{name}.safetensors"))
            except RuntimeError as error:
                if isinstance(error, weights.WeightsError):
                    raise
                raise weights.WeightsError(f"{folder / name}.safetensors does not fit its config: {error}") from error
        digest = found["files"]["transformer.safetensors"]["sha256"]
        return cls(parts, config, f"{found['model']}@{digest[:12]}")

    def generate(self, ask: Ask, on_progress: Callable[[float], None]) -> Clip:
        """The clip asked for; the same ask gives the same clip on the same machine. Raises AskError for a bad one.

        `on_progress` hears shares of the whole, rising to 1.
        """
        return self.explained(ask, on_progress)[0]

    def explained(self, ask: Ask, on_progress: Callable[[float], None]) -> tuple[Clip, Plan]:
        """The clip, and the plan that what was made of it followed: what evaluation finds the subject by."""
        check(ask, self.styles)
        timings: dict[str, float] = {}
        with _timed(timings, "text"):
            prompt, unwanted, warnings = readable(ask, self.reader.is_readable, f"{LONGEST} word pieces")
            person = self._described(prompt)
            unknown = tuple(word for word in self.lexicon.unknown(person.rest, self.text) if word not in person.words)
            job = self._job(ask, (person.rest, unwanted), self._traits(ask, person.looks), on_progress)
        source = None if ask.source is None else sources.fitted(ask.source, ask.seconds)
        with torch.inference_mode(), _timed(timings, "denoise"):
            made = self._made(job, source)
        with torch.inference_mode(), _timed(timings, "decode"):
            pictures, sound = self._decoded(made, source, job)
            clip = sources.finished(ask, source, pictures, sound)
        on_progress(1.0)
        assert made.plan is not None
        return replace(clip, not_rendered=unknown, timings=timings, warnings=warnings), made.plan

    def _described(self, prompt: str) -> Described:
        """How somebody looks by a prompt about one person, and what else it says; else nothing, and all of it."""
        is_person = self.reader.read(prompt).get("subject") == PEOPLE[0]
        return described(prompt) if is_person else Described({}, frozenset(), prompt)

    def _job(
        self, ask: Ask, prompts: tuple[str, str], traits: torch.Tensor, on_progress: Callable[[float], None]
    ) -> _Job:
        high, wide = frames.bucket(ask.width, ask.height)
        return _Job(
            wish(self.reader, self.world, ask, prompts),
            self.text.encode(prompts[1]) if prompts[1] else None,
            len(self.styles) if ask.style is None else self.styles.index(ask.style),
            (high // SPATIAL, wide // SPATIAL),
            ask.seconds * frames.RATE // TEMPORAL,
            ask.seed,
            traits,
            lambda share: on_progress(0.9 * share),
        )

    def _traits(self, ask: Ask, looks: Looks) -> torch.Tensor:
        """The traits (1,16) of the likeness, or of somebody whom the seed makes up as they are described: a person is
        always someone, and whoever lent their likeness stays who they are."""
        if len(ask.likenesses) > self.limits.likenesses:
            raise AskError(f"{len(ask.likenesses)} likenesses, this engine shows at most {self.limits.likenesses}")
        if not ask.likenesses:
            return torch.tensor(somebody(ask.seed, looks))[None]
        if self.likeness is None or not self._people():
            raise AskError(f"{self.model} was trained without people of its own and can show no likeness")
        return self.likeness.read(ask.likenesses[0])[None]

    def _people(self) -> list[int]:
        """The places of the subjects that have traits."""
        return [place for place, name in enumerate(self.attributes["subject"]) if name in PEOPLE]

    def _shown(self, job: _Job, plan: Plan) -> torch.Tensor:
        """The traits (1,16) of the person in the plan, zeros where there is nobody."""
        subject = plan.attributes[0, list(self.attributes).index("subject")]
        return job.traits if int(subject) in self._people() else torch.zeros_like(job.traits)

    def _made(self, job: _Job, source: SourceClip | None) -> Known:
        """Latents and plan of the whole clip, of an extension those from its prefix on."""
        match source.use if source else None:
            case None:
                return self._continued(job, None)
            case "reference":
                return self._continued(job, self._still(source, job))
            case "extend":
                known, length = self._prefix(source, job)
                return self._continued(replace(job, length=length), known)
            case _:
                return self._remixed(job, source)

    def _continued(self, job: _Job, known: Known | None) -> Known:
        """Windows one after another, the first beginning with what is known."""
        done = known
        count = rounds(job.length, len(known.latents.video) if known else 0)
        for place in range(count):
            prefix = tail(done) if done else None
            keep = len(prefix.latents.video) if prefix else 0
            plan = self._planned(job, place, prefix)
            window = self._window(job, prefix, plan, (place, place / count, 1 / count))
            before = done.latents if done else Latents(window.video[:0], window.audio[:0])
            is_image = done is not None and place == 0 and not done.has_sound and keep == 1
            sound = window.audio if is_image else torch.cat([before.audio, window.audio[SOUNDS * keep :]])
            latents = Latents(torch.cat([before.video, window.video[keep:]]), sound)
            done = Known(latents, True, joined(done.plan if done else None, plan, keep))
        assert done is not None and done.plan is not None
        whole = Latents(done.latents.video[: job.length], done.latents.audio[: SOUNDS * job.length])
        return Known(whole, True, Plan(done.plan.attributes, done.plan.motion[:, : TEMPORAL * job.length]))

    def _planned(self, job: _Job, place: int, known: Known | None = None, before: Plan | None = None) -> Plan:
        """The plan of a window: around what was said, going on where known latents or their own plan end, or after a
        window that it shares nothing with."""
        premise = premises.said(self.attributes, job.wish.said, job.grid[0] > job.grid[1])
        if known is not None and known.plan is not None:
            premise = premises.goes_on(premise, known.plan, len(known.latents.video))
        if before is not None:
            premise = premises.follows(premise, before)
        if known is not None and known.track is not None:
            premise = premises.shows(premise, known.track, list(self.attributes), job.wish.allowed)
        plan = planning.made(self.planner, premise.hints, (premise.start, job.seed * 1013 + place), job.wish.allowed)
        motion = steadied(plan.motion, premise.is_free, self._named(plan))
        return replace(plan, motion=premise.placed(motion))

    def _window(self, job: _Job, prefix: Known | None, plan: Plan, progress: tuple[int, float, float]) -> Latents:
        place, *shares = progress
        noise = self._noise(job, plan, place)
        known = Latents(noise.video.clone(), noise.audio.clone())
        keep = len(prefix.latents.video) if prefix else 0
        heard = SOUNDS * keep if prefix and prefix.has_sound else 0
        if prefix:
            known.video[:keep] = prefix.latents.video
            known.audio[:heard] = prefix.latents.audio[len(prefix.latents.audio) - heard :]
        start = Start(known, noise, 1.0)
        return self._denoised(job, start, plan, (keep, heard), tuple(shares))

    def _denoised(
        self, job: _Job, start: Start, plan: Plan, given: tuple[int, int], progress: tuple[float, ...]
    ) -> Latents:
        wanted = self.text.encode(told(self.words, self._named(plan), PEOPLE))
        moves = _moves(plan, job.grid)
        nobody = torch.zeros(1, len(TRAITS))
        conditions = (
            _condition(wanted, job.style, given, (*moves, torch.tensor([True]), self._shown(job, plan))),
            _condition(job.unwanted, len(self.styles), given, (*moves, torch.tensor([False]), nobody)),
        )
        done, share = progress
        return denoise(self.transformer, conditions, start, self.recipe, lambda part: job.on_step(done + share * part))

    def _noise(self, job: _Job, plan: Plan, place: int) -> Latents:
        random = torch.Generator().manual_seed((job.seed * 1009 + place) % 2**63)
        shape = self.transformer.shape
        video = moving(plan.motion, (1, WINDOW, *job.grid, shape.video), random)[0]
        return Latents(video, torch.randn(WINDOW * SOUNDS, shape.audio, generator=random))

    def _remixed(self, job: _Job, source: SourceClip) -> Known:
        """Every window starts from the source's own latents, noised as far as its strength says."""
        pictures = _fitted(source, job)
        known = self._encoded(pictures, source)
        count = min(len(known.latents.video), job.length)
        made: list[Latents] = []
        whole: Plan | None = None
        starts = range(0, count, WINDOW)
        for place, first in enumerate(starts):
            part = window_of(known.latents, first)
            read = self._tracked(pictures[TEMPORAL * first :][:FRAMES]) if source.strength < 1 else None
            plan = self._planned(job, place, Known(part, known.has_sound, track=read), whole)
            start = Start(part, self._noise(job, plan, place), source.strength)
            window = self._denoised(job, start, plan, (0, 0), (place / len(starts), 1 / len(starts)))
            if not known.has_sound:
                window = self._sounded(job, window, plan, place)
            made.append(Latents(window.video, window.audio))
            whole = joined(whole, plan, 0)
        assert whole is not None
        video, sound = (torch.cat([getattr(one, name) for one in made]) for name in ("video", "audio"))
        part = Plan(whole.attributes, whole.motion[:, : TEMPORAL * count])
        done = Known(Latents(video[:count], sound[: SOUNDS * count]), True, part)
        return done if count == job.length else self._continued(job, done)

    def _sounded(self, job: _Job, window: Latents, plan: Plan, place: int) -> Latents:
        """The window with sound made for its pictures, all of which are given."""
        noise = self._noise(job, plan, place)
        start = Start(Latents(window.video, noise.audio), noise, 1.0)
        return self._denoised(job, start, plan, (WINDOW, 0), (0.99, 0.0))

    def _still(self, source: SourceClip, job: _Job) -> Known:
        """An image as one latent that stands still, which is how the transformer was shown images."""
        picture = frames.resized(source.frames[:1], job.grid[0] * SPATIAL, job.grid[1] * SPATIAL)
        latent = self.video.encode(frames.to_unit(np.repeat(picture, TEMPORAL, axis=0)))[0]
        nothing = torch.zeros(0, self.transformer.shape.audio)
        return Known(Latents(latent, nothing), False, track=self._tracked(picture))

    def _prefix(self, source: SourceClip, job: _Job) -> tuple[Known, int]:
        """The source's last latents, and how many latents there are from their beginning to the clip's end."""
        pictures = _fitted(source, job)
        known = self._encoded(pictures, source)
        keep = min(PREFIX, len(known.latents.video))
        rest = job.length - len(source.frames) // TEMPORAL
        last = Latents(known.latents.video[-keep:], known.latents.audio[-SOUNDS * keep :])
        return Known(last, known.has_sound, track=self._tracked(pictures[-TEMPORAL * keep :])), keep + rest

    def _tracked(self, pictures: np.ndarray) -> Track:
        """What is read of frames uint8 (T,H,W,3)."""
        return self.tracker(looked_at(frames.to_unit(pictures)[0]))

    def _encoded(self, pictures: np.ndarray, source: SourceClip) -> Known:
        """The latents of a source whose frames are these."""
        video = torch.cat([self.video.encode(frames.to_unit(part))[0] for part in sources.overlapping(pictures)])
        if source.sound is None:
            return Known(Latents(video, torch.zeros(SOUNDS * len(video), self.transformer.shape.audio)), False)
        wave = np.zeros(len(video) * _SOUND_SPAN, np.float32)
        tail = source.sound[-len(wave) :]
        wave[len(wave) - len(tail) :] = tail
        heard = self.audio.encode(audio.mel(torch.from_numpy(normalised(wave, audio.RATE))[None]))[0]
        return Known(Latents(video, heard), True)

    def _decoded(self, made: Known, source: SourceClip | None, job: _Job) -> tuple[np.ndarray, np.ndarray]:
        """Enlarged frames (T,h,w,3) and a wave (S,)."""
        assert made.plan is not None
        cover = sources.cover(source)
        with torch.autocast("cpu", torch.bfloat16):
            pictures = self.video.decode(made.latents.video[None])[0]
            mels = self.audio.decode(made.latents.audio[None])
        motion = made.plan.motion[0, : len(pictures)]
        rim = self.rims.get(self._named(made.plan).get("style", ""), 1.0)
        scenery = Scenery(made.plan.attributes, motion, self._ground(made.plan), rim)
        plate = pictures
        if cover > 0:  # else none of a backdrop would show
            before = continued(source, pictures, scenery)
            backdrops = hung(self.backdrop, pictures, scenery, job.seed, before)
            plate = staged(pictures, motion, backdrops, cover, before.frame if before else 0)
        weather = weather_of(self._named(made.plan)) if cover == 1 else None
        random = torch.Generator().manual_seed(job.seed)
        places = pictures.shape[1] // FOLD, pictures.shape[2] // FOLD
        drops = falling(weather, torch.arange(len(motion)), places, random)
        what, who = (part.expand(len(motion), -1) for part in (made.plan.attributes, self._shown(job, made.plan)))
        wave = self.audio.wave(mels.float())[0].numpy()
        return self.enlarger.whole(plate, pictures, (what, motion, drops, who), cover).numpy(), wave

    def _ground(self, plan: Plan) -> Ground:
        return self.grounds.get(self._named(plan).get("setting", ""), Ground())

    def _named(self, plan: Plan) -> dict[str, str]:
        rows = zip(self.attributes.items(), plan.attributes[0].tolist(), strict=True)
        return {name: values[place] for (name, values), place in rows}


def _words(text: Text | None) -> tuple[torch.Tensor, torch.Tensor]:
    if text is None:
        return torch.zeros(1, WIDTH), torch.zeros(1, TOKENS, WIDTH)
    return torch.from_numpy(text.sentence)[None], torch.from_numpy(text.tokens)[None]


def _fitted(source: SourceClip, job: _Job) -> np.ndarray:
    """The source's frames in the clip's own size; of one that is no whole number of latents the first is held."""
    pictures = frames.resized(source.frames, job.grid[0] * SPATIAL, job.grid[1] * SPATIAL)
    spare = -len(pictures) % TEMPORAL
    return np.concatenate([np.repeat(pictures[:1], spare, axis=0), pictures])


def _moves(plan: Plan, grid: tuple[int, int]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The plan as the transformer is told it: attributes, and its motion at every video and audio token."""
    motion = centred(plan.motion)
    places = trace(motion, grid[0] // PATCH, grid[1] // PATCH)
    return plan.attributes, places, beats(motion, WINDOW * SOUNDS)


def _condition(text: Text | None, style: int, given: tuple[int, int], plan: tuple[torch.Tensor, ...]) -> Condition:
    seen, heard = torch.arange(WINDOW)[None] < given[0], torch.arange(WINDOW * SOUNDS)[None] < given[1]
    return Condition(*_words(text), torch.tensor([style]), seen, heard, *plan)


@contextmanager
def _timed(timings: dict[str, float], name: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    timings[name] = time.perf_counter() - start
