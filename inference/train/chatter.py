"""Texts for `inference.train.talk`: what people say to a feed, with the words of each wish's subject marked.

It draws the same texts each time, from the sentences beside this file and from one another; it fits nothing.
"""

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from inference.talk import ABOUT, KINDS, WAYS
from inference.train.wishes import lines_of, sentences

FOLDER = Path(__file__).parent
CATALOGUE = FOLDER.parents[1] / "layers/shared/python/volary/steering/topics.json"
STEER = "steer"
OUTER = ("hello", "tail", "before", "after")  # what is said around wishes; alone it is small talk
PARTS = (*OUTER, "noop", "query", "undo", "reset", "reject", "facet")
COMPOSED, PER_LINE = 5200, 9
LONGEST_PART = 90
NOISY = 0.35
_MASK = re.compile(r"\{(\d?)([^{}]*)\}")
_END = "\ue0ff"
_ARTICLE = re.compile(r"^(?:the|les|le|la|des|du|une|un) |^l'", re.I)
_ELISION = re.compile(r"\bde (\W?)(?=[aeiouyéèêâàîôœæAEIOUÉ])")
_FRENCH = frozenset(
    {"les", "des", "de", "du", "la", "le", "un", "une", "je", "j", "tu", "pas", "moi", "mon", "ma", "mes", "est", "ce",
     "ça", "qu", "que", "en", "il", "elle", "nous", "vous", "l", "d", "n", "ne", "au", "aux", "moins", "avec", "dans",
     "sont", "suis", "veux", "plus", "montre", "encore", "jamais", "rien", "sans", "sur", "pour", "merci", "stp"}
)  # fmt: skip
_ENGLISH = frozenset(
    {"the", "i", "of", "to", "is", "are", "my", "me", "and", "you", "it", "show", "in", "for", "with", "that", "this",
     "don't", "no", "more", "less", "fewer", "i'm", "on", "just", "please", "a", "not", "what", "how", "do", "at",
     "can", "some", "any"}
)  # fmt: skip
PICTURES = (
    "🐶", "🐱", "🚗", "🚂", "🌧️", "🌸", "🕷️", "🤖", "🐴", "🐬", "🔥", "🍕", "⚽", "✈️",
    "🏔️", "🎸", "🦆", "👻",
)  # fmt: skip
HANDLES = ("@lena.makes", "@bob_42", "@studio.nord", "@kevin-reacts", "@mamie.tricote", "@thebigcheese", "@zed")
OPEN = {
    "en": ("marble runs", "beekeeping", "tattoos", "escape rooms", "card tricks", "antique clocks", "Keanu Reeves",
           "sudoku", "yo-yos", "unboxings", "crypto", "gossip", "haunted houses", "Taylor Swift", "politics",
           "ventriloquists", "model boats", "elections", "weight loss", "makeup", "knitting", "reality tv", "tractors",
           "lego", "ASMR", "street interviews", "casinos", "wigs", "trampolines", "bagpipes", "fidget toys"),
    "fr": ("billes", "apiculture", "tatouages", "tours de cartes", "horloges anciennes", "Omar Sy", "sudokus",
           "déballages", "crypto", "potins", "maisons hantées", "Angèle", "politique", "ventriloques", "maquettes",
           "élections", "régimes", "maquillage", "tricot", "télé-réalité", "tracteurs", "lego", "asmr",
           "micro-trottoirs", "casinos", "perruques", "trampolines", "cornemuses", "bilboquets", "ronds-points"),
}  # fmt: skip


class Talk(NamedTuple):
    """A text, its kind, its subjects as (start, end, way), and the sets of instructions that a part of it is from."""

    kind: str
    text: str
    subjects: tuple[tuple[int, int, str], ...]
    sources: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Line:
    """A head, a sentence with its masks, the language it is in, and the sets of instructions that have it."""

    head: str
    sentence: str
    language: str
    sources: frozenset[str] = frozenset()

    @property
    def plain(self) -> str:
        """The sentence without its marks."""
        return _MASK.sub(lambda found: found[2], self.sentence)

    @property
    def ways(self) -> list[str]:
        """The way of each subject, in the order of their names."""
        ways = self.head.split("/") if "{" in self.sentence else []
        return sorted(ABOUT if way in ("query", "reset") else way for way in ways)

    @property
    def kind(self) -> str:
        ways = self.head.split("/")
        return STEER if set(ways) & {*WAYS, "facet"} - {ABOUT} else "noop" if ways[0] in OUTER else ways[0]


def opened() -> list[Line]:
    """Every instruction of a set that was read."""
    found, source = [], ""
    for line in _said("opened.txt"):
        if line.startswith("# ") and " " not in line[2:]:
            source = line[2:]
        elif not line.startswith("#"):
            found.append(replace(_line(line), sources=frozenset({source})))
    return found


def _said(name: str) -> list[str]:
    return (FOLDER / name).read_text("utf-8").splitlines()


def talks(seed: int = 5) -> list[Talk]:
    """All texts, the same for one `seed`; to learn without a set, leave out those that have it among their sources."""
    own = opened()
    origins: dict[str, set[str]] = {}
    for line in own:
        origins.setdefault(_bare(line.sentence), set()).update(line.sources)
    written = [line for line in _said("ways.txt") if line and not line.startswith("#")]
    drawn = [*sentences(), *lines_of(FOLDER / "talk.txt", PER_LINE)]
    lines = [_line(each) for each in (*written, *(f"{head} | {said}" for head, said in drawn))]
    lines = [replace(line, sources=frozenset(origins.get(_bare(line.sentence), ()))) for line in lines]
    draw = _Draw(random.Random(seed))
    found = [(line.kind, draw.filled(line), line.sources) for line in (*own, *lines)]
    found += [draw.composed((*own, *lines)) for _ in range(COMPOSED)]
    found = [(kind, draw.noisy(said) if draw.rng.random() < NOISY else said, sources) for kind, said, sources in found]
    found += [(line.kind, draw.noisy(draw.filled(line, swap=True)), line.sources) for line in own]
    return list({talk.text: talk for talk in reversed([_unmarked(*each) for each in found])}.values())[::-1]


class _Draw:
    """Fills, joins and garbles sentences in which a mark stands before and after each subject."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.names = _names()
        self._pools: dict[str, dict[str, list[Line]]] = {}

    def filled(self, line: Line, swap: bool = False) -> str:
        """The sentence with its subjects marked; `swap` puts others in the place of those that are there."""
        ways = line.head.split("/")
        once: list[str] = []

        def fill(found: re.Match[str]) -> str:
            place = int(found[1]) if found[1] else len(once)
            once.append(self._name(line.language))
            name = found[2] if found[2] and not swap else once[-1] if len(ways) > 1 or ways[0] == "noop" else once[0]
            way = ways[min(place, len(ways) - 1)]
            way = ABOUT if way in ("query", "reset") else way
            return f"{chr(0xE000 + WAYS.index(way))}{name}{_END}" if way in WAYS else name

        said = _MASK.sub(fill, line.sentence)
        return _ELISION.sub(r"d'\1", said) if line.language == "fr" and ("{}" in line.sentence or swap) else said

    def _name(self, language: str) -> str:
        kind = self.rng.random()
        if kind < 0.04:
            return self.rng.choice(PICTURES)
        if kind < 0.07:
            return self.rng.choice(HANDLES)
        return self.rng.choice(OPEN[language] if kind < 0.15 else self.names[language])

    def composed(self, lines: Sequence[Line]) -> tuple[str, str, frozenset[str]]:
        """Kind, marked text and sources of a few sentences of one language, one after the other."""
        language = self.rng.choice(("en", "fr"))
        if not self._pools:
            self._pools = {code: _pools(lines, code) for code in ("en", "fr")}
        pool = self._pools[language]
        form = self.rng.choices(*zip(*FORMS, strict=True))[0].split()
        parts = [self.rng.choice(pool[name]) for name in form]
        text = self.filled(parts[0])
        for name, before, line in zip(form[1:], form, parts[1:], strict=False):
            said = self.filled(line)
            mark = self.rng.choice(_joints(before, name, language))
            text = text.rstrip(" .!,;" if mark[0] in ",;. " else " ") + mark + (said[:1].lower() + said[1:])
        kinds = {line.kind for line in parts}
        sources = frozenset[str]().union(*(line.sources for line in parts))
        return next(kind for kind in KINDS if kind in kinds), text, sources

    def noisy(self, said: str) -> str:
        """The text as somebody types it in a hurry."""
        changes = [str.lower, _without_accents, _without_marks, self._mistyped, self._louder, self._shorter]
        for change in self.rng.sample(changes, self.rng.randint(1, 2)):
            said = change(said)
        return said

    def _mistyped(self, said: str) -> str:
        words = said.split(" ")
        places = [at for at, word in enumerate(words) if len(word) > 4 and word.isalpha()]
        for at in self.rng.sample(places, min(len(places), self.rng.randint(1, 2))):
            word, cut = words[at], self.rng.randint(1, len(words[at]) - 3)
            swapped = word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :]
            words[at] = self.rng.choice((swapped, word[:cut] + word[cut + 1 :], word[: cut + 1] + word[cut:]))
        return " ".join(words)

    def _louder(self, said: str) -> str:
        return said.rstrip(" .") + self.rng.choice(LOUD)

    def _shorter(self, said: str) -> str:
        for whole, short in SHORT:
            said = re.sub(rf"\b{whole}\b", short, said, flags=re.I)
        return said


FORMS = (
    ("hello wish", 6), ("hello wish tail", 5), ("wish tail", 4), ("before wish", 7), ("wish after", 9),
    ("before wish tail", 2), ("hello before wish", 4), ("before wish after", 3), ("wish wish", 12),
    ("wish wish wish", 6), ("hello wish wish", 4), ("wish wish tail", 3), ("wish after wish", 4), ("noop wish", 4),
    ("before wish wish", 4), ("wish wish after", 4), ("hello wish wish wish tail", 2), ("hello noop", 5),
    ("noop tail", 3), ("noop noop", 6), ("hello before", 4), ("before after", 4), ("before tail", 2),
    ("hello tail", 1), ("hello query", 5), ("query tail", 3), ("noop query", 4), ("before query", 3),
    ("undo tail", 1), ("hello undo", 1), ("reset tail", 1), ("hello reset", 1), ("hello reject", 1),
    ("wish reject", 2), ("reject tail", 1), ("before reject", 1), ("hello noop tail", 2), ("facet wish", 3),
    ("wish facet", 3), ("facet after", 2), ("hello facet", 2),
)  # fmt: skip
JOINTS = {
    ("wishes", "en"): ", |. | and | but |; |, and |, but | also |, plus |. also | - | & ",
    ("wishes", "fr"): ", |. | et | mais | ; |, et |, mais | et aussi |, par contre |. et | - ",
    ("after", "en"): ", | because |. | - |, since | as | cos |; | (| so that |, otherwise ",
    ("after", "fr"): ", | parce que |. | - |, vu que | car | pcq |; | (|, sinon ",
    ("before", "en"): ", | so |, so |. | - |... | and |: ",
    ("before", "fr"): ", | donc |, donc |. | - |... | alors |, du coup | : ",
    ("", ""): ", | |. |! | - |: ",
}
LOUD = ("!", "!!", " 😂", " 🙏", " lol", " mdr", "...", " plz", " stp", ".")
SHORT = (
    ("pourquoi", "pk"), ("je", "j"), ("s'il te plaît", "stp"), ("beaucoup", "bcp"), ("quelque chose", "qqch"),
    ("parce que", "pcq"), ("c'est", "c"), ("il y a", "ya"), ("please", "pls"), ("you", "u"), ("because", "cuz"),
    ("are", "r"), ("want to", "wanna"), ("going to", "gonna"), ("kind of", "kinda"), ("thanks", "thx"), ("with", "w"),
)  # fmt: skip


def _joints(before: str, name: str, language: str) -> list[str]:
    """What may stand between two parts of a text."""
    wishes = {"wish", "facet"}
    what = "wishes" if {before, name} <= wishes else name if name == "after" else before if before == "before" else ""
    return JOINTS.get((what, language), JOINTS["", ""]).split("|")


def _pools(lines: Sequence[Line], language: str) -> dict[str, list[Line]]:
    here = [line for line in lines if line.language == language and len(line.sentence) <= LONGEST_PART]
    ways = frozenset(WAYS) - {ABOUT}
    wishes = [line for line in here if set(line.head.split("/")) <= ways]
    return {"wish": wishes, **{name: [line for line in here if line.head == name] for name in PARTS}}


def _line(line: str) -> Line:
    head, sentence = line.split(" | ", 1)
    return Line(head.strip(), sentence, _language(sentence))


def _language(sentence: str) -> str:
    words = re.findall(r"\w+(?:'(?=[tmsdrv]\b)\w+)?", sentence.lower())
    return "fr" if sum(word in _FRENCH for word in words) > sum(word in _ENGLISH for word in words) else "en"


def _names() -> dict[str, list[str]]:
    """Names of subjects without their articles, each in the language that its words look like, or in both."""
    named = [line.split(" | ", 1)[1].split(",") for line in _said("topics.txt") if " | " in line]
    known = json.loads(CATALOGUE.read_text("utf-8")).values()
    found: dict[str, list[str]] = {code: [name for each in known for name in each[code]] for code in OPEN}
    for place, names in enumerate(named):  # a line is in one language
        found[_language(" ".join(names)) if place else "en"] += [_ARTICLE.sub("", name.strip()) for name in names]
    return {code: list(dict.fromkeys(names)) for code, names in found.items()}


def _bare(sentence: str) -> str:
    return re.sub(r"[^\w{}]+", " ", _MASK.sub("{}", sentence)).strip().lower()


def _without_marks(said: str) -> str:
    return re.sub(r"[.,!;:]|(?<=\w)['’](?=[a-z]{1,2}\b)", "", said)


def _without_accents(said: str) -> str:
    return said.translate(str.maketrans("éèêàâîôûçœ", "eeeaaiouco"))


def _unmarked(kind: str, said: str, sources: frozenset[str]) -> Talk:
    text, subjects, start, way = "", [], 0, ""
    for letter in " ".join(said.split(" ")).strip():
        if "\ue000" <= letter < _END:
            start, way = len(text), WAYS[ord(letter) - 0xE000]
        elif letter == _END:
            subjects.append((start, len(text), way))
        else:
            text += letter
    return Talk(kind, text, tuple(subjects), sources)
