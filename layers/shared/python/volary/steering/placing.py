"""Joins the pieces of a sentence into clauses: lists, contrasts, exceptions, wishes whose targets stand elsewhere."""

from dataclasses import dataclass, field, replace
from typing import Literal

from volary.steering.composition import Draft, Op, compose, phrases_of, said_by, scope_of, sized, subject_of
from volary.steering.intents import names_subject
from volary.steering.lexicon import Word

BREAKS = frozenset({"STOPMARK", "AND", "BUT"})


QUIET = frozenset({"CONTENT", "EMOJI", "FILLER", "GENERIC", "JOIN", "THAN", "FOR", "SCOPE", "NE", "QUERY"})


ASKING = frozenset({"MORE", "LESS", "BLOCK", "ONLY", "UNBLOCK", "STOP", "WANT"})


# What is the less of another facet: old clips, silent ones, and those that remix none.
OPPOSITES = {"age": "recency", "silence": "sound", "original": "remix"}


# What makes an operation more than a "yes".
SAID = frozenset(
    {"MORE", "LESS", "BLOCK", "ONLY", "UNBLOCK", "TOOMUCH", "NEG", "NOMORE", "DISLIKE", "LIKE", "STRONG", "SLIGHT",
     "STOP", "NEVER", "NOTHING"}
)  # fmt: skip


NO_OR_YES = frozenset({"yes", "yes to", "no", "oui", "non", "si", "ja", "nein"})


PERSONAL = frozenset(
    {"i", "i'm", "im", "i've", "ive", "my", "is", "are", "was", "were", "am", "it's", "its", "that's", "je", "j'", "c'",
     "est", "sont", "ai", "suis", "ma", "mon", "mes", "il", "elle", "on", "nous", "we", "you", "your",
     "tu", "me", "m'", "did", "does",
     "has", "have", "had", "they're", "ich", "yo"}
)  # fmt: skip


@dataclass(frozen=True)
class Parsed:
    """Drafts in reading order, stretches with an unknown predicate, and whether harm was asked for by name.

    `beside` are pairs of a draft's phrase and one that stood in the same piece without being joined to it.
    """

    drafts: tuple[Draft, ...]
    unread: tuple[str, ...] = ()
    tampers: bool = False
    beside: tuple[tuple[str, str], ...] = ()
    chats: bool = False  # and nothing else


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
    """What has been read so far: `pending` are targets that wait for an operation, `opening` the reverse."""

    text: str
    language: str
    drafts: list[Draft] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    beside: list[tuple[str, str]] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    opening: tuple[Op, str] | None = None
    sentence_start: int = 0


def pieces_of(sentence: list[Word]) -> list[Piece]:
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
    """ "More waves less streets": a second operation after the first one's target needs no comma."""
    at = next((at for at, each in enumerate(before) if each.kind in ("MORE", "LESS", "BLOCK", "ONLY", "PLUS")), None)
    if word.folded in NO_OR_YES:
        return any(w.folded in NO_OR_YES and w.folded != word.folded and _names(before[n:]) and not _names(before[:n])
                   for n, w in enumerate(before))  # fmt: skip
    if word.kind == "PLUS" and at is not None and before[at].kind == "LESS":
        return _names(before[at:])
    if word.kind not in ("MORE", "LESS", "BLOCK") or at is None:
        return False
    return any(each.kind in ("CONTENT", "EMOJI") for each in before[at:])


def _resolved(piece: Piece) -> Piece:
    """French "plus" is more or no more by what stands around it; a judgement after a request is part of its target."""
    words: list[Word] = []
    for at, word in enumerate(piece.words):
        if word.kind == "PLUS":
            word = replace(word, kind=_sense_of_plus(piece.words, at), value="normal")
        if word.kind == "ONLY" and word.folded.startswith("que ") and any(w.kind == "RATHER" for w in words):
            word = replace(word, kind="THAN")
        if word.kind in ("LIKE", "DISLIKE") and any(w.kind in ASKING for w in words) and not _ends(piece.words, at):
            word = replace(word, kind="CONTENT")
        words.append(word)
    if any(w.kind == "NE" for w in words) and not any(w.kind in ("NEG", "NEVER", "BLOCK") for w in words):
        ques = [at for at, w in enumerate(words) if w.folded in ("que", "qu'") and not _is_clause(words[at + 1 :])]
        words = [replace(w, kind="ONLY", value="absolute") if at in ques else w for at, w in enumerate(words)]
        ques = ques or [at for at, w in enumerate(words) if w.kind == "ONLY" and w.folded.startswith("que ")]
        words = [replace(w, kind="FILLER") if ques and w.kind == "NOMORE" else w for w in words]  # "ne … plus que"
    return Piece(words, piece.joiner)


def _is_clause(words: list[Word]) -> bool:
    return bool(words) and words[0].folded in ("tu", "vous", "je", "on", "il", "elle", "ca", "j'")


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


def read_piece(piece: Piece, reading: Reading) -> None:
    if piece.has("SWAP") and _read_swap(piece, reading):
        return
    for side in _contrasts(piece):
        _read_side(side, reading)


def _read_swap(piece: Piece, reading: Reading) -> bool:
    """ "Replace cars with trains": less of the first, more of the second."""
    marks = [at for at, word in enumerate(piece.words) if word.kind == "FOR" and at > 0]
    for at in marks:
        gone, wanted = phrases_of(piece.words[:at], reading.text), phrases_of(piece.words[at + 1 :], reading.text)
        if gone and wanted:
            scope = scope_of(piece.words)
            reading.drafts += [
                Draft("less", tuple(gone), "normal", scope, said_by(piece.words[:at], reading.text)),
                Draft("more", tuple(wanted), "normal", scope, said_by(piece.words[at:], reading.text)),
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
        if word.kind == "EXCEPT" and not _names(rest.words) and piece.joiner and _names(words[:at]):
            return [Side(Piece(words[:at], piece.joiner), "except")]  # "no music, the piano excepted"
        if word.kind == "EXCEPT":
            return [*head, Side(rest, "except")]
        if word.kind == "INSTEAD" and not _names(words[:at]):
            return _fronted(piece, at)
        if word.kind == "INSTEAD" and (word.folded != "over" or _compares(words[:at])):
            return [*head, Side(rest, "instead")]
        if at and _compares(words[:at]) and (word.kind == "THAN" or word.folded in ("to", "a", "aux", "au")):
            return [*head, Side(rest, "instead")]
    return [Side(piece)]


def _names(words: list[Word]) -> bool:
    return any(word.kind in ("CONTENT", "EMOJI", "FACET", "LENGTH") for word in words)


def _fronted(piece: Piece, at: int) -> list[Side]:
    """ "Instead of robots show me gardens": what must give way ends where something is asked for."""
    words = piece.words
    end = next((n for n in range(at + 1, len(words)) if words[n].kind in ("WANT", "MORE", "LIKE", "YES")), len(words))
    gone = Side(Piece(words[at + 1 : end], piece.joiner), "instead")
    return [gone, Side(Piece(words[end:], piece.joiner))] if end < len(words) else [gone]


def _compares(before: list[Word]) -> bool:
    """Whether "over", "than" or "to" after these words sets two targets against each other."""
    place = next(
        (at for at, w in enumerate(before) if w.kind in ("RATHER", "MORE") or w.folded in ("prefer", "prefere")), None
    )
    return place is not None and _names(before[place:])


def _read_side(side: Side, reading: Reading) -> None:
    words = side.piece.words
    phrases = _subjects(words, reading)
    if side.role == "instead":
        settle_pending(("more", "normal"), reading)
        if phrases:
            reading.drafts.append(
                Draft("less", tuple(phrases), "normal", scope_of(words), said_by(words, reading.text))
            )
        return
    if side.role == "except":
        _read_exception(words, phrases, reading)
        return
    found = compose(words, reading.language)
    framed = [word for word in words if word.kind in ("FACET", "LENGTH")]
    if framed:
        _read_facets(framed, found, words, reading)
        reading.unread += [phrase for phrase in phrases if not names_subject(phrase)]
        phrases = [phrase for phrase in phrases if names_subject(phrase)]
        if not phrases:
            return
    _place(side.piece, found, phrases, reading)


def _subjects(words: list[Word], reading: Reading) -> list[str]:
    phrases, beside = subject_of(words, reading.text)
    named = next((each for each in phrases if each[0].isalnum()), "")
    reading.beside += [(named, each) for each in beside]
    return phrases


def _read_exception(words: list[Word], phrases: list[str], reading: Reading) -> None:
    """What is left out of "less" or "block" is kept; what is left out of all else is blocked."""
    last = reading.drafts[-1] if len(reading.drafts) > reading.sentence_start else None
    if reading.pending and last is None:
        settle_pending(("more", "normal"), reading)
        last = reading.drafts[-1]
    opening = reading.opening or (("more", "normal") if last is None else (last.op, last.strength))
    op: Op = "keep" if opening[0] in ("less", "block") and (last is not None or reading.opening) else "block"
    if op == "keep" and last is None:
        op = "only"  # "hide everything except dogs"
    reading.opening = None
    if phrases:
        strength = "normal" if op == "keep" else "absolute"
        reading.drafts.append(Draft(op, tuple(phrases), strength, scope_of(words), said_by(words, reading.text)))


def _read_facets(framed: list[Word], found: tuple[Op, str] | None, words: list[Word], reading: Reading) -> None:
    op, strength = found or ("more", "normal")
    strength = "normal" if strength == "absolute" else strength
    for word in framed:
        turned = "less" if (op in ("less", "block")) != (word.value in OPPOSITES) else "more"
        word = replace(word, value=OPPOSITES.get(word.value, word.value))
        if word.kind == "LENGTH" and turned == "less":
            sides = {"_gt_": "_lt_", "_lt_": "_gt_"}  # nothing over twelve seconds is what lasts less
            word = replace(word, value=next(word.value.replace(a, b) for a, b in sides.items() if a in word.value))
        if word.kind == "LENGTH" or (word.value.startswith(("language", "format")) and turned == "more"):
            target = word.value
        else:
            target = f"{word.value}_{turned}"
        reading.drafts.append(Draft("facet", (target,), strength, scope_of(words), said_by(words, reading.text)))


def _place(piece: Piece, found: tuple[Op, str] | None, phrases: list[str], reading: Reading) -> None:
    """Join an operation with its targets, which may stand in another piece."""
    words, said = piece.words, said_by(piece.words, reading.text)
    last = reading.drafts[-1] if len(reading.drafts) > reading.sentence_start else None
    if found and phrases:
        if reading.pending and piece.joiner == "AND" and _follows(words):
            phrases = [*reading.pending, *phrases]
            reading.pending = []
        settle_pending(("more", "normal"), reading)
        scope = scope_of(words)
        scope = "default" if found[0] == "keep" and scope == "forever" else scope  # "never show me fewer"
        reading.drafts.append(Draft(found[0], tuple(phrases), found[1], scope, said))
    elif found:
        _place_operation(piece, found, reading)
    elif phrases:
        size = sized("normal", words)
        if (
            last is not None
            and piece.joiner not in ("BUT", "")
            and size == "normal"
            and last.op not in ("undo", "reset")
        ):
            reading.drafts[-1] = replace(
                last,
                phrases=(*last.phrases, *phrases),
                scope=scope_of(words) if last.scope == "default" else last.scope,
            )
        elif reading.opening:
            reading.drafts.append(Draft(reading.opening[0], tuple(phrases), reading.opening[1], scope_of(words), said))
            reading.opening = None
        elif size != "normal" or (piece.joiner == "BUT" and last is not None):
            reading.drafts.append(Draft("more", tuple(phrases), size, scope_of(words), said))
        else:
            reading.pending += phrases
    elif last is not None and sized("", words):
        reading.drafts[-1] = replace(last, strength=sized("", words)) if last.op in ("more", "less") else last
    elif any(word.kind == "NOTHING" for word in words) or piece.has("ALL"):
        reading.opening = ("more", "normal") if piece.has("ALL") else None


def _place_operation(piece: Piece, found: tuple[Op, str], reading: Reading) -> None:
    """An operation without targets: of those that wait, of the clause before, or of what is still to come."""
    if reading.pending:
        settle_pending(found, reading)
        return
    emphatic = found[0] in ("more", "less", "block", "only", "unblock")
    only_yes = not piece.has(*SAID)
    if reading.drafts and emphatic and not only_yes and not piece.has("ALL", "WANT"):
        last = reading.drafts[-1]
        targets, scope = last.phrases, scope_of(piece.words)
        if last.op == "keep" and found[0] in ("less", "block"):
            return  # "who said I wanted fewer? not me"
        reading.drafts[-1] = last = last if scope == "default" else replace(last, scope=scope)
        if last.op == found[0] or (found[0] == "more" and last.op == "keep"):
            reading.drafts[-1] = replace(last, strength=found[1] if found[1] != "normal" else last.strength)
        elif last.op == "more" and found[0] in ("less", "block", "only"):
            reading.drafts[-1] = replace(last, op=found[0], strength=found[1])  # "you keep showing robots, please stop"
        elif targets and last.op in ("query", "more", "less"):
            reading.drafts.append(
                Draft(found[0], targets, found[1], scope_of(piece.words), said_by(piece.words, reading.text))
            )
    elif reading.drafts and reading.drafts[-1].op == "query" and emphatic and not only_yes:
        last = reading.drafts[-1]
        reading.drafts.append(
            Draft(found[0], last.phrases, found[1], scope_of(piece.words), said_by(piece.words, reading.text))
        )
    else:
        reading.opening = found


def _follows(words: list[Word]) -> bool:
    """Whether the operation stands after its targets: "cats and dogs no"."""
    content = [at for at, word in enumerate(words) if word.kind in ("CONTENT", "EMOJI")]
    ops = [at for at, word in enumerate(words) if word.kind not in QUIET]
    return bool(content and ops) and max(content) < min(ops)


def settle_pending(found: tuple[Op, str], reading: Reading) -> None:
    if reading.pending:
        reading.drafts.append(Draft(found[0], tuple(reading.pending), found[1], "default", ", ".join(reading.pending)))
        reading.pending = []


def settle(reading: Reading, pieces: list[Piece]) -> None:
    """Targets that no operation came for: a bare topic is asked for, a statement is handed back as unread."""
    if not reading.pending:
        return
    stated = [piece for piece in pieces if phrases_of(piece.words, reading.text)]
    is_statement = any(
        word.folded in PERSONAL or word.folded.split()[0] in PERSONAL for piece in stated for word in piece.words
    )
    asked = pieces and pieces[-1].words and reading.text[pieces[-1].words[-1].end :].lstrip()[:1] == "?"
    if is_statement:
        reading.unread.append(said_by([word for piece in stated for word in piece.words], reading.text))
        reading.pending = []
    elif not asked:
        scope = next((found for piece in pieces if (found := scope_of(piece.words)) != "default"), "default")
        at = len(reading.drafts)
        settle_pending(("more", "normal"), reading)
        reading.drafts[at] = replace(reading.drafts[at], scope=scope)


def spread_scope(sentence: list[Word], pieces: list[Piece], reading: Reading) -> None:
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
