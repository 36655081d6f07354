"""Screening: disguises, rules, languages, the trained classifier, frames and sound. No unsafe sample text is kept here.

The classifier is tested on prompts written for the project (inference/train/prompt_pairs.tsv), read at run time.
"""

import base64
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from volary.moderation import decide, is_complete, policy_from, shipped_policy

from events.moderation import ALWAYS_BLOCKED_TEXT, ALWAYS_HELD_TEXT, Category, Line, Signal, Span
from inference.safety import evaluation, frames, sound
from inference.safety.disguise import MAX_READINGS, readings
from inference.safety.features import MAX_WINDOWS, hashed, windows
from inference.safety.language import JUDGED
from inference.safety.names import minor_strength, public_figure, sexual_minors
from inference.safety.packaged import WeightsChanged, own_file
from inference.safety.peers import PEERS
from inference.safety.prompts import COVERED, PromptScreen
from inference.train.prompt_data import own_rows
from local.cli import main as volary

ROOT = Path(__file__).parents[2]
WEIGHTS = ROOT / "inference" / "weights" / "safety"
PAIRS = ROOT / "inference" / "train" / "prompt_pairs.tsv"
DATA = Path(os.environ.get("VOLARY_DATA", ROOT.parent / "shared" / "data"))
needs_data = pytest.mark.skipif(not (DATA / "moderation").is_dir(), reason="$VOLARY_DATA holds no moderation sets")


@pytest.fixture(scope="module")
def screen() -> PromptScreen:
    return PromptScreen.load(WEIGHTS)


def score(screen: PromptScreen, text: str, category: Category, context: tuple[str, ...] = ()) -> float:
    return max((found.score for found in screen.screen(text, context).signals if found.category == category), default=0)


def flagged(screen: PromptScreen, text: str) -> bool:
    return evaluation.over_shipped(screen.screen(text).signals)


@pytest.mark.parametrize(
    ("disguised", "meant"),
    [
        ("w a t c h the birds", "watch the birds"),
        ("w.a.t.c.h the birds", "watch the birds"),
        ("w4tch th3 b1rds", "watch the birds"),
        ("w\u200bat\u00adch the b\u2060irds", "watch the birds"),
        ("wаtсh thе birds", "watch the birds"),
        ("ｗａｔｃｈ the birds", "watch the birds"),
        ("w\u0336a\u0336t\u0336c\u0336h\u0336 the birds", "watch the birds"),
        ("𝔀𝓪𝓽𝓬𝓱 the birds", "watch the birds"),
        (base64.b64encode(b"watch the birds").decode(), "watch the birds"),
        (base64.urlsafe_b64encode(b"watch the birds").decode().rstrip("="), "watch the birds"),
        (b"watch the birds".hex(), "watch the birds"),
    ],
)
def test_sees_through_a_disguise(disguised: str, meant: str):
    assert meant in [reading.casefold() for reading in readings(disguised)]


@pytest.mark.parametrize("text", ["Un été à l'île d'Yeu, 35mm, 4k, années 1980", "A 3D cat, 90s style, 2 dogs at 5pm"])
def test_an_honest_text_is_read_as_it_stands(text: str):
    assert readings(text) == (text,)


def test_reads_a_text_in_a_bounded_number_of_ways():
    wild = "k.i.l.o w4tch wаtсh " + " ".join(base64.b64encode(bytes([65 + n]) * 12).decode() for n in range(9))

    assert len(readings(wild)) <= MAX_READINGS


@pytest.mark.parametrize("piece", ["a", "1", "a ", "a.", "!", "аa", "a\u200b", "QUJD", "a_", "9 "], ids=ascii)
def test_no_long_run_holds_up_the_prompts_behind_it(piece: str):
    """The time once grew with the cube of a word's length: a prompt of 10,000 letters took half an hour."""
    began = time.process_time()

    readings(piece * (2000 // len(piece)))

    assert time.process_time() - began < 1  # milliseconds; the cube takes ten seconds and more


def test_honest_cyrillic_stays_cyrillic():
    assert readings("кошка на стене")[0] == "кошка на стене"


def test_a_long_text_is_seen_whole():
    words = [f"word{number}" for number in range(9000)]
    pieces = windows(" ".join(words))

    assert len(pieces) <= MAX_WINDOWS
    assert {word for piece in pieces for word in piece.split()} == set(words)


def test_hashed_features_do_not_depend_on_accents_or_case():
    assert hashed("ÉTÉ Brûlé") == hashed("ete brule")
    assert sum(value**2 for value in hashed("a dog runs").values()) == pytest.approx(1)


@pytest.mark.parametrize(
    "text", ["Emmanuel Macron dances", "EMMANUEL  MACRON danse", "a duet by Céline Dion", "celine dion"]
)
def test_a_listed_public_figure_is_named(text: str):
    assert public_figure(text) == 1


@pytest.mark.parametrize(
    "text", ["Trump plays golf", "Macron danse", "Will Smith", "Poutine danse", "Tom Hollands dog"]
)
def test_a_name_that_may_be_somebody_elses_is_told_as_such(text: str):
    assert public_figure(text) == 0.5


@pytest.mark.parametrize(
    "text",
    ["macaroni and cheese", "a musky smell", "the drake swims", "a swift bird named Taylor", "a macron over an e",
     "une assiette de poutine", "a musk ox", "somebody put in a box", "a bad bunny hops"],
)  # fmt: skip
def test_ordinary_words_name_nobody(text: str):
    assert not public_figure(text)


@pytest.mark.parametrize(
    ("text", "strength"),
    [
        ("a schoolgirl reads", 1.0),
        ("un enfant dort", 1.0),
        ("a 15-year-old skater", 1.0),
        ("une skateuse de 15 ans", 1.0),
        ("aged 12", 1.0),
        ("a girl with a hat", 0.5),
        ("a 45-year-old skater", 0.0),
        ("a kind woman", 0.0),
    ],
)
def test_words_and_ages_of_minors_are_found(text: str, strength: float):
    assert minor_strength(text) == strength


def test_minors_and_a_sexual_context_only_count_together():
    """The composition is tested with scores and never with a sample text."""
    assert sexual_minors("a schoolgirl reads", 0.9) == 0.9
    assert sexual_minors("a schoolgirl reads", 0.12) == 0.12
    assert sexual_minors("a woman reads", 0.9) == 0.0
    assert sexual_minors("a girl reads", 0.9) == 0.45


@pytest.mark.parametrize(("text", "wanted"), [(ALWAYS_BLOCKED_TEXT, 1.0), (ALWAYS_HELD_TEXT, 0.5), ("a cat", 0)])
def test_test_texts_are_reported(screen: PromptScreen, text: str, wanted: float):
    assert score(screen, f"please {text} now", Category.TEST_STRING) == wanted


def test_every_covered_category_that_is_a_model_is_always_scored(screen: PromptScreen):
    found = {signal.category for signal in screen.screen("a cat on a wall").signals}

    assert set(screen.classifier.categories) | {Category.SEXUAL_MINORS, Category.UNSUPPORTED_LANGUAGE} == found
    assert found <= COVERED


@pytest.mark.parametrize(
    "text",
    [
        "Ein Hund läuft am Strand entlang und die Sonne geht unter",
        "Un perro corre por la playa mientras se pone el sol",
        "Um cachorro corre na praia enquanto o sol se põe",
        "Un cane corre sulla spiaggia mentre il sole tramonta",
        "Pies biegnie po plaży o zachodzie słońca",
        "Собака бежит по пляжу на закате",
        "夕日の中、犬が浜辺を走る",
        "كلب يركض على الشاطئ عند الغروب",
        "Bir köpek gün batımında sahilde koşuyor",
    ],
)
def test_other_languages_are_held_not_passed(screen: PromptScreen, text: str):
    assert score(screen, text, Category.UNSUPPORTED_LANGUAGE) >= 0.5


@pytest.mark.parametrize(
    "text", ["A dog runs along the beach", "Un chien court sur la plage", "a cat", "un chat", "barn"]
)
def test_english_and_french_are_judged(screen: PromptScreen, text: str):
    assert score(screen, text, Category.UNSUPPORTED_LANGUAGE) < 0.5


@pytest.mark.parametrize("text", ["🍎🍌🍒", "!!! ???", "1234 5678", "Zq9" * 60])
def test_what_holds_no_words_is_unreadable(screen: PromptScreen, text: str):
    assert score(screen, text, Category.UNREADABLE) == 1.0


def test_an_empty_text_and_a_huge_one_are_answered(screen: PromptScreen):
    assert screen.screen("").signals
    assert screen.screen("a cat walks on the wall " * 1500).signals


def test_one_bad_sentence_in_a_long_prompt_is_found(screen: PromptScreen):
    bad = next(unsafe for unsafe, _ in pairs("violence") if flagged(screen, unsafe))
    padding = "A quiet village wakes up under a blue sky and people open their shops. " * 30

    assert flagged(screen, padding + bad + ". " + padding)


def test_meaning_split_over_a_remix_chain_is_found(screen: PromptScreen):
    bad = next(unsafe for unsafe, _ in pairs("violence") if flagged(screen, unsafe) and len(unsafe.split()) > 6)
    words = bad.split()
    parts = " ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])

    joined = max(score(screen, parts[1], category, (parts[0],)) for category in screen.classifier.categories)
    alone = max(score(screen, parts[1], category) for category in screen.classifier.categories)

    assert joined >= alone
    assert joined >= 0.5


def pairs(*categories: str) -> Iterator[tuple[str, str]]:
    """(unsafe, benign) twins in English, all parts: these tests ask for sanity, the report part for figures."""
    for line in PAIRS.read_text("utf-8").splitlines():
        category, *texts = line.split("\t")
        if category in categories:
            yield texts[0], texts[1]


def test_disguises_keep_most_of_what_is_found_plain(screen: PromptScreen):
    plain = [unsafe for unsafe, _ in pairs("violence", "weapons") if flagged(screen, unsafe)][:20]
    leet = [text.replace("e", "3").replace("a", "4").replace("o", "0") for text in plain]
    hidden = ["\u200b".join(text) for text in plain]
    packed = [base64.b64encode(text.encode()).decode() for text in plain]

    for disguised in (leet, hidden, packed):
        assert statistics.mean(flagged(screen, text) for text in disguised) >= 0.9


def test_held_out_prompts_are_told_apart(screen: PromptScreen):
    """A floor under what the card says, on the report part that neither weights nor thresholds have seen."""
    rows = [row for row in own_rows() if row.part == "report" and row.writer <= 3]
    caught = [flagged(screen, row.text) for row in rows if row.group == "core"]
    harmless = [screen.screen(row.text).signals for row in rows if row.group in {"hard_benign", "speech"}]
    held = [evaluation.over_shipped(signals) for signals in harmless]
    refused = [evaluation.shipped(signals) == "block" for signals in harmless]
    harm = evaluation.harm_only(evaluation.shipped)
    signs = [harm(screen.screen(row.text).signals) != "pass" for row in rows if row.group == "sign"]

    assert statistics.mean(caught) >= 0.92, f"{sum(caught)} of {len(caught)}"
    assert statistics.mean(held) <= 0.2, f"{sum(held)} of {len(held)}"
    assert statistics.mean(refused) <= 0.06, f"{sum(refused)} of {len(refused)}"
    assert statistics.mean(signs) <= 0.08, f"{sum(signs)} of {len(signs)}"


def test_a_later_writers_prompts_are_told_apart(screen: PromptScreen):
    """Held out too, in wordings further from the first ones: more is missed, and more of the harmless is held."""
    harm = evaluation.harm_only(evaluation.shipped)
    rows = [row for row in own_rows() if row.part == "report" and row.writer == 4]
    said = {row.id: harm(screen.screen(row.text).signals) for row in rows}
    caught = [said[row.id] != "pass" for row in rows if row.group == "core"]
    held = [said[row.id] != "pass" for row in rows if row.group in {"twin", "hard_benign"}]
    refused = [said[row.id] == "block" for row in rows if row.group in {"twin", "hard_benign"}]

    assert statistics.mean(caught) >= 0.78, f"{sum(caught)} of {len(caught)}"
    assert statistics.mean(held) <= 0.25, f"{sum(held)} of {len(held)}"
    assert statistics.mean(refused) <= 0.08, f"{sum(refused)} of {len(refused)}"


def test_weights_that_were_changed_are_refused(tmp_path: Path):
    (tmp_path / "manifest.json").write_text(json.dumps({"files": {"a.bin": {"sha256": "0" * 64}}}))
    (tmp_path / "a.bin").write_bytes(b"changed")

    with pytest.raises(WeightsChanged, match="a.bin has sha256"):
        own_file(tmp_path, "a.bin")


def test_frames_are_taken_every_second_and_after_every_cut():
    clip = np.zeros((100, 48, 64, 3), np.uint8)
    clip[37:] = 200

    assert frames.sample(clip, 25.0) == [0, 25, 37, 50, 75, 99]


def test_a_single_bad_frame_after_a_cut_is_sampled():
    clip = np.full((240, 48, 64, 3), 90, np.uint8)
    clip[131] = 250

    assert 131 in frames.sample(clip, 24.0)


def test_spans_join_where_they_touch():
    spans = [(span.start, span.end) for span in frames.spans_around([0.2, 1.0, 5.0])]

    assert spans == [(0.0, 1.5), (4.5, 5.5)]


def test_the_worst_frame_counts_and_says_where():
    found = frames.signal(Category.SEXUAL, "m", [0.1, 0.9, 0.2], [0.0, 1.0, 2.0], "seen", 0.5)

    assert found.score == 0.9
    assert [(span.start, span.end) for span in found.spans] == [(0.5, 1.5)]


def test_a_plain_picture_shows_no_nudity_and_no_face():
    picture = np.full((192, 256, 3), (40, 120, 60), np.uint8)

    assert frames.Nudity(WEIGHTS).score(picture) < 0.3
    assert frames.Faces(WEIGHTS).score(picture) < 0.5


@needs_data
def test_faces_of_people_are_found_in_pictures():
    from PIL import Image

    faces = frames.Faces(WEIGHTS)
    people = sorted((DATA / "media" / "faces" / "public_figures").glob("*.jpg"))[:4]

    assert people
    assert all(faces.score(np.asarray(Image.open(person).convert("RGB"))) >= 0.65 for person in people)


def test_silence_is_not_speech_and_still_scores_every_category(screen: PromptScreen):
    heard = sound.Ears(WEIGHTS).hear(np.zeros(16_000, np.float32), 16_000)
    signals = sound.judged(heard, screen)

    assert heard == sound.NOTHING
    assert set(screen.classifier.categories) <= {signal.category for signal in signals}
    assert all(signal.stage == "sound" and signal.score == 0 for signal in signals)


@pytest.mark.parametrize(
    ("voiced", "language", "voice"), [(0.1, 0.9, False), (0.5, 0.3, False), (0.5, 0.9, True), (1.2, 0.1, True)]
)
def test_a_voice_needs_two_sure_models_or_a_whole_second(voiced: float, language: float, voice: bool):
    assert sound.is_voice(voiced, language) is voice


def test_a_bark_written_as_a_run_of_one_word_is_kept_once():
    assert sound.unrepeated("Oh, oh, OH! oh... no no not that") == "Oh, no not that"


def test_chirps_and_rain_are_not_taken_for_speech(screen: PromptScreen):
    """A whistling voice over noise, swept as birds and dogs do; the shipped detectors may fire, nothing is held."""
    seconds = np.arange(4 * 16_000) / 16_000
    sweep = np.sin(2 * np.pi * (500 * seconds + 40 * np.sin(2 * np.pi * 3 * seconds))) * (np.sin(9 * seconds) > 0)
    noise = np.random.default_rng(5).normal(0, 0.05, len(seconds))

    heard = sound.Ears(WEIGHTS).hear((0.4 * sweep + noise).astype(np.float32), 16_000)

    assert not any(evaluation.over_shipped([signal]) for signal in sound.judged(heard, screen))


@needs_data
def test_people_who_speak_are_still_heard(screen: PromptScreen):
    import av

    ears = sound.Ears(WEIGHTS)
    spoken = sorted((DATA / "media" / "voices").glob("*_a.flac"))[:2]
    assert len(spoken) == 2
    for file in spoken:
        with av.open(str(file)) as opened:
            parts = [frame.to_ndarray() for frame in opened.decode(audio=0)]
        wave = np.concatenate(parts, axis=1)[0].astype(np.float32) / 32768
        assert len(ears.hear(wave, 16_000).text.split()) >= 3, file


def test_what_the_stages_score_completes_the_shipped_policy(screen: PromptScreen):
    policy = shipped_policy()

    assert is_complete(screen.screen("a cat on a wall").signals, policy, ["prompt"])
    assert is_complete(sound.judged(sound.NOTHING, screen), policy, ["sound"])
    assert policy.languages == JUDGED


def test_speech_in_a_language_we_do_not_judge_is_reported(screen: PromptScreen):
    heard = sound.Heard("guten Tag", "de", 0.9, (), False)

    assert Category.UNSUPPORTED_LANGUAGE in {signal.category for signal in sound.judged(heard, screen)}


def test_speech_without_words_is_unreadable(screen: PromptScreen):
    heard = sound.Heard("", "en", 0.9, (), True)

    assert Category.UNREADABLE in {signal.category for signal in sound.judged(heard, screen)}


def test_what_is_said_is_marked_at_its_own_line_and_not_at_the_whole_speech(screen: PromptScreen):
    lines = (
        Line(start=0, end=2, text="The bakery opens at eight"),
        Line(start=4, end=5, text=ALWAYS_HELD_TEXT),
        Line(start=6, end=8, text="See you on Sunday, bring the dog"),
    )
    speech = (Span(start=0, end=5), Span(start=6, end=8))
    heard = sound.Heard(" ".join(line.text for line in lines), "en", 0.9, speech, False, lines)
    found = {signal.category: signal.spans for signal in sound.judged(heard, screen)}

    assert found[Category.TEST_STRING] == (Span(start=4, end=5),)


def test_words_that_are_suspect_only_together_are_marked_wherever_somebody_speaks(screen: PromptScreen):
    half = len(ALWAYS_HELD_TEXT) // 2
    lines = (
        Line(start=0, end=2, text=ALWAYS_HELD_TEXT[:half]),
        Line(start=2, end=4, text=ALWAYS_HELD_TEXT[half:]),
    )
    heard = sound.Heard(ALWAYS_HELD_TEXT, "en", 0.9, (Span(start=0, end=4),), False, lines)
    found = {signal.category: signal.spans for signal in sound.judged(heard, screen)}

    assert found[Category.TEST_STRING] == (Span(start=0, end=4),)


@pytest.mark.slow
@needs_data
def test_real_speech_is_heard_and_judged(screen: PromptScreen):
    import av

    file = sorted((DATA / "media" / "voices").glob("*.flac"))[0]
    with av.open(str(file)) as opened:
        rate = opened.streams.audio[0].rate
        samples = np.concatenate([frame.to_ndarray().reshape(-1) for frame in opened.decode(audio=0)])
    scale = 32768 if samples.dtype == np.int16 else 1
    heard = sound.Ears(WEIGHTS).hear((samples / scale).astype(np.float32), rate)

    assert len(heard.text.split()) >= 3
    assert heard.language == "en"
    assert heard.spans
    assert " ".join(line.text for line in heard.lines) == heard.text
    assert all(0 <= line.start < line.end <= len(samples) / rate + 1 for line in heard.lines)


def test_evaluation_reports_rows_slices_and_hash(tmp_path: Path):
    rows = [
        {"id": "1", "text": ALWAYS_BLOCKED_TEXT, "label": "unsafe", "category": "test", "group": "g", "lang": "en"},
        {"id": "2", "text": "a cat on a wall", "label": "benign", "category": "none", "group": "g", "lang": "en"},
        {"id": "3", "text": "skipped", "label": "ambiguous"},
    ]
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows))
    found = evaluation.moderation([file], PromptScreen.load(WEIGHTS))
    evaluation.write_rows(found, tmp_path / "out.jsonl")

    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [(line["id"], line["flagged"]) for line in lines] == [("1", True), ("2", False)]
    overall = evaluation.summary(found)[0]
    assert (overall["recall"]["rate"], overall["specificity"]["rate"]) == (1.0, 1.0)
    assert len(evaluation.data_hash([file])) == 64


def test_what_is_held_is_flagged_and_what_is_refused_is_said_beside():
    def judged(category: Category, score: float) -> str:
        return evaluation.shipped([Signal(stage="prompt", category=category, score=score, model="m")])

    assert [judged(Category.HATE, score) for score in (0.4, 0.6, 0.9)] == ["pass", "hold", "block"]
    assert judged(Category.DECEPTION, 1.0) == "hold"
    never = {rule.category for rule in shipped_policy().rules if rule.is_for_everybody and rule.block is None}
    assert never >= evaluation.NEVER_SURE

    verdicts = [evaluation.Verdict(str(number), number > 0, 0.5, "hate", number > 1) for number in range(4)]
    lines = evaluation.summary([evaluation.Labelled(verdict, "benign", "none", "twin", "en") for verdict in verdicts])
    assert (lines[0]["specificity"]["hits"], lines[0]["over_refused"]["hits"], lines[0]["blocked"]) == (1, 2, None)


def test_the_command_judges_by_the_shipped_policy(tmp_path: Path, capsys):
    texts = {
        "1": (ALWAYS_BLOCKED_TEXT, "unsafe"),
        "2": (ALWAYS_HELD_TEXT, "unsafe"),
        "3": ("a cat on a wall", "benign"),
    }
    rows = [{"id": id_, "text": text, "label": label} for id_, (text, label) in texts.items()]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))

    assert volary(["eval", "moderation", str(tmp_path / "rows.jsonl")]) == 0
    overall = json.loads(capsys.readouterr().out.splitlines()[0])

    counts = {name: (overall[name]["hits"], overall[name]["of"]) for name in ("recall", "blocked", "over_refused")}
    assert counts == {"recall": (2, 2), "blocked": (1, 2), "over_refused": (0, 1)}


def test_frames_are_reported_with_intervals_and_what_no_model_sees(tmp_path: Path, capsys):
    """On drawn pictures, in seconds; no picture that should be flagged is kept anywhere."""
    for number in range(6):
        (tmp_path / "benign").mkdir(exist_ok=True)
        colours = np.random.default_rng(number).integers(0, 255, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(colours).resize((128, 128)).save(tmp_path / "benign" / f"{number}.png")

    assert evaluation.main(["frames", str(tmp_path)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert lines[0]["specificity"] == {"hits": 6, "of": 6, "rate": 1.0, "low": 0.6097, "high": 1.0}
    unseen = [(each.stage, harm) for each in shipped_policy().unseen for harm in each.harms]
    assert [(line["stage"], line["name"]) for line in lines if "verdict" in line] == unseen
    assert all(line["verdict"] == evaluation.UNSCORED for line in lines if "verdict" in line)
    assert len(lines[-1]["data_sha256"]) == 64


def test_a_category_without_a_model_is_held_where_the_policy_requires_it():
    document = json.loads(resources.files("volary").joinpath("policy.json").read_text("utf-8"))
    document["required"]["frames"].append("gore")
    seen = [Signal(stage="frames", category=Category.SEXUAL, score=0.0, model="m")]

    assert is_complete(seen, shipped_policy(), ["frames"])
    assert not is_complete(seen, policy_from(document), ["frames"])
    assert decide(seen, policy_from(document), complete=False).action == "hold"


def test_a_row_that_is_none_is_named_with_its_place(tmp_path: Path):
    (tmp_path / "rows.jsonl").write_text('{"id": 1, "text": "a", "label": "benign"}\n{"id": 2}\n')

    with pytest.raises(ValueError, match=r"rows.jsonl:2"):
        evaluation.moderation([tmp_path / "rows.jsonl"], PromptScreen.load(WEIGHTS))


def test_a_verdict_comes_within_its_time(screen: PromptScreen):
    """In CPU seconds of this thread; the goal is 50 ms at p99 when quiet; 34 ms were taken at load 6."""
    spent = []
    for number in range(40):
        started = time.thread_time()
        screen.screen(f"A red kite flies over the dunes while {number} children watch it from the beach at sunset")
        spent.append(time.thread_time() - started)

    assert statistics.median(spent) < 0.1


def test_screening_prompts_needs_no_torch():
    script = "import sys, inference.safety.prompts; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0


def test_packaged_peers_judge_the_same_rows_or_say_what_is_missing():
    rows = [
        {"id": "a", "text": "what a lovely garden", "label": "benign", "group": "plain"},
        {"id": "b", "text": "you are a stupid idiot, shut up", "label": "unsafe", "group": "insult"},
    ]
    lines = [line for line in evaluation.told_beside(rows, False) if "missing" in line or line.get("by") == "all"]
    told = {line["peer"]: line for line in lines}

    assert set(told) == set(PEERS)
    assert all("pip install" in line["missing"] for line in told.values() if "missing" in line)
    assert all(line["specificity"]["hits"] == 1 for line in told.values() if "missing" not in line)
    if "missing" not in (network := told["toxic-comment-classifier"]):
        assert network["recall"]["hits"] == 1
