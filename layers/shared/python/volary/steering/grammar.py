"""Reads what an instruction asks for: operations, negation, exceptions, strength, scope and the words of its targets.

Pure and deterministic. It resolves no target and judges no harm; what it cannot read it hands back as `unread`.
"""
# ruff: noqa: E501 - word lists read better unbroken

from collections.abc import Callable, Iterable
from dataclasses import replace

from volary.steering import facets
from volary.steering.composition import Draft, Op, phrases_of
from volary.steering.lexicon import Word, folded, lexicon, spans, tagged, tokens
from volary.steering.placing import Parsed, Piece, Reading, pieces_of, read_piece, settle, spread_scope

__all__ = ["Draft", "Op", "Parsed", "parse"]

# Words that ask only after these: "I like", but not "dives like a bird".
AFTER = {
    "like": {"i", "i'd", "we", "really", "also", "not", "don't", "dont", "do", "didn't", "would", "you", "do not", "doesn't", "still", "actually"},
    "into": {"i'm", "im", "i am", "not", "really", "am", "so", "super", "very", "been", "getting", "get", "totally", "way", "isn't", "aren't"},
    "enjoying": {"i'm", "im", "i am", "not", "am", "really"},
    "missing": {"i'm", "im", "i am", "am", "been"},
    "welcome": {"are", "is", "be", "always", "very", "most"},
}  # fmt: skip


PARTICLES = frozenset({"up", "down", "off", "out", "away", "back", "gone", "alone"})
EVERY = frozenset({"all", "every", "any"})
DENIALS = frozenset({"NEG", "NEVER"})
ABOUT = frozenset({"about", "regarding", "concerning", "on", "sur", "concernant", "propos", "a propos de", "quant"})
SPEAKERS = frozenset({"you", "i", "we", "tu", "t'", "vous", "je", "j'", "on", "youve", "ive"})
SEEN = frozenset({"see", "seeing", "get", "getting", "shown", "vois", "voit", "recois", "tombe", "tombes"})
SENTENCE_ENDS = frozenset(".!?;\n…")


Intent = Callable[[str], str]
ASKING = frozenset({"MORE", "LESS", "BLOCK", "ONLY", "UNBLOCK", "STOP", "WANT", "TOOMUCH", "TOOFEW", "EXCEPT", "KEEP"})


def parse(
    text: str, language: str, protected: frozenset[tuple[str, ...]] = frozenset(), intent: Intent = lambda _: ""
) -> Parsed:
    """Every clause of `text`. `protected` are phrases of topics that must stay whole ("black and white").

    `intent` says what a whole sentence is about where it names no subject.
    """
    reading = Reading(text, language)
    tampers, chats = False, True
    for sentence in read_words(text, language, protected):
        said = text[sentence[0].start : sentence[-1].end]
        if _chats(sentence, said, reading):
            continue
        chats, about = False, intent(said)
        if about == "reject" or _asks_to_tamper(said, language):
            tampers = True
            continue
        _read_sentence(sentence, said, about, reading)
    return Parsed(tuple(reading.drafts), tuple(reading.unread), tampers, tuple(reading.beside), chats)


def read_words(text: str, language: str, protected: frozenset[tuple[str, ...]]) -> list[list[Word]]:
    """The tagged words of each sentence."""
    return list(_sentences(_contextual(tag(text, language, protected))))


def tag(text: str, language: str, protected: frozenset[tuple[str, ...]]) -> list[Word]:
    fixed = [
        Word(each.kind, each.value, text[each.start : each.end], each.start, each.end) for each in facets.found(text)
    ]
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
    for at, word in enumerate(words):
        before = result[-1].folded if result else ""
        if word.folded in AFTER and before not in AFTER[word.folded] and not (word.folded == "like" and not result):
            word = replace(word, kind="FILLER")
        if word.folded in PARTICLES and not _stands_last(words, at):
            word = replace(word, kind="FILLER")
        if word.kind == "SAY":
            word = replace(word, kind="DENY" if _is_denied(words, at) else "FILLER")
            result = [replace(w, kind="FILLER") if word.kind == "DENY" and w.kind in DENIALS else w for w in result]
        if word.kind in DENIALS and result and result[-1].kind == "DENY" and result[-1].folded in _said(words, at):
            word = replace(word, kind="FILLER")
        if word.kind == "WEAKONLY" and at + 1 < len(words) and words[at + 1].kind == "SCOPE":
            word = replace(word, kind="FILLER")
        result.append(_beside(word, result, _goes_on(words, at)))
    return result


def _beside(word: Word, before: list[Word], goes_on: bool) -> Word:
    """ "But" that means except, "just" that says when, Spanish "menos" after "todo"."""
    said = _since_stop(before)
    if word.kind == "BUT" and any(w.kind in ("ALL", "NOTHING") for w in before[-2:]):
        return replace(word, kind="EXCEPT")
    if word.kind == "BUT" and any(w.folded in EVERY for w in said) and goes_on:
        return replace(word, kind="EXCEPT")
    if word.kind == "WEAKONLY" and any(w.kind == "CONTENT" for w in said):
        return replace(word, kind="FILLER")
    if word.folded == "menos" and before and before[-1].kind == "ALL":
        return replace(word, kind="EXCEPT")
    return word


def _since_stop(words: list[Word]) -> list[Word]:
    stops = [at for at, word in enumerate(words) if word.kind in ("STOPMARK", "BUT")]
    return words[stops[-1] + 1 :] if stops else words


def _goes_on(words: list[Word], at: int) -> bool:
    """Whether "but" is followed by a bare subject: "all animals but dogs"."""
    after = next((word for word in words[at + 1 :] if word.kind != "FILLER"), None)
    return after is not None and after.kind == "CONTENT"


def _stands_last(words: list[Word], at: int) -> bool:
    """Whether a particle ends its phrase and has something before it: "turn the music up", "trains down"."""
    after = next((word for word in words[at + 1 :] if word.kind not in ("FILLER", "SCOPE", "STRONG", "SLIGHT")), None)
    return at > 0 and (after is None or after.kind in ("STOPMARK", "AND", "BUT", "EXCEPT"))


def _is_denied(words: list[Word], at: int) -> bool:
    """Whether a verb of saying is negated close before it, or in French around it."""
    before = [word.kind for word in words[max(0, at - 3) : at]]
    after = words[at + 1].kind if at + 1 < len(words) else ""
    return any(kind in DENIALS for kind in before) or ("NE" in before and after in DENIALS)


def _said(words: list[Word], at: int) -> str:
    """The word of saying that "pas" closes: only right before it."""
    return (
        words[at - 1].folded
        if at and words[at - 1].kind == "SAY" and "NE" in [word.kind for word in words[max(0, at - 4) : at]]
        else ""
    )


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


def _read_sentence(sentence: list[Word], said: str, about: str, reading: Reading) -> None:
    special = _special(sentence, said, reading) or _by_nearness(sentence, said, about, reading)
    if special is not None:
        if special.op != "noop":
            reading.drafts.append(special)
        return
    reading.sentence_start = len(reading.drafts)
    pieces = pieces_of(sentence)
    for piece in pieces:
        if not _is_chat(piece, reading):
            read_piece(piece, reading)
    settle(reading, pieces)
    spread_scope(sentence, pieces, reading)


def _chats(sentence: list[Word], said: str, reading: Reading) -> bool:
    """Whether a sentence is small talk by its words alone."""
    words = lexicon(reading.language)
    plain = [token for token, _, _ in tokens(said)]
    core = [phrase for phrase, (tag, _) in words.core.items() if tag in ("FILLER", "GENERIC", "AND", "BUT")]
    marks = [(token,) for token in SENTENCE_ENDS | {","}]
    framed = any(word.kind in ("EMOJI", "FACET", "LENGTH") for word in sentence)
    chats = [*words.apart["CHAT"], *core, *marks]
    return bool(spans(plain, words.apart["CHAT"])) and _covers(plain, chats) and not framed and not reading.pending


def _special(sentence: list[Word], said: str, reading: Reading) -> Draft | None:
    """Small talk, undo, reset and questions are said by whole sentences."""
    words = lexicon(reading.language)
    plain = [token for token, _, _ in tokens(said)]
    undo, reset = spans(plain, words.apart["UNDO"]), spans(plain, words.apart["RESET"])
    left = _left(plain, undo or reset, words.core)
    wants = any(word.kind in ("LESS", "MORE", "LIKE", "DISLIKE") for word in sentence)
    if (
        reset
        and (not left or reset[0][0] <= 3)
        and not wants
        and not (undo and undo[0][1] - undo[0][0] > reset[0][1] - reset[0][0])
    ):
        return Draft("reset", _forgotten(sentence, said, reset, reading) if left else (), words=said)
    if undo and not left:
        return Draft("undo", words=said)
    if _exclaims(plain) and "?" not in plain and not any(word.kind in ASKING for word in sentence):
        return Draft("noop", words=said)
    if _is_question(sentence, plain, words.apart["QUERY"]):
        rest = [word for word in sentence if not (word.kind == "CONTENT" and (word.folded,) in words.apart["QUERY"])]
        seen = any(word.kind in ("WANT", "TOOMUCH") or word.folded in SEEN for word in rest)
        phrases = tuple(phrases_of(rest, reading.text))
        return Draft("query", phrases, words=said, is_open=seen and len(phrases) == 1)
    return None


def _forgotten(sentence: list[Word], said: str, reset: list[tuple[int, int]], reading: Reading) -> tuple[str, ...]:
    """What is to be forgotten: of "what you have learned about trains" only what stands after "about"."""
    rest = _without(sentence, said, reset)
    about = next((at for at, word in enumerate(rest) if word.folded.split()[0] in ABOUT), None)
    tells = any(word.folded.split("'")[0] in SPEAKERS or word.folded in SPEAKERS for word in rest)
    if about is None and tells:
        return ()
    return tuple(phrases_of(rest[about + 1 :] if about is not None else rest, reading.text))


def _by_nearness(sentence: list[Word], said: str, about: str, reading: Reading) -> Draft | None:
    framed = any(word.kind in ("EMOJI", "FACET", "LENGTH") for word in sentence)
    asks = any(word.kind in ASKING for word in sentence)
    if framed or reading.pending or about not in ("reset", "undo", "query", "noop"):
        return None
    if (about == "noop" and asks) or (about == "query" and asks and "?" not in said):
        return None
    return Draft(about, words=said)  # type: ignore[arg-type] # the four are operations


def _is_chat(piece: Piece, reading: Reading) -> bool:
    """Whether a piece only keeps the talk going ("all good, but …") and has no part in the wish."""
    words = lexicon(reading.language)
    plain = [token for token, _, _ in tokens(reading.text[piece.words[0].start : piece.words[-1].end])]
    return not piece.has("YES", "NEG", "LIKE") and _covers(plain, list(words.apart["CHAT"]))


def _covers(plain: list[str], phrases: list[tuple[str, ...]]) -> bool:
    return sum(last - first for first, last in spans(plain, phrases)) == len(plain)


def _left(plain: list[str], found: list[tuple[int, int]], core: dict[tuple[str, ...], tuple[str, str]]) -> list[str]:
    """Content words outside the given spans."""
    inside = {at for first, last in found for at in range(first, last)}
    known = {
        at
        for first, last in spans(
            plain,
            [
                p
                for p, (tag, _) in core.items()
                if tag in ("FILLER", "GENERIC", "AND", "WANT", "ALL", "SCOPE", "SAY", "WEAKONLY", "QUERY")
            ],
        )
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
    if not found or found[0][0] > 1 or ("?" not in plain and _exclaims(plain)):
        return False
    if found[0][0] == 1 and sentence[0].kind not in ("FILLER", "AND", "BUT", "YES"):
        return False
    if "?" not in plain and any(word.kind == "DISLIKE" for word in sentence):
        return False  # "who asked for all these"
    if any(word.kind == "DENY" for word in sentence):
        return False  # "who said I wanted fewer?"
    polite = sentence[0].kind in ("WANT",) or any(
        word.kind == "WANT" and word.start == sentence[0].start for word in sentence
    )
    return not polite


def _exclaims(plain: list[str]) -> bool:
    """ "What a lovely evening", "quelle belle soirée"."""
    return plain[0] in ("quel", "quelle", "quels", "quelles") or plain[:2] in (["what", "a"], ["what", "an"])


def plain_words(text: str) -> list[str]:
    """Folded words of a text that could be misspelt."""
    return [token for token, _, _ in tokens(folded(text)) if token[0].isalpha()]
