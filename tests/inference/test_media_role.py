"""The media role end to end: source, clip, mark, encode, links; only the generator is scripted, for its speed."""

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from volary import boxes
from volary.moderation import is_complete, shipped_policy

from events.engines import LIMITS, SMALL, EngineLimits
from events.inference import (
    DetectMark,
    Generate,
    Generated,
    LikenessReference,
    MediaFacts,
    Outputs,
    Progress,
    ScreenMedia,
    ScreenPrompt,
    Source,
)
from events.moderation import Category
from inference.generator.asking import Ask, AskError, Clip
from inference.links import Links
from inference.media import decode, encode_mp4
from inference.media_role import MediaRole, ProgressReport, sounding
from inference.refusal import (
    InvalidMedia,
    InvalidRequest,
    LikenessUnreadable,
    ModelFault,
    OutputRefused,
    SourceUnreadable,
)
from inference.safety.clips import ClipScreen
from inference.watermark import ALGORITHM, read_picture, read_sound

WEIGHTS = Path(__file__).parents[2] / "inference" / "weights" / "safety"
KEY = bytes(range(32))
RECORD = "5a17c0de00c0ffee"
RATE, SOUND_RATE = 24, 24_000


def scene(seconds: int = 2, width: int = 256, height: int = 192) -> tuple[np.ndarray, np.ndarray]:
    """Drifting textured shapes and a warble, enough for a mark to hold on to."""
    rng = np.random.default_rng(3)
    texture = rng.normal(0, 14, (height + 96, width + 96, 3))
    y, x = np.mgrid[0:height, 0:width]
    frames = []
    for number in range(seconds * RATE):
        wave = 120 + 50 * np.sin((x[..., None] + 2 * number) / 31 + np.arange(3)) + 30 * np.cos(y[..., None] / 23)
        frames.append(np.clip(wave + texture[number : number + height, number : number + width], 0, 255))
    time = np.arange(seconds * SOUND_RATE) / SOUND_RATE
    sound = 0.2 * np.sin(2 * np.pi * 220 * time * (1 + 0.01 * np.sin(5 * time))) + rng.normal(0, 0.03, len(time))
    return np.stack(frames).astype(np.uint8), sound.astype(np.float32)


@dataclass
class Scripted:
    """A generator that answers with a fixed clip and remembers what it was asked."""

    clip: Clip
    model: str = "scripted@1"
    asked: list[Ask] = field(default_factory=list)
    limits: EngineLimits = LIMITS[SMALL]

    def generate(self, ask: Ask, on_progress: Callable[[float], None]) -> Clip:
        self.asked.append(ask)
        if ask.style == "unknown":
            raise AskError("style 'unknown' is not one of ours")
        for share in (0.2, 0.1, 0.6, 1.0):
            on_progress(share)
        return self.clip


class Store(BaseHTTPRequestHandler):
    """A media origin in memory; /readonly… refuses writes. Every write is kept, in order."""

    files: dict[str, bytes]
    writes: list[tuple[str, bytes, str]]

    def do_GET(self) -> None:
        data = self.files.get(self.path)
        self.send_response(200 if data is not None else 404)
        self.send_header("content-length", str(len(data or b"")))
        self.end_headers()
        self.wfile.write(data or b"")

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers["content-length"]))
        refused = self.path.startswith("/readonly")
        if not refused:
            self.files[self.path] = data
            self.writes.append((self.path, data, self.headers["content-type"]))
        self.send_response(403 if refused else 200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@dataclass
class Home:
    origin: str
    store: type[Store]
    generator: Scripted
    role: MediaRole

    def request(self, **changed: object) -> Generate:
        outputs = {name: f"{self.origin}/{name}" for name in ("video", "thumbnail", "spritesheet", "progress")}
        values = {"prompt": "a red kite over dunes", "seconds": 2, "width": 256, "height": 192, "seed": 7}
        return Generate.model_validate(
            {"job_id": "job_1", "record": RECORD, "outputs": Outputs(**outputs)} | values | changed
        )


@contextmanager
def opened(frames: np.ndarray, sound: np.ndarray) -> Iterator[Home]:
    store = type("OneStore", (Store,), {"files": {}, "writes": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), store)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{server.server_port}"
    generator = Scripted(Clip(frames, RATE, sound, SOUND_RATE, ("kite",), {"text": 0.1, "denoise": 0.2, "decode": 0.3}))
    # The screening models are not touched by these tests; test_safety.py loads them.
    role = MediaRole(generator, None, Links(frozenset({origin})), KEY)  # type: ignore[arg-type]
    yield Home(origin, store, generator, role)
    server.shutdown()
    server.server_close()


@pytest.fixture
def home() -> Iterator[Home]:
    """A home whose generator makes a clip too small to read a mark from, but quick to encode."""
    with opened(*scene(1, 128, 96)) as found:
        yield found


@pytest.fixture(scope="module")
def marked() -> Iterator[tuple[Home, Generated]]:
    """A home that has made one clip, large enough to read its mark."""
    with opened(*scene()) as found:
        yield found, found.role.answer(found.request())


def test_a_generated_clip_is_written_with_the_mark_in_picture_and_sound(marked: tuple[Home, Generated]):
    home, answer = marked

    made = decode(home.store.files["/video"])
    assert read_picture(made.frames, made.frame_rate, KEY).payload == int(RECORD, 16)
    assert read_sound(made.sound, made.sample_rate, KEY).payload == int(RECORD[:8], 16)
    assert answer.mark_algorithm == ALGORITHM
    assert answer.not_rendered == ("kite",)
    assert answer.media.sha256 == made.facts.sha256
    assert answer.timings.denoise == 0.2
    assert answer.timings.mark > 0
    assert answer.timings.encode > 0


def test_thumbnail_and_sheet_come_before_the_clip_and_are_pictures(home: Home):
    home.role.answer(home.request())

    written = [(path, kind) for path, _, kind in home.store.writes if path != "/progress"]
    assert written == [("/thumbnail", "image/webp"), ("/spritesheet", "image/webp"), ("/video", "video/mp4")]
    assert Image.open(io.BytesIO(home.store.files["/thumbnail"])).format == "WEBP"


def test_progress_rises_and_ends_at_one(home: Home):
    home.role.answer(home.request())

    told = [Progress.model_validate_json(data).fraction for path, data, _ in home.store.writes if path == "/progress"]
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_progress_is_told_at_most_twice_a_second(home: Home):
    now = [0.0]
    report = ProgressReport(home.role.links, f"{home.origin}/progress", lambda: now[0])
    for step in range(100):
        now[0] = step / 20
        report.at(step / 200)

    assert len(home.store.writes) <= 10


def test_a_progress_link_that_fails_does_not_fail_the_clip(home: Home):
    outputs = home.request().outputs.model_copy(update={"progress": f"{home.origin}/readonly"})

    home.role.answer(home.request(outputs=outputs))

    assert "/video" in home.store.files


def test_an_output_that_cannot_be_written_is_an_error(home: Home):
    outputs = home.request().outputs.model_copy(update={"video": f"{home.origin}/readonly"})

    with pytest.raises(OutputRefused, match="403"):
        home.role.answer(home.request(outputs=outputs))


def test_a_source_is_fetched_decoded_and_handed_on(home: Home):
    frames, sound = scene(1, 128, 96)
    home.store.files["/source"] = encode_mp4(frames, RATE, sound, SOUND_RATE)
    source = Source(use="remix", get=f"{home.origin}/source", media="video", strength=0.4)

    home.role.answer(home.request(source=source))

    given = home.generator.asked[0].source
    assert given is not None
    assert (given.use, given.strength, given.frames.shape[3]) == ("remix", 0.4, 3)
    assert given.sound is not None


@pytest.mark.parametrize("data", [b"", b"not a clip", b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 100])
def test_a_source_that_is_no_clip_is_refused(home: Home, data: bytes):
    home.store.files["/source"] = data

    with pytest.raises(InvalidMedia):
        home.role.answer(home.request(source=Source(use="remix", get=f"{home.origin}/source", media="video")))


def test_a_source_elsewhere_is_not_fetched(home: Home):
    with pytest.raises(SourceUnreadable):
        home.role.answer(home.request(source=Source(use="remix", get="http://127.0.0.1:9/source", media="video")))


def test_what_the_generator_cannot_make_is_the_requests_fault(home: Home):
    with pytest.raises(InvalidRequest, match="unknown"):
        home.role.answer(home.request(style="unknown"))


@pytest.mark.parametrize(
    "sound",
    [np.zeros(0, np.float32), np.zeros(48_000, np.float32), np.ones(24_000, np.float32), np.full(48_000, np.nan)],
)
def test_a_clip_without_sound_is_never_a_success(sound: np.ndarray):
    with pytest.raises(ModelFault, match="sound"):
        sounding(Clip(np.zeros((48, 64, 64, 3), np.uint8), RATE, sound, SOUND_RATE))


def test_nothing_is_written_where_the_sound_is_missing(home: Home):
    home.generator.clip = Clip(home.generator.clip.frames, RATE, np.zeros(0, np.float32), SOUND_RATE)

    with pytest.raises(ModelFault):
        home.role.answer(home.request())
    assert [path for path, _, _ in home.store.writes if path != "/progress"] == []


def test_the_mark_is_read_from_a_written_clip_and_from_no_other(marked: tuple[Home, Generated]):
    home, _ = marked
    frames, sound = home.generator.clip.frames, home.generator.clip.sound
    home.store.files["/plain"] = encode_mp4(frames, RATE, sound, SOUND_RATE)

    ours = home.role.answer(DetectMark(get=f"{home.origin}/video")).mark
    other = home.role.answer(DetectMark(get=f"{home.origin}/plain")).mark

    assert (ours.payload, ours.sound_payload) == (RECORD, RECORD[:8])
    assert (other.payload, other.sound_payload) == (None, None)


def test_the_media_role_leaves_prompts_to_the_text_role(home: Home):
    with pytest.raises(InvalidRequest, match="screen_prompt"):
        home.role.answer(ScreenPrompt(text="a cat"))


def test_facts_are_those_of_the_file(marked: tuple[Home, Generated]):
    answer = marked[1]

    assert isinstance(answer.media, MediaFacts)
    assert (answer.media.width, answer.media.height, answer.media.frames) == (256, 192, 48)
    assert answer.media.audio_seconds == pytest.approx(2, abs=0.1)


def test_a_clip_is_judged_in_frames_sound_and_mark(marked: tuple[Home, Generated]):
    home, _ = marked
    role = replace(home.role, screen=ClipScreen.load(WEIGHTS))

    upload = role.answer(ScreenMedia(job_id="job_2", get=f"{home.origin}/video", origin="upload"))
    own = role.answer(ScreenMedia(job_id="job_1", get=f"{home.origin}/video", origin="generated"))

    scores = {signal.category: signal.score for signal in upload.signals}
    assert upload.mark.payload == RECORD
    assert scores[Category.OUR_MARK] == 1.0
    assert scores[Category.REAL_FACE] < 0.65
    assert not {Category.OUR_MARK, Category.REAL_FACE} & {signal.category for signal in own.signals}
    assert is_complete(own.signals, shipped_policy(), ["frames", "writing", "sound"])
    assert own.frames_seen >= 3
    assert own.transcript == ""


def test_a_picture_is_judged_without_sound(marked: tuple[Home, Generated]):
    home, _ = marked
    picture = io.BytesIO()
    Image.fromarray(home.generator.clip.frames[0]).save(picture, "PNG")
    home.store.files["/picture"] = picture.getvalue()
    role = replace(home.role, screen=ClipScreen.load(WEIGHTS))

    found = role.answer(ScreenMedia(job_id="job_3", get=f"{home.origin}/picture", media="image", origin="upload"))

    assert found.frames_seen == 1
    assert is_complete(found.signals, shipped_policy(), ["frames", "writing", "sound"])


def test_a_stage_that_fails_fails_the_screening(marked: tuple[Home, Generated]):
    class Broken:
        def judge(self, *_: object) -> None:
            raise RuntimeError("the model is gone")

    home, _ = marked
    role = replace(home.role, screen=Broken())

    with pytest.raises(RuntimeError, match="gone"):
        role.answer(ScreenMedia(job_id="job_4", get=f"{home.origin}/video", origin="generated"))


def lent(home: Home, name: str, portrait: bytes, key: bytes = KEY) -> LikenessReference:
    """A person as the product lays one down: boxes under a key, and links to all three."""
    for part, data in (("picture", portrait), ("voice", np.full(8000, 0.5, "<f4").tobytes())):
        home.store.files[f"/{name}/{part}"] = boxes.box(KEY, data, f"{name}/{part}".encode())
    home.store.files[f"/{name}/key"] = key
    links = {part: f"{home.origin}/{name}/{part}" for part in ("picture", "voice", "key")}
    about = {f"{part}_about": f"{name}/{part}" for part in ("picture", "voice")}
    return LikenessReference(likeness_id=name, rate=16000, **links, **about)


def png(side: int = 64) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((side, side, 3), 90, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def test_people_that_are_lent_reach_the_generator_as_far_as_it_shows_any(home: Home):
    """One engine shows one of them: the second is not even opened, and the clip says so."""
    people = (lent(home, "like_1", png()), lent(home, "like_2", b"never read"))

    made = home.role.answer(home.request(likenesses=people))

    (reference,) = home.generator.asked[-1].likenesses
    assert reference.portrait.shape == (64, 64, 3)
    assert (reference.voice.dtype, len(reference.voice), reference.sample_rate) == (np.float32, 8000, 16000)
    assert "2 people" in made.warnings[-1] and "1 of them" in made.warnings[-1]


@pytest.mark.parametrize("person", [{"portrait": b"no picture"}, {"portrait": png(8)}, {"key": bytes(32)}])
def test_a_person_that_cannot_be_read_refuses_the_whole_clip(home: Home, person):
    with pytest.raises(LikenessUnreadable):
        home.role.answer(home.request(likenesses=(lent(home, "like_1", **{"portrait": png()} | person),)))

    assert (home.generator.asked, home.store.writes) == ([], [])
