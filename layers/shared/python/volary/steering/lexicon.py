"""The closed-class words of feed instructions in four languages, and texts cut into tagged words.

It knows how people ask (more, never, sauf, ras le bol), not what they ask for: whatever is not in `lexicon.txt` is
left as content, for the open vocabulary of `volary.steering.targets`.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

LANGUAGES = ("en", "fr", "es", "de")
# Words that mean something to the whole text are looked up by themselves; all other tags share one table.
APART = frozenset({"RESET", "UNDO", "QUERY", "CHAT", "TAMPER", "GUARD", "ILLICIT", "JOIN", "ADVERB"})
LONGEST_PHRASE = 8
CORRECTABLE = (
    "MORE",
    "LESS",
    "BLOCK",
    "ONLY",
    "UNBLOCK",
    "WANT",
    "NEVER",
    "EXCEPT",
    "STOP",
    "TOOMUCH",
    "NEG",
    "PLUS",
    "STRONG",
    "SLIGHT",
    "TOOFEW",
    "GENERIC",
    "SCOPE",
)
_TOKEN = re.compile(
    r"aujourd'hui|\b(?:[jldnsmtc]|qu|jusqu|lorsqu|puisqu)'|@\w+(?:[.\-]\w+)*|\d+%|\w/o\b|\w+(?:'\w+)?|[^\w\s]|\n"
)
_STOPS = frozenset('.;!?,:\n…()"«»–—/|')
# Faces and hands show how somebody feels about what they say, not what it is about.
_FACES = (range(0x1F600, 0x1F650), range(0x1F910, 0x1F930), range(0x1F970, 0x1F980), range(0x1F446, 0x1F451),
          range(0x1F4AA, 0x1F4AB), range(0x2728, 0x2729), range(0x2764, 0x2765), range(0x1F493, 0x1F4A0))  # fmt: skip
_FIGURES = frozenset({0x1F916, 0x1F921})  # a robot and a clown among the faces
JUDGING = frozenset({"LIKE", "DISLIKE"})
_GLUE = frozenset("-_'’*~#`^<=[]{}\\%$€\u200d\ufe0f")


@dataclass(frozen=True)
class Word:
    """A stretch of the text, `start` to `end`: `kind` is a tag of the lexicon, CONTENT, EMOJI or STOP."""

    kind: str
    value: str
    folded: str
    start: int
    end: int


@dataclass(frozen=True)
class Lexicon:
    """Phrases of one language, as tuples of folded tokens: `core` gives tag and value, `apart` has one set a tag."""

    core: dict[tuple[str, ...], tuple[str, str]]
    apart: dict[str, frozenset[tuple[str, ...]]]
    words: frozenset[str]
    correctable: frozenset[str]


def folded(text: str) -> str:
    """Lower case without accents, of the very length of `text`, so that places in one are places in the other."""
    plain = (unicodedata.normalize("NFD", letter.lower())[:1] or letter for letter in text)
    return "".join(plain).replace("\u2019", "'")


def tokens(text: str) -> list[tuple[str, int, int]]:
    """Folded tokens with their places; hyphens and the like only separate."""
    found = ((match.group(), match.start(), match.end()) for match in _TOKEN.finditer(folded(text)))
    return [token for token in found if token[0] not in _GLUE and not 0x1F3FB <= ord(token[0][0]) <= 0x1F3FF]


def _english(verb: str) -> list[str]:
    """ "hide": hiding, hides, and "block": blocking; only what looks like a verb's base."""
    if len(verb) < 3 or not verb.isalpha() or verb.endswith(("ing", "ed", "ly", "s")):
        return []
    doubled = verb + verb[-1] if len(verb) < 6 and verb[-1] in "bdgmnpt" and verb[-2] in "aeiou" else verb
    stem = verb[:-1] if verb.endswith("e") else doubled
    return [stem + "ing", verb + ("es" if verb.endswith(("sh", "ch", "x")) else "s")]


def _french(verb: str) -> list[str]:
    """The persons, participles and the future of a verb in -er, from its infinitive."""
    if len(verb) < 5 or not verb.endswith("er"):
        return []
    stem, soft = verb[:-2], verb[:-1] if verb.endswith("ger") else verb[:-2]
    return [
        *(stem + end for end in ("e", "es", "ez", "ent", "ee", "ees")),
        *(soft + end for end in ("ons", "ant", "ais", "ait")),
        *(verb + end for end in ("ai", "as", "a", "ez", "ons", "ont", "ais", "ait")),
    ]


VERBS = frozenset({"MORE", "LESS", "BLOCK", "UNBLOCK", "STOP", "WANT"})
INFLECTED = {"en": _english, "fr": _french}


@cache
def lexicon(language: str) -> Lexicon:
    core: dict[tuple[str, ...], tuple[str, str]] = {}
    apart: dict[str, set[tuple[str, ...]]] = {tag: set() for tag in APART}
    for code, tag, value, phrases in _lines():
        if code != language:
            continue
        for phrase in phrases:
            if tag in APART:
                apart[tag].add(phrase)
            else:
                core.setdefault(phrase, (tag, value))
    if language in INFLECTED:
        for verb, tag, value in [(p[0], *t) for p, t in core.items() if len(p) == 1 and t[0] in VERBS]:
            for form in INFLECTED[language](verb):
                core.setdefault((form,), (tag, value))
    every = [*core, *(phrase for one in apart.values() for phrase in one)]
    words = frozenset(token for phrase in every for token in phrase)
    single = frozenset(
        phrase[0] for phrase, (tag, _) in core.items() if len(phrase) == 1 and tag in CORRECTABLE and len(phrase[0]) > 3
    )
    return Lexicon(core, {tag: frozenset(found) for tag, found in apart.items()}, words, single)


@cache
def _lines() -> tuple[tuple[str, str, str, tuple[tuple[str, ...], ...]], ...]:
    text = files("volary.steering").joinpath("lexicon.txt").read_text("utf-8")
    found = []
    for line in text.splitlines():
        if line and not line.startswith("#"):
            head, _, tail = line.partition(" | ")
            code, tag, value = head.split()
            phrases = tuple(tuple(token for token, _, _ in tokens(phrase)) for phrase in tail.split(","))
            found.append((code, tag, value, tuple(phrase for phrase in phrases if phrase)))
    return tuple(found)


def guess(text: str, hint: str = "en") -> str:
    """The language whose closed-class words cover most of the text; the reader's own where they tie."""
    found = [token for token, _, _ in tokens(text)]
    order = [hint if hint in LANGUAGES else "en", *LANGUAGES]
    return max(order, key=lambda code: (_covered(found, lexicon(code)), -order.index(code)))


def _covered(found: list[str], words: Lexicon) -> int:
    every = set(words.core) | {phrase for one in words.apart.values() for phrase in one}
    covered, at = 0, 0
    while at < len(found):
        length = next(
            (n for n in range(min(LONGEST_PHRASE, len(found) - at), 0, -1) if tuple(found[at : at + n]) in every), 0
        )
        covered += length
        at += max(length, 1)
    return covered


def spans(found: list[str], phrases: Iterable[tuple[str, ...]]) -> list[tuple[int, int]]:
    """Where any of `phrases` stands, longest first, without overlaps."""
    known = frozenset(phrases)
    places, at = [], 0
    while at < len(found):
        length = next(
            (n for n in range(min(LONGEST_PHRASE, len(found) - at), 0, -1) if tuple(found[at : at + n]) in known), 0
        )
        if length:
            places.append((at, at + length))
        at += max(length, 1)
    return places


def tagged(text: str, language: str) -> list[Word]:
    """The text's words in order, each phrase of the lexicon as one."""
    found, words = tokens(text), lexicon(language)
    result, at = [], 0
    plain = [token for token, _, _ in found]
    while at < len(found):
        length = next(
            (n for n in range(min(LONGEST_PHRASE, len(found) - at), 0, -1) if tuple(plain[at : at + n]) in words.core),
            0,
        )
        longer, judgement = _judgement(plain, at, language)
        if longer > length:
            length = longer
        if length:
            tag, value = judgement if length == longer and judgement else words.core[tuple(plain[at : at + length])]
            result.append(Word(tag, value, " ".join(plain[at : at + length]), found[at][1], found[at + length - 1][2]))
        else:
            result.append(_unknown(*found[at]))
        at += max(length, 1)
    return result


def _judgement(plain: list[str], at: int, language: str) -> tuple[int, tuple[str, str] | None]:
    """How many words from `at` on are a phrase that judges with adverbs inside, and its tag and value:
    "drives me absolutely crazy", "me rend trop heureux"."""
    adverbs, core = lexicon(language).apart["ADVERB"], lexicon(language).core
    for length in range(min(LONGEST_PHRASE, len(plain) - at), 2, -1):
        said = plain[at : at + length]
        bare = (said[0], *(token for token in said[1:-1] if (token,) not in adverbs), said[-1])
        if 1 < len(bare) < length and core.get(bare, ("", ""))[0] in JUDGING:
            return length, core[bare]
    return 0, None


def _unknown(token: str, start: int, end: int) -> Word:
    if token in _STOPS:
        return Word("STOPMARK", token, token, start, end)
    if ord(token[0]) not in _FIGURES and any(ord(token[0]) in span for span in _FACES):
        return Word("FILLER", "", token, start, end)
    kind = "CONTENT" if token[0].isalnum() or token[0] == "@" else "EMOJI"
    return Word(kind, "", token, start, end)


def corrected(text: str, language: str, unknown: Iterable[str], targets: frozenset[str]) -> str:
    """The text with misspelt words put right: those of `unknown` that are one slip from a word of ours.

    `unknown` are words that no vocabulary holds, so that "rats" never becomes "cats".
    """
    strange, words = set(unknown), lexicon(language)
    for token, start, end in reversed(tokens(text)):
        if token not in strange or token in words.words or len(token) < 3 or token[:-1] in targets:
            continue
        # A slip in how something is asked is likelier to be meant than one in what is asked for.
        if token.endswith("in") and f"{token}g" in words.words:
            text = f"{text[:end]}g{text[end:]}"  # "vibin"
            continue
        if text[start].isupper() and start and text[start - 1] in " '" and text[:start].rstrip()[-1:] not in ".!?":
            continue  # a name
        known = (words.correctable, targets)
        near = next((found for each in known if (found := [w for w in sorted(each) if _one_slip(token, w)])), [])
        near = near or next((found for each in known if (found := _two_slips(token, each))), [])
        if near:
            text = f"{text[:start]}{near[0]}{text[end:]}"
    return text


def _two_slips(token: str, known: Iterable[str]) -> list[str]:
    """The same letters in another order, or two slips in a long word."""
    if len(token) < 5:
        return []
    mixed = [w for w in sorted(known) if w[0] == token[0] and sorted(w) == sorted(token)]
    if mixed or len(token) < 8:
        return mixed
    return [w for w in sorted(known) if w[0] == token[0] and abs(len(w) - len(token)) < 3 and _slips(token, w) <= 2]


def _slips(one: str, other: str) -> int:
    """The least letters to add, leave out, change or swap with a neighbour."""
    rows = [list(range(len(other) + 1))]
    for a, letter in enumerate(one, 1):
        row = [a]
        for b, wanted in enumerate(other, 1):
            cost = min(rows[-1][b] + 1, row[-1] + 1, rows[-1][b - 1] + (letter != wanted))
            if a > 1 and b > 1 and letter == other[b - 2] and one[a - 2] == wanted:
                cost = min(cost, rows[-2][b - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]


def _one_slip(one: str, other: str) -> bool:
    """One letter changed, added, left out or swapped with its neighbour; the first letter is rarely the wrong one."""
    if one == other or abs(len(one) - len(other)) > 1 or max(len(one), len(other)) < 4 or one[0] != other[0]:
        return False
    if len(one) == len(other):
        wrong = [at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
        swapped = len(wrong) == 2 and wrong[1] == wrong[0] + 1 and one[wrong[0]] == other[wrong[1]]
        return (len(wrong) == 1 and len(one) > 3) or (swapped and one[wrong[1]] == other[wrong[0]])
    short, long = sorted((one, other), key=len)
    return any(long[:at] + long[at + 1 :] == short for at in range(len(long)))
