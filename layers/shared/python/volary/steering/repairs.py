"""Puts an instruction right where its speaker took a wish back and said it otherwise: "less snow, sorry, I meant rain".

Pure. The wish that was taken back goes; what the new words leave out is taken from it. It reads no wish itself.
"""
# ruff: noqa: E501 - patterns read better unbroken

import re
from collections.abc import Sequence

from volary.steering.composition import ASKS, Draft
from volary.steering.grammar import parse, tag
from volary.steering.lexicon import Word, folded

SHORT = 3  # words in which somebody says only how much they meant
Phrases = frozenset[tuple[str, ...]]
_PAUSE = r"[\s,;:.…!?()–—-]"
_HESITATION = (
    r"(?:no|nope|nah|oh|wait|sorry|oops|whoops|hmm+|mm+|er+m?|u[hm]+|actually|hold on|hang on|well|ah|my bad|my mistake|wrong|but|and|"
    r"non|euh+|heu+|attends|attendez|pardon|desolee?|oups|ah|zut|enfin|en fait|mince|excuse(?:z)?(?:[- ]moi)?|je me suis trompee?|je me trompe|mais|bah|ben)"
)
_MEANT = (
    r"(?:what i (?:really |actually )?meant (?:was|is)|i (?:really |actually )?(?:meant|mean)(?: to (?:say|ask for|type|write|put))?|make (?:that|it)|"
    r"scratch that|strike that|correction|let me correct (?:that|myself)|let me rephrase|or rather|i wanted to (?:say|write|type)|should (?:have been|be)|"
    r"je (?:voulais|veux|voulai) (?:plutot )?dire|je corrige|je rectifie|rectification|correction|(?:ou|enfin|non) plutot(?! que)|ou disons|je reformule)"
)
_DOUBT = r"(?:no wait|wait no|no sorry|sorry no|no actually|actually no|oh no wait|hmm no|wait|euh non|non attends|attends non|non pardon|pardon non|non euh|enfin non|en fait non|ah non|(?:nah )?(?:just )?kidding|i'm (?:only |just )?(?:kidding|joking)|jk|je (?:rigole|plaisante|deconne|blague)|oups non|non desolee?)"
# Every match begins where a pause does and takes the whole of it, so that a thousand dots cost no more than they are.
_REPAIR = re.compile(
    rf"(?<!{_PAUSE})(?:"
    rf"(?:{_PAUSE}++{_HESITATION})*{_PAUSE}++{_MEANT}(?={_PAUSE})(?:{_PAUSE}++{_HESITATION}\b)*{_PAUSE}++"
    rf"|(?=\s*[,;:.…!?()–—-]){_PAUSE}++{_DOUBT}{_PAUSE}++|{_PAUSE}++(?:no wait|wait no|euh non|heu non|non attends){_PAUSE}++)"
)
_OPPOSITES = {"more": "less", "less": "more", "fewer": "more", "plus": "moins", "moins": "plus"}
_MEASURE = re.compile(rf"\b(?:{'|'.join(_OPPOSITES)})\b", re.IGNORECASE)
_TURNED = re.compile(
    rf"(?<!{_PAUSE})(?:{_PAUSE}++{_HESITATION})*{_PAUSE}++(?:i (?:mean|meant) |it's |c'est |je voulais dire )?"
    r"(?:the (?:other way (?:a)?round|opposite|reverse)|l'inverse|le contraire)\W*$"
)
_ECHOED = re.compile(r"(?<![\s,])[\s,]++(?:and |et )?(?:not|pas) (more|less|fewer|plus|moins)\W*$")
_NEVER_MEANT = re.compile(r"\b(?:not|never|didn't|don't|what|if you know what|jamais|pas|ne)$")


def repaired(text: str, language: str, protected: Phrases) -> str:
    """`text` with each wish that was corrected in the words of its correction; as it is where none was."""
    text = _turned(_unechoed(text))
    for _ in range(3):  # somebody may change their mind more than once
        found = next((parts for each in _REPAIR.finditer(folded(text)) if (parts := _parts(text, each))), None)
        better = _joined(found[0], found[1], language, protected) if found else ""
        if not better:
            return text
        text = better
    return text


def _unechoed(text: str) -> str:
    """ "I said more forest, not less" without the way that is not meant."""
    found = _ECHOED.search(folded(text))
    said = _MEASURE.findall(folded(text[: found.start()])) if found else []
    return text[: found.start()] if found and said and _OPPOSITES[said[-1]] == _plainest(found[1]) else text


def _plainest(measure: str) -> str:
    return "less" if measure == "fewer" else measure


def _turned(text: str) -> str:
    """ "Less snow, sorry, the opposite" as "more snow"."""
    found = _TURNED.search(folded(text))
    measures = list(_MEASURE.finditer(text[: found.start()])) if found else []
    if not found or len(measures) != 1:
        return text
    start, end = measures[0].span()
    return f"{text[:start]}{_OPPOSITES[measures[0][0].lower()]}{text[end : found.start()]}"


def _parts(text: str, found: re.Match[str]) -> tuple[str, str] | None:
    before, after = text[: found.start()].rstrip(), text[found.end() :].strip()
    denied = _NEVER_MEANT.search(folded(before))
    return (before, after) if before and after and not denied else None


def _joined(before: str, after: str, language: str, protected: Phrases) -> str:
    """The two halves as one instruction, "" where one of them is no wish."""
    first, second = parse(before, language, protected).drafts, parse(after, language, protected).drafts
    words = tag(after, language, protected)
    asks = any(word.kind in ASKS | {"PLUS", "FACET", "LENGTH"} for word in words)
    names = any(word.kind in ("CONTENT", "EMOJI", "FACET", "LENGTH") for word in words)
    last = _last(first)
    if last is None or (not second and not asks):
        return ""
    if asks and names:
        return f"{_without(before, last)} {after}".strip() if second else ""
    start = before.rfind(last.phrases[0])
    end = before.rfind(last.phrases[-1]) + len(last.phrases[-1])
    if asks:
        if len(words) > SHORT:
            return ""  # "I mean I really can't stand it" says nothing else than before
        return f"{_without(before, last)} {after} {_of(language, after, before[start:end])}".strip()
    return f"{before[:start]}{_bare(after, words)}{before[end:]}".strip()


def _last(drafts: Sequence[Draft]) -> Draft | None:
    """The wish that a correction is about: the last one that names something."""
    return next(
        (draft for draft in reversed(drafts) if draft.phrases and draft.op not in ("noop", "query", "facet")), None
    )


def _without(before: str, draft: Draft) -> str:
    start = before.rfind(draft.words)
    return before[:start].rstrip() if start >= 0 else ""


def _of(language: str, after: str, phrase: str) -> str:
    """ "Fewer trains", but "moins de trains"."""
    if language != "fr" or not folded(after).rstrip(" .!").endswith(("moins", "plus", "davantage", "trop", "assez")):
        return phrase
    return f"d'{phrase}" if folded(phrase)[0] in "aeiouy" else f"de {phrase}"


def _bare(after: str, words: Sequence[Word]) -> str:
    """The new subject without the articles before it."""
    first = next(word for word in words if word.kind in ("CONTENT", "EMOJI", "FACET", "LENGTH"))
    return after[first.start :]
