"""Reads what an instruction asks for: operations, negation, exceptions, strength, scope and the words of its targets.

Pure and deterministic. It resolves no target and judges no harm; what it cannot read it hands back as `unread`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from volary.steering import facets
from volary.steering.lexicon import Word, folded, lexicon, spans, tagged, tokens

Op = Literal["more", "less", "block", "only", "unblock", "keep", "reset", "undo", "noop", "query", "reject", "facet"]
# Negative words that stand with a negation without undoing it: "je ne veux aucun chat".
CONCORD = frozenset(
    {"aucun", "aucune", "pas un seul", "pas une seule", "plus aucun", "plus aucune", "plus un seul", "plus une seule",
     "plus jamais", "ne veux rien voir", "rien sur", "sans", "zero", "keine", "kein", "keinen", "ohne", "ningun",
     "ninguna", "nada de", "sin", "no longer show", "ne laisse plus", "no way", "nope"}
)  # fmt: skip
LASTING = frozenset({"plus jamais", "never again", "never ever", "nie wieder", "no longer show"})
# Words that ask only after these: "I like", but not "dives like a bird".
AFTER = {
    "like": {"i", "i'd", "we", "really", "also", "not", "don't", "dont", "do", "didn't", "would", "you", "do not", "doesn't", "still", "actually"},
    "into": {"i'm", "im", "i am", "not", "really", "am", "so", "super", "very", "been", "getting", "get", "totally", "way", "isn't", "aren't"},
    "enjoying": {"i'm", "im", "i am", "not", "am", "really"},
    "missing": {"i'm", "im", "i am", "am", "been"},
    "welcome": {"are", "is", "be", "always", "very", "most"},
}  # fmt: skip
ASKING = frozenset({"MORE", "LESS", "BLOCK", "ONLY", "UNBLOCK", "STOP", "WANT"})
BREAKS = frozenset({"STOPMARK", "AND", "BUT"})
QUIET = frozenset({"CONTENT", "EMOJI", "FILLER", "GENERIC", "JOIN", "THAN", "FOR", "SCOPE", "NE", "QUERY"})
SENTENCE_ENDS = frozenset(".!?;\n…")


@dataclass(frozen=True)
class Draft:
    """One clause before its targets are resolved: `phrases` are stretches of the reader's own words."""

    op: Op
    phrases: tuple[str, ...] = ()
    strength: str = "normal"
    scope: str = "default"
    words: str = ""


@dataclass(frozen=True)
class Parsed:
    """Drafts in reading order, stretches with an unknown predicate, and whether harm was asked for by name."""

    drafts: tuple[Draft, ...]
    unread: tuple[str, ...] = ()
    tampers: bool = False


@dataclass
class Piece:
    """The words between two separators; `joiner` is the one before: AND, BUT, a stop mark, or nothing at the start."""

    words: list[Word]
    joiner: str = ""

    def kinds(self) -> list[str]:
        return [word.kind for word in self.words]

    def has(self, *kinds: str) -> bool:
        return any(word.kind in kinds for word in self.words)


@dataclass
class Reading:
    """What has been read of one text so far: `pending` are targets that wait for an operation, `opening` the reverse."""

    text: str
    language: str
    drafts: list[Draft] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    opening: tuple[Op, str] | None = None
    sentence_start: int = 0


def parse(text: str, language: str, protected: frozenset[tuple[str, ...]] = frozenset()) -> Parsed:
    """Every clause of `text`. `protected` are phrases of topics that must stay whole ("black and white")."""
    words = _contextual(_tag(text, language, protected))
    reading = Reading(text, language)
    tampers = False
    for sentence in _sentences(words):
        said = text[sentence[0].start : sentence[-1].end]
        if _asks_to_tamper(said, language):
            tampers = True
            continue
        _read_sentence(sentence, said, reading)
    return Parsed(tuple(reading.drafts), tuple(reading.unread), tampers)


def _tag(text: str, language: str, protected: frozenset[tuple[str, ...]]) -> list[Word]:
    fixed = [Word(each.kind, each.value, text[each.start : each.end], each.start, each.end) for each in facets.found(text)]
    found = tokens(text)
    plain = [token for token, _, _ in found]
    for first, last in spans(plain, protected):
        start, end = found[first][1], found[last - 1][2]
        if not any(word.start < end and start < word.end for word in fixed):
            fixed.append(Word("CONTENT", "", " ".join(plain[first:last]), start, end))
    words, at = [], 0
    for kept in sorted(fixed, key=lambda word: word.start):
        words += [replace(w, start=w.start + at, end=w.end + at) for w in tagged(text[at : kept.start], language)]
        words.append(kept)
        at = kept.end
    return words + [replace(w, start=w.start + at, end=w.end + at) for w in tagged(text[at:], language)]


def _contextual(words: list[Word]) -> list[Word]:
    """Tags that hold only beside certain words, and "but" that means "except"."""
    result: list[Word] = []
    for word in words:
        before = result[-1].folded if result else ""
        if word.folded in AFTER and before not in AFTER[word.folded] and not (word.folded == "like" and not result):
            word = replace(word, kind="FILLER")
        if word.kind == "BUT" and any(w.kind in ("ALL", "NOTHING") for w in result[-2:]):
            word = replace(word, kind="EXCEPT")
        result.append(word)
    return result


def _sentences(words: list[Word]) -> Iterable[list[Word]]:
    sentence: list[Word] = []
    for word in words:
        sentence.append(word)
        if word.kind == "STOPMARK" and word.folded in SENTENCE_ENDS:
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _asks_to_tamper(said: str, language: str) -> bool:
    """Whether a sentence wants the protections themselves away, in the reader's language or in English."""
    plain = [token for token, _, _ in tokens(said)]
    return any(
        spans(plain, lexicon(code).apart["TAMPER"]) and spans(plain, lexicon(code).apart["GUARD"])
        for code in dict.fromkeys((language, "en"))
    )


def names_illicit(said: str, language: str) -> bool:
    plain = [token for token, _, _ in tokens(said)]
    return any(bool(spans(plain, lexicon(code).apart["ILLICIT"])) for code in dict.fromkeys((language, "en")))


def _read_sentence(sentence: list[Word], said: str, reading: Reading) -> None:
    content = [word for word in sentence if word.kind in ("CONTENT", "EMOJI", "FACET", "LENGTH")]
    special = _special(sentence, said, content, reading)
    if special is not None:
        if special.op != "noop":
            reading.drafts.append(special)
        return
    reading.sentence_start = len(reading.drafts)
    pieces = _pieces(sentence)
    for piece in pieces:
        _read_piece(piece, reading)
    _settle(reading, pieces)
    _spread_scope(sentence, pieces, reading)


def _special(sentence: list[Word], said: str, content: list[Word], reading: Reading) -> Draft | None:
    """Small talk, undo, reset and questions are said by whole sentences."""
    words = lexicon(reading.language)
    plain = [token for token, _, _ in tokens(said)]
    core = [phrase for phrase, (tag, _) in words.core.items() if tag in ("FILLER", "GENERIC", "AND", "BUT")]
    marks = [(token,) for token in SENTENCE_ENDS | {","}]
    chats = {phrase[0] for phrase in words.apart["CHAT"] if len(phrase) == 1}
    asked = [word for word in content if word.folded not in chats]
    if _covers(plain, [*words.apart["CHAT"], *core, *marks]) and not asked and not reading.pending:
        return Draft("noop", words=said)
    undo, reset = spans(plain, words.apart["UNDO"]), spans(plain, words.apart["RESET"])
    left = _left(plain, undo or reset, words.core)
    wants = any(word.kind in ("LESS", "MORE", "LIKE", "DISLIKE") for word in sentence)
    if reset and (not left or reset[0][0] <= 3) and not wants and not (undo and undo[0][1] - undo[0][0] > reset[0][1] - reset[0][0]):
        return Draft("reset", tuple(_phrases(_without(sentence, said, reset), reading.text)) if left else (), words=said)
    if undo and not left:
        return Draft("undo", words=said)
    if _is_question(sentence, plain, words.apart["QUERY"]):
        rest = [word for word in sentence if not (word.kind == "CONTENT" and (word.folded,) in words.apart["QUERY"])]
        return Draft("query", tuple(_phrases(rest, reading.text)), words=said)
    return None


def _covers(plain: list[str], phrases: list[tuple[str, ...]]) -> bool:
    return sum(last - first for first, last in spans(plain, phrases)) == len(plain)


def _left(plain: list[str], found: list[tuple[int, int]], core: dict[tuple[str, ...], tuple[str, str]]) -> list[str]:
    """Content words outside the given spans."""
    inside = {at for first, last in found for at in range(first, last)}
    known = {
        at
        for first, last in spans(plain, [p for p, (tag, _) in core.items() if tag in ("FILLER", "GENERIC", "AND", "WANT", "ALL", "SCOPE")])
        for at in range(first, last)
    }
    return [t for at, t in enumerate(plain) if at not in inside | known and t[0].isalnum()]


def _without(sentence: list[Word], said: str, found: list[tuple[int, int]]) -> list[Word]:
    places = tokens(said)
    start = sentence[0].start
    cut = [(places[first][1] + start, places[last - 1][2] + start) for first, last in found]
    return [word for word in sentence if not any(a <= word.start < b for a, b in cut)]


def _is_question(sentence: list[Word], plain: list[str], asks: Iterable[tuple[str, ...]]) -> bool:
    found = spans(plain, asks)
    if not found or found[0][0] > 1:
        return False
    polite = sentence[0].kind in ("WANT",) or any(word.kind == "WANT" and word.start == sentence[0].start for word in sentence)
    return not polite


def _pieces(sentence: list[Word]) -> list[Piece]:
    pieces = [Piece([])]
    for word in sentence:
        if word.kind in BREAKS:
            joiner = word.kind if word.kind != "STOPMARK" else word.folded
            if pieces[-1].words:
                pieces.append(Piece([], joiner))
            elif joiner == "BUT" or not pieces[-1].joiner:
                pieces[-1].joiner = joiner
            elif joiner == "AND" and pieces[-1].joiner == ",":
                pieces[-1].joiner = "AND"
        else:
            if _starts_anew(word, pieces[-1].words):
                pieces.append(Piece([], ","))
            pieces[-1].words.append(word)
    return [_resolved(piece) for piece in pieces if piece.words]


def _starts_anew(word: Word, before: list[Word]) -> bool:
    """"More waves less streets": a second operation after the first one's target needs no comma."""
    at = next((at for at, each in enumerate(before) if each.kind in ("MORE", "LESS", "BLOCK", "ONLY")), None)
    if word.kind not in ("MORE", "LESS", "BLOCK") or at is None:
        return False
    return any(each.kind in ("CONTENT", "EMOJI") for each in before[at:])


def _resolved(piece: Piece) -> Piece:
    """French "plus" is more or no more by what stands around it; a judgement after a request is part of its target."""
    words: list[Word] = []
    for at, word in enumerate(piece.words):
        if word.kind == "PLUS":
            word = replace(word, kind=_sense_of_plus(piece.words, at), value="normal")
        if word.kind in ("LIKE", "DISLIKE") and any(w.kind in ASKING for w in words) and not _ends(piece.words, at):
            word = replace(word, kind="CONTENT")
        words.append(word)
    if any(w.kind == "NE" for w in words) and not any(w.kind in ("NEG", "NEVER", "NOMORE", "BLOCK") for w in words):
        words = [replace(w, kind="ONLY", value="absolute") if w.folded in ("que", "qu'") else w for w in words]
    return Piece(words, piece.joiner)


def _ends(words: list[Word], at: int) -> bool:
    """Whether content stands before the judgement and none after it: "show fewer, cats bore me"."""
    content = [place for place, word in enumerate(words) if word.kind in ("CONTENT", "EMOJI")]
    return bool(content) and max(content) < at


def _sense_of_plus(words: list[Word], at: int) -> str:
    before = [word.kind for word in words[:at]]
    if "NE" in before and "NEG" not in before:
        return "NOMORE"
    after = words[at + 1] if at + 1 < len(words) else None
    if words[at].folded == "plus" and after is not None and (after.kind == "WANT" or (before and before[-1] == "LIKE")):
        return "NOMORE"
    return "MORE"


def _read_piece(piece: Piece, reading: Reading) -> None:
    if piece.has("SWAP") and _read_swap(piece, reading):
        return
    for side in _contrasts(piece):
        _read_side(side, reading)


def _read_swap(piece: Piece, reading: Reading) -> bool:
    """"Replace cars with trains": less of the first, more of the second."""
    marks = [at for at, word in enumerate(piece.words) if word.kind == "FOR" and at > 0]
    for at in marks:
        gone, wanted = _phrases(piece.words[:at], reading.text), _phrases(piece.words[at + 1 :], reading.text)
        if gone and wanted:
            scope = _scope(piece.words)
            reading.drafts += [
                Draft("less", tuple(gone), "normal", scope, _said(piece.words[:at], reading.text)),
                Draft("more", tuple(wanted), "normal", scope, _said(piece.words[at:], reading.text)),
            ]
            return True
    return False


@dataclass
class Side:
    """One half of a contrast: `role` is main, except (what is left out) or instead (what must give way)."""

    piece: Piece
    role: Literal["main", "except", "instead"] = "main"


def _contrasts(piece: Piece) -> list[Side]:
    words = piece.words
    for at, word in enumerate(words):
        rest = Piece(words[at + 1 :], piece.joiner)
        head = [Side(Piece(words[:at], piece.joiner))] if at else []
        if word.kind == "EXCEPT":
            return [*head, Side(rest, "except")]
        if word.kind == "INSTEAD" and (word.folded != "over" or _compares(words[:at])):
            return [*head, Side(rest, "instead")]
        if at and _compares(words[:at]) and (word.kind == "THAN" or word.folded in ("to", "a", "aux", "au")):
            return [*head, Side(rest, "instead")]
    return [Side(piece)]


def _compares(before: list[Word]) -> bool:
    """Whether "over", "than" or "to" after these words sets two targets against each other."""
    place = next((at for at, w in enumerate(before) if w.kind in ("RATHER", "MORE") or w.folded in ("prefer", "prefere")), None)
    return place is not None and any(w.kind in ("CONTENT", "EMOJI") for w in before[place:])


def _read_side(side: Side, reading: Reading) -> None:
    words = side.piece.words
    phrases = _phrases(words, reading.text)
    if side.role == "instead":
        if phrases:
            reading.drafts.append(Draft("less", tuple(phrases), "normal", _scope(words), _said(words, reading.text)))
        return
    if side.role == "except":
        _read_exception(words, phrases, reading)
        return
    found = compose(words, reading.language)
    framed = [word for word in words if word.kind in ("FACET", "LENGTH")]
    if framed:
        _read_facets(framed, found, words, reading)
        if not phrases:
            return
    _place(side.piece, found, phrases, reading)


def _read_exception(words: list[Word], phrases: list[str], reading: Reading) -> None:
    """What is left out of "less" or "block" is kept; what is left out of all else is blocked."""
    last = reading.drafts[-1] if len(reading.drafts) > reading.sentence_start else None
    if reading.pending and last is None:
        _settle_pending(("more", "normal"), reading)
        last = reading.drafts[-1]
    opening = reading.opening or (("more", "normal") if last is None else (last.op, last.strength))
    op: Op = "keep" if opening[0] in ("less", "block") and (last is not None or reading.opening) else "block"
    if op == "keep" and last is None:
        op = "only"  # "hide everything except dogs"
    reading.opening = None
    if phrases:
        strength = "normal" if op == "keep" else "absolute"
        reading.drafts.append(Draft(op, tuple(phrases), strength, _scope(words), _said(words, reading.text)))


def _read_facets(framed: list[Word], found: tuple[Op, str] | None, words: list[Word], reading: Reading) -> None:
    op, strength = found or ("more", "normal")
    strength = "normal" if strength == "absolute" else strength
    for word in framed:
        turned = "less" if op in ("less", "block") else "more"
        if word.kind == "LENGTH" or (word.value.startswith("language") and turned == "more"):
            target = word.value
        else:
            target = f"{word.value}_{turned}"
        reading.drafts.append(Draft("facet", (target,), strength, _scope(words), _said(words, reading.text)))


def _place(piece: Piece, found: tuple[Op, str] | None, phrases: list[str], reading: Reading) -> None:
    """Join an operation with its targets, which may stand in another piece."""
    words, said = piece.words, _said(piece.words, reading.text)
    last = reading.drafts[-1] if len(reading.drafts) > reading.sentence_start else None
    if found and phrases:
        if reading.pending and piece.joiner == "AND" and _follows(words):
            phrases = [*reading.pending, *phrases]
            reading.pending = []
        _settle_pending(("more", "normal"), reading)
        reading.drafts.append(Draft(found[0], tuple(phrases), found[1], _scope(words), said))
    elif found:
        _place_operation(piece, found, reading)
    elif phrases:
        sized = _sized("normal", words)
        if last is not None and piece.joiner not in ("BUT", "") and sized == "normal" and last.op not in ("undo", "reset"):
            reading.drafts[-1] = replace(
                last, phrases=(*last.phrases, *phrases), scope=_scope(words) if last.scope == "default" else last.scope
            )
        elif reading.opening:
            reading.drafts.append(Draft(reading.opening[0], tuple(phrases), reading.opening[1], _scope(words), said))
            reading.opening = None
        elif sized != "normal" or (piece.joiner == "BUT" and last is not None):
            reading.drafts.append(Draft("more", tuple(phrases), sized, _scope(words), said))
        else:
            reading.pending += phrases
    elif last is not None and _sized("", words):
        reading.drafts[-1] = replace(last, strength=_sized("", words)) if last.op in ("more", "less") else last
    elif any(word.kind == "NOTHING" for word in words) or piece.has("ALL"):
        reading.opening = ("more", "normal") if piece.has("ALL") else None


def _place_operation(piece: Piece, found: tuple[Op, str], reading: Reading) -> None:
    """An operation without targets: of those that wait, of the clause before, or of what is still to come."""
    if reading.pending:
        _settle_pending(found, reading)
        return
    emphatic = found[0] in ("more", "less", "block", "only", "unblock")
    said = ("MORE", "LESS", "BLOCK", "ONLY", "UNBLOCK", "TOOMUCH", "NEG", "NOMORE", "DISLIKE", "LIKE", "STRONG", "SLIGHT")
    only_yes = not piece.has(*said)
    if reading.drafts and emphatic and not only_yes and not piece.has("ALL", "WANT"):
        last = reading.drafts[-1]
        targets = last.phrases
        if last.op == found[0] or (found[0] == "more" and last.op == "keep"):
            reading.drafts[-1] = replace(last, strength=found[1] if found[1] != "normal" else last.strength)
        elif targets and last.op in ("query", "more", "less"):
            reading.drafts.append(Draft(found[0], targets, found[1], _scope(piece.words), _said(piece.words, reading.text)))
    elif reading.drafts and reading.drafts[-1].op == "query" and emphatic and not only_yes:
        last = reading.drafts[-1]
        reading.drafts.append(Draft(found[0], last.phrases, found[1], _scope(piece.words), _said(piece.words, reading.text)))
    else:
        reading.opening = found


def _follows(words: list[Word]) -> bool:
    """Whether the operation stands after its targets: "cats and dogs no"."""
    content = [at for at, word in enumerate(words) if word.kind in ("CONTENT", "EMOJI")]
    ops = [at for at, word in enumerate(words) if word.kind not in QUIET]
    return bool(content and ops) and max(content) < min(ops)


def _settle_pending(found: tuple[Op, str], reading: Reading) -> None:
    if reading.pending:
        reading.drafts.append(Draft(found[0], tuple(reading.pending), found[1], "default", ", ".join(reading.pending)))
        reading.pending = []


PERSONAL = frozenset(
    {"i", "i'm", "im", "i've", "ive", "my", "is", "are", "was", "were", "am", "it's", "its", "that's", "je", "j'", "c'",
     "est", "sont", "ai", "suis", "ma", "mon", "mes", "il", "elle", "on", "nous", "we", "you", "your", "tu", "me", "m'", "did", "does",
     "has", "have", "had", "they're", "ich", "yo"}
)  # fmt: skip


def _settle(reading: Reading, pieces: list[Piece]) -> None:
    """Targets that no operation came for: a bare topic is asked for, a statement is handed back as unread."""
    if not reading.pending:
        return
    stated = [piece for piece in pieces if _phrases(piece.words, reading.text)]
    is_statement = any(word.folded in PERSONAL or word.folded.split()[0] in PERSONAL for piece in stated for word in piece.words)
    asked = pieces and pieces[-1].words and reading.text[pieces[-1].words[-1].end :].lstrip()[:1] == "?"
    if is_statement:
        reading.unread.append(_said([word for piece in stated for word in piece.words], reading.text))
        reading.pending = []
    elif not asked:
        scope = next((found for piece in pieces if (found := _scope(piece.words)) != "default"), "default")
        at = len(reading.drafts)
        _settle_pending(("more", "normal"), reading)
        reading.drafts[at] = replace(reading.drafts[at], scope=scope)


def _spread_scope(sentence: list[Word], pieces: list[Piece], reading: Reading) -> None:
    """A scope at the start of a sentence is all its clauses', and so is one at the end of clauses joined by "and"."""
    scopes = [word for word in sentence if word.kind == "SCOPE"]
    mine = reading.drafts[reading.sentence_start :]
    if len(scopes) != 1 or not mine:
        return
    spoken = [word for word in sentence if word.kind not in ("FILLER", "STOPMARK")]
    is_first, is_last = spoken[0].kind == "SCOPE", spoken[-1].kind == "SCOPE"
    joined = all(piece.joiner in ("", "AND") for piece in pieces)
    alone = len(mine) == 1
    if alone or is_first or (is_last and joined):
        reading.drafts[reading.sentence_start :] = [replace(draft, scope=scopes[0].value) for draft in mine]


def compose(words: Sequence[Word], language: str) -> tuple[Op, str] | None:
    """The operation that these words come to together, and its strength; None where they ask nothing."""
    kinds = {word.kind for word in words}
    has = kinds.__contains__
    stops, negates = has("STOP"), has("NEG") or has("NEVER") or has("NOMORE")
    turned = stops != negates
    value = {word.kind: word.value for word in words}
    if has("UNBLOCK") or (has("AGAIN") and not kinds & {"MORE", "LESS", "BLOCK", "DISLIKE"}):
        return ("block", "absolute") if turned else ("unblock", "normal")
    if has("BLOCK"):
        undone = any(w.kind == "BLOCK" and w.folded not in CONCORD for w in words) and (stops or negates)
        return ("unblock", "normal") if undone else ("block", "absolute")
    judged = _judged(kinds, words, turned, value)
    if judged is not None:
        return judged
    if has("LESS"):
        return ("keep", "normal") if turned else ("less", _sized(value["LESS"], words))
    if has("MORE"):
        if not turned:
            return "more", _sized(value["MORE"], words)
        return ("less", "normal") if language == "fr" and not has("NOMORE") else ("block", "absolute")
    if has("ONLY") or (has("WEAKONLY") and not kinds & {"LIKE", "RATHER", "NEG"}):
        return ("keep", "normal") if turned else ("only", "absolute")
    return _wished(kinds, words, turned, stops and negates)


def _judged(kinds: set[str], words: Sequence[Word], turned: bool, value: dict[str, str]) -> tuple[Op, str] | None:
    """Too much, too little, enough, dislike and like."""
    if "LIKE" in kinds and "TOOMUCH" in kinds and not turned:
        return "more", "strong"
    if "TOOMUCH" in kinds:
        said = next(word.folded for word in words if word.kind == "TOOMUCH").split()
        strength = "slight" if {"peu", "bit", "little"} & set(said) else _sized("normal", words)
        strength = "strong" if {"way", "far", "beaucoup", "bien", "bcp"} & set(said) else strength
        return ("less", "slight") if turned else ("less", strength)
    if "TOOFEW" in kinds:
        return ("keep", "normal") if turned else ("more", _sized("normal", words))
    if "ENOUGH" in kinds:
        return ("more", "normal") if turned and "NEG" in kinds else ("less", "normal")
    if "DISLIKE" in kinds:
        if "MORE" in kinds and turned:
            return "more", _sized("normal", words)
        return ("keep", "normal") if turned else ("less", _sized(value["DISLIKE"], words))
    if "LIKE" in kinds and "LESS" not in kinds and not ("MORE" in kinds and not turned):
        return ("less", "normal") if turned else ("more", _sized(value["LIKE"], words))
    return None


def _wished(kinds: set[str], words: Sequence[Word], turned: bool, is_double: bool) -> tuple[Op, str] | None:
    if is_double:
        return "keep", "normal"
    if turned:
        return "block", "absolute"
    if kinds & {"WANT", "YES", "RATHER"}:
        return "more", _sized("normal", words)
    return None


def _sized(normal: str, words: Sequence[Word]) -> str:
    kinds = [word.kind for word in words]
    if "SLIGHT" in kinds:
        return "slight"
    return "strong" if "STRONG" in kinds else normal


def _scope(words: Sequence[Word]) -> str:
    named = next((word.value for word in words if word.kind == "SCOPE"), None)
    if named:
        return named
    lasting = any(word.kind == "NEVER" or word.folded in LASTING for word in words)
    return "forever" if lasting and not any(word.kind == "STOP" for word in words) else "default"


def _said(words: Sequence[Word], text: str) -> str:
    return text[words[0].start : words[-1].end].strip() if words else ""


def _phrases(words: Sequence[Word], text: str) -> list[str]:
    """Stretches of content: small words inside one are kept, so that "dogs on skateboards" stays one target."""
    joins = {phrase[0] for code in ("en", "fr", "es", "de") for phrase in lexicon(code).apart["JOIN"] if len(phrase) == 1}
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
    return [text[run[0].start : run[-1].end] for run in found]


def _bridges(gap: list[Word], joins: set[str]) -> bool:
    if not gap:
        return True
    kinds = {word.kind for word in gap}
    small = all(word.folded.split()[-1] in joins or word.kind == "GENERIC" for word in gap)
    return small and kinds <= {"FILLER", "GENERIC", "FOR", "JOIN", "INSTEAD"} and any(w.kind != "GENERIC" for w in gap)


def plain_words(text: str) -> list[str]:
    """Folded words of a text that could be misspelt."""
    return [token for token, _, _ in tokens(folded(text)) if token[0].isalpha()]
