"""People whose names are refused in a prompt: public figures, estates, whoever asked for it; and how names are read.

Pure. Both a listed name and a prompt are folded to one spelling: look-alike letters, accents, digits and signs for
letters, letters set apart or run together come out alike. What is covered: a listed name, as whole words, however it
is spaced or dressed up, with a possessive's s, and with a surname before a first name. What is not: people described
without a name, names that are not on the list, other ways to write a name in another script, misspellings; the prompt
screen and the faces of the block list stand behind it.

The public figures of `events.public_figures` are on the list of every home from the first moment on, by the names that
mean nobody else. Names that may mean somebody else are not refused here: the prompt screen has a person look at them.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate, islice
from typing import Literal

from events.public_figures import PublicFigure, public_figures
from events.shapes import Shape
from volary.errors import Invalid

Kind = Literal["public_figure", "estate", "on_request"]
MOST_NAMES = 20  # of one person
LONGEST_NAME = 100
MOST_FOLDED = 40_000  # names kept in their one spelling: all of a full list
LEAST_LETTERS = 5  # a shorter name is a word of something else too often
SHIPPED = "block_shipped_"  # how the ids of those begin whom every home lists from the start

# Letters of other alphabets, digits and signs by the letter that they are drawn like; i, j, l and 1 are one letter.
DRAWN_LIKE = {
    "a": "аαᴀɑ4@", "b": "вьβʙ8", "c": "сᴄϲ", "d": "ԁᴅđð", "e": "еєεᴇ3€", "g": "ɢɡ9", "h": "һнʜ", "i": "іιıɪlӏłʟ1|!jјᴊ",
    "k": "кκᴋ", "m": "мᴍ", "n": "пηɴ", "o": "оοσᴏøо0", "p": "рρᴘ", "q": "ԛ", "r": "гʀ", "s": "ѕꜱ5$", "t": "тτᴛ7",
    "u": "υᴜ", "v": "νᴠ", "w": "ԝωᴡ", "x": "хχ", "y": "уγʏ", "z": "ᴢ",
}  # fmt: skip
ALIKE = str.maketrans({sign: letter for letter, signs in DRAWN_LIKE.items() for sign in signs})
# Letters in discs, in squares and of flags, which Unicode does not decompose, by the letter in them.
FRAMED = {first + place: chr(ord("a") + place) for first in (0x1F150, 0x1F170, 0x1F1E6) for place in range(26)}
INNER_SIGNS = re.compile(r"(?<=\w)[@$€|!](?=\w)")
EDGE_SIGNS = str.maketrans("$€", "se")  # at the ends of a word they may be letters, or nothing at all
WORDS, SPACE = re.compile(r"[^\W_]+"), re.compile(r"\s")


class BlockedPerson(Shape):
    """One person on the list. With `likeness_id` they may be asked for through that likeness, under its own rules."""

    id: str
    names: tuple[str, ...]
    kind: Kind
    likeness_id: str | None = None
    added_by: str
    at: int


def blocked(person: BlockedPerson) -> BlockedPerson:
    """The person as they may be listed; raises Invalid for names that cannot be told from ordinary words."""
    if not 1 <= len(person.names) <= MOST_NAMES:
        raise Invalid(f"{len(person.names)} names, not 1 to {MOST_NAMES}", param="names")
    for name in person.names:
        if not is_telling(name):
            message = f"the name {name!r} has {_letters(name)} letters, not {LEAST_LETTERS} to {LONGEST_NAME}"
            raise Invalid(message, param="names")
    return person


def is_telling(name: str) -> bool:
    """Whether the name is long enough to be no word of an ordinary prompt, and no longer than a name is."""
    return _letters(name) >= LEAST_LETTERS and len(name) <= LONGEST_NAME


def _letters(name: str) -> int:
    return len("".join(words(name)))


@dataclass(frozen=True)
class Spelt:
    """A listed name in the one spelling; `parts` are the places at which one of its words ends."""

    person: BlockedPerson
    parts: frozenset[int]


@dataclass(frozen=True)
class Directory:
    """Listed people by every name in its one spelling, and what tells quickly that no name begins at a word."""

    by_name: Mapping[str, tuple[Spelt, ...]]
    heads: frozenset[str]
    longest: int


def directory(people: Iterable[BlockedPerson]) -> Directory:
    found: dict[str, tuple[Spelt, ...]] = {}
    for person in people:
        for parts in {parts for name in person.names for parts in _orders(name)}:
            whole, ends = "".join(parts), frozenset(accumulate(map(len, parts)))
            found[whole] = (*found.get(whole, ()), Spelt(person, ends))
    return Directory(found, frozenset(name[:LEAST_LETTERS] for name in found), max(map(len, found), default=0))


def mentions(text: str, listed: Directory) -> Iterator[BlockedPerson]:
    """Everybody of a directory whom a text names; somebody may come twice."""
    for reading in dict.fromkeys((text, text.translate(EDGE_SIGNS))):
        yield from _mentioned(_written(reading), listed)


@dataclass(frozen=True)
class _Written:
    """The words of a text run together, where each ends, and which ends are spaces between two words proper."""

    whole: str
    ends: tuple[int, ...]
    apart: frozenset[int]


def _written(text: str) -> _Written:
    plain = _plain(text)
    found = list(WORDS.finditer(plain))
    ends = tuple(accumulate(len(each.group()) for each in found))
    apart = (
        end for end, one, two in zip(ends, found, found[1:], strict=False)
        if min(len(one.group()), len(two.group())) > 1 and SPACE.search(plain, one.end(), two.start())
    )  # fmt: skip
    return _Written("".join(each.group() for each in found).translate(ALIKE), ends, frozenset(apart))


def _mentioned(text: _Written, listed: Directory) -> Iterator[BlockedPerson]:
    for begun, start in enumerate((0, *text.ends[:-1]) if text.ends else ()):
        if text.whole[start : start + LEAST_LETTERS] in listed.heads:
            for end in islice(text.ends, begun, None):
                if end - start > listed.longest + 1:
                    break
                yield from _spelt(text, start, end, listed)


def _spelt(text: _Written, start: int, end: int, listed: Directory) -> Iterator[BlockedPerson]:
    """Whose name this stretch is, a possessive's s left out. Words apart are one word of a name only where its letters
    are set apart: who "put in" something names nobody.
    """
    run = text.whole[start:end]
    for name in (run, run[:-1]) if run.endswith("s") else (run,):
        for each in listed.by_name.get(name, ()):
            if all(at - start in each.parts for at in text.apart if start < at < end):
                yield each.person


def named(text: str, people: Iterable[BlockedPerson], allowed: Iterable[str] = ()) -> BlockedPerson | None:
    """A listed person whom a text names, besides those whose likeness (an id) is `allowed`."""
    return stranger(mentions(text, directory(people)), allowed)


def stranger(people: Iterable[BlockedPerson], allowed: Iterable[str]) -> BlockedPerson | None:
    """The first who is not there through an `allowed` likeness of their own."""
    may = frozenset(allowed)
    return next((person for person in people if person.likeness_id not in may), None)


def why(person: BlockedPerson) -> str:
    """What somebody reads whose words name the person. Whoever asked not to be shown is not told by name."""
    match person.kind:
        case "public_figure":
            whom = f"{person.names[0]}, a public figure, and real people are shown with their own consent only"
        case "estate":
            whom = f"{person.names[0]}, whose estate does not let them be shown"
        case "on_request":
            whom = "somebody who asked not to be shown"
    return f"the words name {whom}: leave the name out, or ask for their likeness"


@cache
def shipped() -> tuple[BlockedPerson, ...]:
    """The public figures whom every home lists from the start, by the names that mean nobody else."""
    found = (_shipped(figure) for figure in public_figures())
    return tuple(person for person in found if person.names)


@cache
def shipped_directory() -> Directory:
    return directory(shipped())


def _shipped(figure: PublicFigure) -> BlockedPerson:
    names = tuple(name for name in figure.names if is_telling(name))
    label = re.sub(r"[^a-z0-9]+", "_", _bare(names[0].casefold()) if names else "")
    return BlockedPerson(id=f"{SHIPPED}{label}", names=names, kind="public_figure", added_by="Volary", at=0)


def words(text: str) -> list[str]:
    """The words of a text in the one spelling."""
    return [word.translate(ALIKE) for word in WORDS.findall(_plain(text))]


def _plain(text: str) -> str:
    return INNER_SIGNS.sub(lambda sign: sign.group().translate(ALIKE), _bare(text.casefold()))


@lru_cache(maxsize=MOST_FOLDED)
def _orders(name: str) -> frozenset[tuple[str, ...]]:
    """The words of a listed name, and with the first or the last at the other end; every clip is compared with all of
    them, four times on its way.
    """
    parts = tuple(words(name))
    return frozenset({parts, (*parts[1:], *parts[:1]), (*parts[-1:], *parts[:-1])})


def _bare(text: str) -> str:
    """Without accents, frames and invisible signs."""
    plain = unicodedata.normalize("NFKD", text).translate(FRAMED)
    return "".join(each for each in plain if unicodedata.category(each) not in ("Mn", "Me", "Cf"))
