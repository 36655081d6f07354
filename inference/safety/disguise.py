"""Reads a text the way a person would who wants to see through a disguise; it judges nothing.

What is covered: invisible characters, look-alike letters of other alphabets, stacked accents, digits and
signs for letters, letters set apart by spaces or dots, base64 and hexadecimal.
What is not covered: words written backwards, ciphers, pictures of text, languages made up for the occasion,
and meaning that no single text holds (the caller joins the prompts of a remix chain for that).
"""

import base64
import binascii
import re
import unicodedata

MAX_READINGS = 6

# Cyrillic, Greek, Armenian, Cherokee and phonetic letters that are drawn like Latin ones in common typefaces.
_ALIKE_FROM = (
    "аАвВгеЕёЁіІїЇјЈкКмМнНоОрРсСтТуУхХьѕЅԁԛԝһӏпАΑαΒβΕεΖΗηΙιΚκΜΝνΟοΡρΤτΥυΧχωսօհոցքᎪᏴᏟᎬᎻᎫᏦᏞᎷᏢᏒᏚᎢᏙᏔ"
    "ɑɡɩʟɴʀʏᴀʙᴄᴅᴇɢʜɪᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢꜱøØłŁđĐıȷ"
)
_ALIKE_TO = (
    "aAbBreEeEiIiIjJkKmMhHoOpPcCtTyYxXbsSdqwhlnAAaBbEeZHnIiKkMNvOoPpTtYuXxwuohngpABCEHJKLMPRSTVW"
    "agilnryabcdeghijkmoptuvwzsoOlLdDij"
)
_ALIKE_TABLE = str.maketrans(_ALIKE_FROM, _ALIKE_TO)
_LEET_TABLE = str.maketrans("013457@$€!|+8", "oieastaseiltb")
_HIDDEN = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
_SPACED = re.compile(r"(?<!\w)(?:\w[\s.\-_*·•|/,]{1,3}){2,}\w(?!\w)")
_INSIDE = re.compile(r"(?<=\w)[.\-_*·•|]+(?=\w)")
_LETTER, _SIGN = re.compile("[A-Za-zÀ-ÿ]"), re.compile("[0-9@$€!|+]")
_MEASURE = re.compile(r"\W*\d[\d.,:]*(k|p|d|s|x|h|m|mm|cm|km|th|st|nd|rd|er|e|eme|ème|fps|am|pm|px|hz|min|yo)\W*", re.I)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}[\s:]?){8,}")


def plain(text: str) -> str:
    """The text with compatibility forms unified, invisible characters dropped and look-alikes made Latin.

    Look-alikes are only replaced in words that also hold Latin letters: honest Cyrillic or Greek stays.
    """
    seen = _HIDDEN.sub("", unicodedata.normalize("NFKC", _HIDDEN.sub("", text)))
    return re.sub(r"\w+", lambda word: _latin(word.group()), _unstacked(seen))


def readings(text: str) -> tuple[str, ...]:
    """The distinct ways to read a text, plain first, at most `MAX_READINGS`."""
    base = plain(text)
    found = [base]
    folded = _all_latin(base)
    for reading in (*_decoded(base), folded, _unleet(base), joined(base), _unleet(joined(folded))):
        if reading.strip() and reading.casefold() not in {other.casefold() for other in found}:
            found.append(reading)
    return tuple(found[:MAX_READINGS])


def joined(text: str) -> str:
    """Letters set apart put together again: "k i l l" and "k.i.l.l" become "kill"."""
    together = _SPACED.sub(lambda run: re.sub(r"\W|_", "", run.group()), text)
    return _INSIDE.sub("", together)


def is_disguised(text: str) -> bool:
    """Whether the text holds invisible characters or words of mixed alphabets, which honest prompts do not."""
    if _HIDDEN.search(text.replace("\ufe0f", "").replace("\u200d", "")):
        return True
    return any(_scripts(word) > 1 for word in re.findall(r"[^\W\d_]+", text))


def _unstacked(text: str) -> str:
    """At most one accent a letter: more is decoration that hides the letter."""
    kept = re.sub(r"([\u0300-\u036f])[\u0300-\u036f]+", "", unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFC", re.sub(r"[\u0334-\u0338\u20d0-\u20ff]", "", kept))


def _latin(word: str) -> str:
    has_latin = any("a" <= letter.lower() <= "z" for letter in word)
    return word.translate(_ALIKE_TABLE) if has_latin and not word.isascii() else word


def _all_latin(text: str) -> str:
    return text if text.isascii() else text.translate(_ALIKE_TABLE)


def _unleet(text: str) -> str:
    # Word by word: one pattern for "a letter and a sign somewhere in a word" took the cube of a long word's length, so
    # that a prompt of ten thousand letters kept every other prompt waiting for half an hour.
    return re.sub(r"\S+", lambda word: _letters_for_digits(word.group()), text)


def _letters_for_digits(word: str) -> str:
    """Words of letters and signs; sizes, counts and years ("4k", "35mm", "90s") are left as they are."""
    is_mixed = _LETTER.search(word) and _SIGN.search(word)
    return word.translate(_LEET_TABLE) if is_mixed and not _MEASURE.fullmatch(word) else word


def _decoded(text: str) -> list[str]:
    found = [_readable(_from_base64(run)) for run in _BASE64.findall(text)[:3]]
    found += [_readable(_from_hex(run)) for run in _HEX.findall(text)[:2]]
    return [reading for reading in found if reading]


def _from_base64(run: str) -> bytes:
    standard = run.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4))
    except binascii.Error:
        return b""


def _from_hex(run: str) -> bytes:
    return bytes.fromhex(re.sub(r"[\s:]", "", run))


def _readable(data: bytes) -> str:
    """The decoded text where it looks like one: ordinary words are valid base64 too and decode to noise."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    letters = sum(letter.isalpha() or letter.isspace() for letter in text)
    return text if len(text) >= 6 and letters >= 0.8 * len(text) else ""


def _scripts(word: str) -> int:
    names = {unicodedata.name(letter, "?").split()[0] for letter in word}
    return len(names & {"LATIN", "CYRILLIC", "GREEK", "CHEROKEE", "ARMENIAN"})
