"""What the words of one piece come to together: operation, strength, scope, and the stretches that name its targets.

It sees one piece at a time; `volary.steering.placing` joins pieces.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from volary.steering.lexicon import LANGUAGES, Word, lexicon

Op = Literal["more", "less", "block", "only", "unblock", "keep", "reset", "undo", "noop", "query", "reject", "facet"]


# Negative words that stand with a negation without undoing it: "je ne veux aucun chat".
CONCORD = frozenset(
    {"aucun", "aucune", "pas un seul", "pas une seule", "plus aucun", "plus aucune", "plus un seul", "plus une seule",
     "plus jamais", "ne veux rien voir", "rien sur", "sans", "zero", "keine", "kein", "keinen", "ohne", "ningun",
     "ninguna", "nada de", "sin", "no longer show", "ne laisse plus", "no way", "nope"}
)  # fmt: skip


# Words by which "never too many" speaks of what can be, and those by which it orders.
ABLE = frozenset(
    {"can", "could", "have", "has", "there", "possible", "on", "a", "ai", "y", "peut", "peux", "tu", "vous"}
)
IMPOSSIBLE = frozenset({"can't", "cannot", "couldn't", "cant", "couldnt", "impossible"})
OUGHT = frozenset({"should", "must", "dois", "doit", "devrais", "devez"})
NOR = frozenset({"nor", "neither", "ni"})
LASTING = frozenset({"plus jamais", "never again", "never ever", "nie wieder", "no longer show"})


# Kinds of words after which their subject stands.
ASKS = frozenset(
    {"MORE", "LESS", "BLOCK", "ONLY", "WEAKONLY", "UNBLOCK", "STOP", "WANT", "LIKE", "DISLIKE", "TOOMUCH", "TOOFEW",
     "ENOUGH", "NEG", "NEVER", "NOMORE", "KEEP", "RATHER", "DENY", "YES", "NOTHING"}
)  # fmt: skip


@dataclass(frozen=True)
class Draft:
    """One clause before its targets are resolved: `phrases` are stretches of the reader's own words."""

    op: Op
    phrases: tuple[str, ...] = ()
    strength: str = "normal"
    scope: str = "default"
    words: str = ""
    is_open: bool = False  # a question about its phrases, whatever they are


def compose(words: Sequence[Word], language: str) -> tuple[Op, str] | None:
    """The operation that these words come to together, and its strength; None where they ask nothing."""
    kinds = {word.kind for word in words}
    has = kinds.__contains__
    stops, negates = has("STOP"), has("NEG") or has("NEVER") or has("NOMORE")
    turned = stops != negates
    value = {word.kind: word.value for word in words}
    if has("DENY"):
        return _denied(compose([word for word in words if word.kind != "DENY"], language), kinds)
    if has("KEEP") and not kinds & {"LESS", "BLOCK"}:  # "keep the spiders away" keeps none
        return ("less", "normal") if turned else ("keep", "normal")
    if has("UNBLOCK") or (has("AGAIN") and not kinds & {"MORE", "LESS", "BLOCK", "DISLIKE"}):
        return ("block", "absolute") if turned else ("unblock", "normal")
    if has("BLOCK"):
        undone = any(w.kind == "BLOCK" and w.folded not in CONCORD for w in words) and (stops or negates)
        return ("unblock", "normal") if undone else ("block", "absolute")
    judged = _judged(kinds, words, turned, value)
    if judged is not None:
        return judged
    if has("LESS"):
        return ("keep", "normal") if turned else ("less", sized(value["LESS"], words))
    if has("MORE"):
        if not turned:
            return "more", sized(value["MORE"], words)
        return ("less", "normal") if language == "fr" and not has("NOMORE") else ("block", "absolute")
    if has("ONLY") or (has("WEAKONLY") and not kinds & {"LIKE", "RATHER", "NEG"}):
        return ("keep", "normal") if turned else ("only", "absolute")
    return _wished(kinds, words, turned, stops and negates)


def _denied(inner: tuple[Op, str] | None, kinds: set[str]) -> tuple[Op, str]:
    """What "I never said that …" and "it is not that …" leave of a wish."""
    if inner is None or inner[0] in ("more", "only", "unblock", "keep"):
        return "less", "normal"
    return ("more", "normal") if "MORE" in kinds else ("keep", "normal")


def _judged(kinds: set[str], words: Sequence[Word], turned: bool, value: dict[str, str]) -> tuple[Op, str] | None:
    """Too much, too little, enough, dislike and like."""
    if "LIKE" in kinds and "TOOMUCH" in kinds and not turned:
        return "more", "strong"
    if "LIKE" in kinds and "TOOMUCH" in kinds:
        return "less", "normal"
    if "TOOMUCH" in kinds and _cannot_be(words):
        return "more", "strong"
    if "TOOMUCH" in kinds:
        said = next(word.folded for word in words if word.kind == "TOOMUCH").split()
        strength = "slight" if {"peu", "bit", "little"} & set(said) else sized("normal", words)
        strength = "strong" if {"way", "far", "beaucoup", "bien", "bcp"} & set(said) else strength
        return ("less", "slight") if turned else ("less", strength)
    if "TOOFEW" in kinds:
        return ("keep", "normal") if turned else ("more", sized("normal", words))
    if "ENOUGH" in kinds:
        return ("more", "strong" if _cannot_be(words) else "normal") if turned else ("less", "normal")
    if "DISLIKE" in kinds:
        if "MORE" in kinds and turned:
            return "more", sized("normal", words)
        return ("keep", "normal") if turned else ("less", sized(value["DISLIKE"], words))
    if "LIKE" in kinds and "LESS" not in kinds and not ("MORE" in kinds and not turned):
        return ("less", "normal") if turned else ("more", sized(value["LIKE"], words))
    return None


def _cannot_be(words: Sequence[Word]) -> bool:
    """ "You can never show too many" and "on n'a jamais trop" say that no number is too many; an order does not."""
    said = {token for word in words for token in word.folded.split()}
    denied = any(word.kind == "NEVER" for word in words) or bool(said & IMPOSSIBLE)
    denied = denied or (any(word.kind == "NEG" for word in words) and {"peut", "y"} <= said)  # "ne peut pas y avoir"
    return denied and bool(said & (ABLE | IMPOSSIBLE)) and not said & OUGHT


def _wished(kinds: set[str], words: Sequence[Word], turned: bool, is_double: bool) -> tuple[Op, str] | None:
    if is_double:
        return "keep", "normal"
    if turned or "NOTHING" in kinds:
        return "block", "absolute"
    if kinds & {"WANT", "YES", "RATHER"}:
        return "more", sized("normal", words)
    return None


def sized(normal: str, words: Sequence[Word]) -> str:
    kinds = [word.kind for word in words]
    if "SLIGHT" in kinds:
        return "slight"
    return "strong" if "STRONG" in kinds else normal


def scope_of(words: Sequence[Word]) -> str:
    named = next((word.value for word in words if word.kind == "SCOPE"), None)
    if named:
        return named
    lasting = any(word.kind == "NEVER" or word.folded in LASTING for word in words) and not _cannot_be(words)
    return "forever" if lasting and not any(word.kind == "STOP" for word in words) else "default"


def said_by(words: Sequence[Word], text: str) -> str:
    return text[words[0].start : words[-1].end].strip() if words else ""


def phrases_of(words: Sequence[Word], text: str) -> list[str]:
    """Stretches of content: small words inside one are kept, so that "dogs on skateboards" stays one target."""
    joins = _joins()
    found: list[list[Word]] = []
    gap: list[Word] = []
    for word in words:
        if word.kind == "EMOJI":
            found.append([word])
            gap = [replace(word, kind="BREAK")]
        elif word.kind == "CONTENT":
            if found and _bridges(gap, joins):
                found[-1] += [*gap, word]
            else:
                found.append([word])
            gap = []
        else:
            gap.append(word)
    return [text[run[0].start : run[-1].end] for run in (_trimmed(run, joins) for run in found) if run]


def _trimmed(run: list[Word], joins: frozenset[str]) -> list[Word]:
    """Without small words at its end: "my face in"."""
    ends = max((at for at, word in enumerate(run, 1) if word.folded not in joins), default=0)
    return run[:ends]


def subject_of(words: Sequence[Word], text: str) -> tuple[list[str], list[str]]:
    """The phrase that an operation is about, and those beside it: "my daughter loves unicorns for her birthday".

    Without an "and" there is one subject: the first phrase after the operation, or else the last before it.
    """
    found = phrases_of(words, text)
    plain = [each for each in found if each[0].isalnum()]  # emojis stand in a row
    if len(plain) < 2 or any(word.folded in NOR for word in words):
        return found, []
    first = next((word.start for word in words if word.kind in ASKS), None)
    after = phrases_of([word for word in words if first is not None and word.start > first], text)
    after = [each for each in after if each in plain]
    chosen = after[0] if after else plain[-1] if first is not None else plain[0]
    return [each for each in found if each == chosen or each not in plain], [e for e in plain if e != chosen]


def _bridges(gap: list[Word], joins: frozenset[str]) -> bool:
    if not gap:
        return True
    kinds = {word.kind for word in gap}
    small = all(word.folded.split()[-1] in joins or word.kind == "GENERIC" for word in gap)
    return small and kinds <= {"FILLER", "GENERIC", "FOR", "JOIN", "INSTEAD"} and any(w.kind != "GENERIC" for w in gap)


@cache
def _joins() -> frozenset[str]:
    return frozenset(phrase[0] for code in LANGUAGES for phrase in lexicon(code).apart["JOIN"] if len(phrase) == 1)
