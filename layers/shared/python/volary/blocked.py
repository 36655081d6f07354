"""People whose names are refused in a prompt: public figures, estates, whoever asked for it; and how names are read.

Pure. Both a listed name and a prompt are folded to one spelling: look-alike letters, accents, digits and signs for
letters, letters set apart or run together come out alike. What is covered: a listed name, as whole words, however it
is spaced or dressed up. What is not: people described without a name, names that are not on the list, other ways to
write a name in another script, misspellings; the prompt screen and the faces of the block list stand behind it.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import accumulate
from typing import Literal

from events.shapes import Shape
from volary.errors import Invalid

Kind = Literal["public_figure", "estate", "on_request"]
MOST_NAMES = 20  # of one person
LONGEST_NAME = 100
MOST_FOLDED = 40_000  # names kept in their one spelling: all of a full list
LEAST_LETTERS = 5  # a shorter name is a word of something else too often

# Letters of other alphabets, digits and signs by the letter that they are drawn like; i, j, l and 1 are one letter.
DRAWN_LIKE = {
    "a": "аαᴀɑ4@", "b": "вьβʙ8", "c": "сᴄϲ", "d": "ԁᴅđð", "e": "еєεᴇ3€", "g": "ɢɡ9", "h": "һнʜ", "i": "іιıɪlӏłʟ1|!jјᴊ",
    "k": "кκᴋ", "m": "мᴍ", "n": "пηɴ", "o": "оοσᴏøо0", "p": "рρᴘ", "q": "ԛ", "r": "гʀ", "s": "ѕꜱ5$", "t": "тτᴛ7",
    "u": "υᴜ", "v": "νᴠ", "w": "ԝωᴡ", "x": "хχ", "y": "уγʏ", "z": "ᴢ",
}  # fmt: skip
ALIKE = str.maketrans({sign: letter for letter, signs in DRAWN_LIKE.items() for sign in signs})
INNER_SIGNS = re.compile(r"(?<=\w)[@$€|!](?=\w)")
WORDS = re.compile(r"[^\W_]+")


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


def named(text: str, people: Iterable[BlockedPerson], allowed: Iterable[str] = ()) -> BlockedPerson | None:
    """The first listed person whom a text names, besides those whose likeness (an id) is `allowed`."""
    found, may = words(text), frozenset(allowed)
    if not found:
        return None
    whole, ends = "".join(found), list(accumulate(map(len, found)))
    starts, stops = {0, *ends}, set(ends)
    for person in people:
        if person.likeness_id not in may and any(_is_in(_folded(n), whole, starts, stops) for n in person.names):
            return person
    return None


def words(text: str) -> list[str]:
    """The words of a text in the one spelling."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    seen = "".join(each for each in plain if unicodedata.category(each) not in ("Mn", "Me", "Cf"))
    joined = INNER_SIGNS.sub(lambda sign: sign.group().translate(ALIKE), seen)
    return [word.translate(ALIKE) for word in WORDS.findall(joined)]


@lru_cache(maxsize=MOST_FOLDED)
def _folded(name: str) -> str:
    """A listed name in the one spelling; every clip is compared with all of them, four times on its way."""
    return "".join(words(name))


def _is_in(name: str, whole: str, starts: set[int], stops: set[int]) -> bool:
    """Whether the name stands in the run-together text from the start of a word to the end of one."""
    at = whole.find(name)
    while at >= 0:
        if at in starts and at + len(name) in stops:
            return True
        at = whole.find(name, at + 1)
    return False
