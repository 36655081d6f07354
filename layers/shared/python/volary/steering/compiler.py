"""Compiles an instruction into clauses: grammar for how it is asked, meanings for what it asks for, one safety screen.

Deterministic: the same text in the same language gives the same clauses. What is not understood is reported.
"""

import unicodedata
from collections.abc import Callable, Sequence
from typing import Any, Literal

from events.inference import Embed, Embedded, PromptScreened, Request, ScreenPrompt
from events.moderation import Category
from events.shapes import Shape
from volary.errors import Invalid
from volary.steering import facets, hearing, intents, ways
from volary.steering.clauses import Clause, excepted, told_apart
from volary.steering.grammar import Draft, Op, parse, plain_words, tag
from volary.steering.grammar import names_illicit as illicit
from volary.steering.hearing import Hearing
from volary.steering.lexicon import corrected, folded, guess, lexicon, tokens
from volary.steering.lists import unlisted
from volary.steering.repairs import repaired
from volary.steering.settling import Readers, is_surely_harmless, settled
from volary.steering.targets import Target, anchors, exact, leading, placed, protected, qualifies, spellings

Ask = Callable[[Request], dict[str, Any]]
Kind = Literal["steer", "reset", "undo", "noop", "query", "reject"]
LONGEST_TEXT = 1000
VOCABULARIES = ("en", "fr")  # languages whose words the model server's vocabulary holds
NAMED = 0.5  # share from which a word of the text may be the name of a subject, misspelt
SURELY = 0.5  # by which a topic must lead for a word of the text to be its name, wherever it stands
WANTED = frozenset({"more", "only", "unblock", "keep"})
# Harms whose topics nobody may ask for; a score from which a bare topic counts as asking for harm.
HARMS = frozenset(
    {
        Category.SEXUAL, Category.SEXUAL_MINORS, Category.VIOLENCE, Category.GORE, Category.SELF_HARM, Category.HATE,
        Category.EXTREMISM, Category.ILLICIT, Category.TEST_STRING,
    }
)  # fmt: skip
HARMFUL, HARMFUL_IN = 0.8, 0.4  # alone, and in each of these sentences
FRAMES = ("a video about", "une vidéo sur")


class Understanding(Shape):
    """What a text came to. `refused` says why a wish was turned down, `not_understood` holds stretches of the text."""

    kind: Kind
    language: str
    clauses: tuple[Clause, ...] = ()
    not_understood: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def compile_text(text: str, ask: Ask, hint: str = "en") -> Understanding:
    """What `text` asks for. Raises Invalid for an empty or too long one, ModelFault when no model answers."""
    text = unicodedata.normalize("NFC", text).replace("\u2019", "'").strip()
    if not text or len(text) > LONGEST_TEXT:
        raise Invalid(f"an instruction has 1 to {LONGEST_TEXT} characters, not {len(text)}", param="text")
    text = text.lower() if text.isupper() else text  # both encoders read shouting otherwise
    language = guess(text, hint)
    text = unlisted(text, language)
    written = hearing.hear(text, ask) if language in VOCABULARIES else None
    text = _spelt(text, language, written, ask)
    language = guess(text, hint)
    text = repaired(text, language, protected())
    clauses, unread = _read(text, language, ask)
    means_nothing = not clauses and unread == (text,)
    if written and not means_nothing:
        clauses, aside = settled(_readers(written, text, language, ask), clauses)
        unread = (*unread, *aside)
    if any(clause.op == "reject" for clause in clauses):
        return Understanding(kind="reject", language=language, clauses=(_plain("reject", text),), refused=(text,))
    named = not written or not is_surely_harmless(written)
    refused = [
        clause.words
        for clause in clauses
        if clause.op in WANTED and ((named and illicit(clause.words, language)) or _is_harmful(clause, ask))
    ]
    if refused:
        return Understanding(
            kind="reject", language=language, clauses=(_plain("reject", text),), refused=tuple(refused)
        )
    kept = told_apart(excepted(clauses))
    unread = _untold(unread, kept)
    return Understanding(
        kind=_kind(kept, unread), language=language, clauses=kept or _nothing(unread), not_understood=unread
    )


def _untold(unread: Sequence[str], clauses: Sequence[Clause]) -> tuple[str, ...]:
    """What was not understood, each stretch once and none that is the target of a clause."""
    told = [f" {folded(target.words)} " for clause in clauses for target in clause.targets]
    return tuple(each for each in dict.fromkeys(unread) if not any(f" {folded(each)} " in one for one in told))


def _readers(written: Hearing, text: str, language: str, ask: Ask) -> Readers:
    mended = hearing.hear(text, ask) if text != written.text else None
    return Readers(
        hearing.both(written, mended) if mended else written,
        tag(text, language, protected()),
        lambda phrases: _placed([_spoken(phrase) for phrase in phrases], ask),
        lambda frames: Embedded.model_validate(ask(Embed(frames=tuple(frames)))).ways,
    )


def _read(text: str, language: str, ask: Ask) -> tuple[list[Clause], tuple[str, ...]]:
    """The clauses by words of asking and the model of ways, and what was not understood."""
    parsed = parse(text, language, protected(), lambda said: _about(said, language, ask))
    if parsed.tampers:
        return [_plain("reject", text)], ()
    read, aside = _resolved(parsed.drafts, parsed.beside, ask)
    if parsed.chats:
        return read, parsed.unread
    clauses, unread = _weighed(text, language, read, (*parsed.unread, *aside), ask)
    return clauses, (*unread, *_lost(read, clauses, unread))


def _about(said: str, language: str, ask: Ask) -> str:
    """What a sentence is about by nearness; one that praises a protection is not taken for one against it."""
    found = intents.nearest(said, ask)
    if found != "reject" or language not in VOCABULARIES:
        return found
    verdict = next(iter(ways.judged([said], ask)), None)
    return "noop" if verdict and verdict.way == "noop" and verdict.lead >= ways.SURE else found


def _weighed(
    text: str, language: str, clauses: list[Clause], unread: tuple[str, ...], ask: Ask
) -> tuple[list[Clause], tuple[str, ...]]:
    """The clauses as the model that learned from examples would have them, where the grammar is no safe guide."""
    if language not in VOCABULARIES:
        return clauses, unread  # the model has examples in these alone
    wishes = [clause.targets for clause in clauses if clause.op != "facet"]
    said = ways.said(text, language, wishes, _known(ways.unknown(text, language), ask))
    if not said.is_plain or any(clause.op == "facet" for clause in clauses):
        return clauses, unread
    asked = all(ways.asks(said, clause.words) for clause in clauses if clause.op in ("more", "less"))
    if asked and ways.accounted(said, wishes) and len({clause.op for clause in clauses} & ways.STEERING) > 1:
        return clauses, unread  # each word has its place in one of several wishes
    if len(said.labels) > 1 and (plain := ways.judged_plain(said, ask)):
        return [_told(said, plain.way, "default", [], ask)], ()
    if len(said.labels) > 1:
        apart = _told_each(said, clauses, ask)
        return (apart, ()) if apart else (clauses, unread)
    if said.is_read and len({clause.op for clause in clauses}) > 1 and len({each.words for each in said.subjects}) > 1:
        return clauses, unread  # "no to football, yes to tennis": two subjects under one topic
    if said.is_bare and ways.means_nothing(said, ask):
        return [], (text,)
    verdict = ways.judged_whole(said, ask)
    read = clauses[0].op if len(clauses) == 1 else "" if clauses else "noop"
    if verdict is None or not ways.decides(verdict, read, said):
        return _pointed(said, clauses, unread, ask)
    scope = next((clause.scope for clause in clauses if clause.scope != "default"), said.scope())
    subjects = list(dict.fromkeys(each.words for each in said.subjects))
    if verdict.way in ways.STEERING and not subjects:
        return clauses, unread
    return [_told(said, verdict.way, scope, subjects, ask)], ()


def _lost(read: Sequence[Clause], left: Sequence[Clause], unread: Sequence[str]) -> tuple[str, ...]:
    """Subjects of several wishes that the model's reading left out: they are told, not dropped."""
    if len(read) < 2:
        return ()
    labels = {label for clause in left for label in clause.labels}
    kept = [*(target.words for clause in left for target in clause.targets), *unread]
    subjects = [target for clause in read if clause.op in ways.STEERING for target in clause.targets]
    gone = [each.words for each in subjects if not labels & set(each.labels)]
    return tuple(words for words in dict.fromkeys(gone) if not any(words in one or one in words for one in kept))


def _known(names: Sequence[str], ask: Ask) -> dict[str, str]:
    """Of these stretches of the text the ones that surely name something under a topic, and the topic."""
    if not names:
        return {}
    found = Embedded.model_validate(ask(Embed(texts=tuple(names), subjects=True)))
    told = {name: leading(scores, SURELY) for name, scores in zip(names, found.topics, strict=False)}
    return {name: topics[0] for name, topics in told.items() if topics}


def _pointed(
    said: ways.Said, clauses: list[Clause], unread: tuple[str, ...], ask: Ask
) -> tuple[list[Clause], tuple[str, ...]]:
    """One wish is about the subject that the text names; what else the grammar took for targets is told as unread."""
    if len(clauses) != 1 or not said.is_named or clauses[0].op not in ways.STEERING:
        return clauses, unread
    subject, targets = said.subjects[0].words, clauses[0].targets
    # "magic tricks" are not magic: the whole name was placed, and elsewhere.
    kept = tuple(each for each in targets if said.labels[0] in each.labels or qualifies(subject, each.words))
    if len(kept) == len(targets):
        return clauses, unread
    kept = kept or tuple(_placed([_spoken(subject)], ask))
    aside = tuple(each.words for each in targets if each not in kept)
    return [clauses[0].model_copy(update={"targets": kept})], (*unread, *aside)


def _told(said: ways.Said, way: str, scope: str, subjects: Sequence[str], ask: Ask) -> Clause:
    """One clause in the model's words about what the text names."""
    targets = _placed([_spoken(each) for each in subjects], ask) if way not in ("noop", "undo", "reject") else []
    targets = [each for each in targets if each.topics] if way == "query" else targets
    apart = {each.labels: each for each in reversed(targets)}
    fields = {
        "op": way, "targets": tuple(reversed(apart.values())), "strength": said.strength(way),
        "scope": scope if way in ways.STEERING and way != "keep" else "default", "words": said.text,
    }  # fmt: skip
    return Clause.model_validate(fields)


def _told_each(said: ways.Said, clauses: Sequence[Clause], ask: Ask) -> list[Clause]:
    """A wish for each subject of the text as the model has it, where it disagrees with the grammar and may do so."""
    asked: dict[str, set[str]] = {}
    for clause in clauses:
        for label in clause.labels:
            asked.setdefault(label, set()).add(clause.op)
    is_contrast = said.is_read and said.contrasts and asked.keys() >= set(said.labels)
    if is_contrast or any(len(ops) > 1 for ops in asked.values()):
        return []  # the grammar's own ground: "only sports except football"
    verdicts = dict(zip(said.labels, ways.judged([said.masked(each) for each in said.labels], ask), strict=False))
    held = {each.label: clause for each in said.subjects for clause in clauses if _holds(clause, each)}
    read = {label: clause.op for label, clause in held.items()}
    least = ways.SURER if said.is_read else ways.LIKELY
    chosen = {
        label: each.way if each.way in ways.STEERING and each.lead >= least else read.get(label, "")
        for label, each in verdicts.items()
    }
    if len(chosen) < len(said.labels) or not ways.STEERING.issuperset(chosen.values()):
        return []
    others = [each for each in clauses if each.op in ways.STEERING and each not in held.values()]
    pieces = ways.parted(said, chosen)
    if len(pieces) + len(others) >= len(clauses) and all(read.get(label) == way for label, way in chosen.items()):
        return []
    return [*(_told_piece(each, chosen[each.labels[0]], clauses, ask) for each in pieces), *others]


def _holds(clause: Clause, subject: ways.Subject) -> bool:
    return subject.label in clause.labels or any(subject.words in target.words for target in clause.targets)


def _told_piece(piece: ways.Said, way: str, clauses: Sequence[Clause], ask: Ask) -> Clause:
    """The clause of one piece; how strongly and for how long it holds is the grammar's to say."""
    old = next((each for each in clauses if any(_holds(each, subject) for subject in piece.subjects)), None)
    scope = old.scope if old and old.scope != "default" else piece.scope()
    told = _told(piece, way, scope, list(dict.fromkeys(each.words for each in piece.subjects)), ask)
    same = {"strength": old.strength} if old and old.op == way else {}
    return told.model_copy(update={"words": piece.stretch, **same})


def _spelt(text: str, language: str, written: Hearing | None, ask: Ask) -> str:
    """The text without slips; what names no subject is no slip of one's name ("repos", rest, is no "repas")."""
    if language not in VOCABULARIES:
        return text  # an unknown word may be a Spanish one
    known = lexicon(language).words
    named = spellings("en") | spellings("fr")
    words = [w for w in dict.fromkeys(plain_words(text)) if w not in known and w not in named and len(w) > 2]
    if not words:
        return text
    unknown = Embedded.model_validate(ask(Embed(words=tuple(words[:512])))).unknown
    framed = {token for each in facets.found(text) for token, _, _ in tokens(text[each.start : each.end])}
    strange = set(unknown) - framed
    meant = {token for token, start, end in tokens(text) if not written or written.named(start, end) >= NAMED}
    text = corrected(text, language, strange - meant, frozenset())
    return corrected(text, language, strange & meant, spellings(language))


def _resolved(
    drafts: Sequence[Draft], beside: Sequence[tuple[str, str]], ask: Ask
) -> tuple[list[Clause], tuple[str, ...]]:
    """Drafts with their phrases placed by meaning, all in one question, and the phrases that are no subject."""
    said = [p for draft in drafts if draft.op != "facet" for p in draft.phrases]
    near = [pair for pair in beside if pair[0] in said]
    phrases = list(dict.fromkeys(_spoken(p) for p in (*said, *(other for _, other in near))))[:64]
    known = dict(zip(phrases, _placed(phrases, ask), strict=True))
    meant, aside = _subjects(near, known)
    return [_clause(draft, known, meant) for draft in drafts], aside


def _subjects(near: Sequence[tuple[str, str]], known: dict[str, Target]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Of phrases in one piece the one that falls under a topic is meant, if the first does not; the rest is aside."""
    meant: dict[str, str] = {}
    for phrase, other in near:
        target, also = known.get(_spoken(phrase)), known.get(_spoken(other))
        if target and also and not target.topics and not phrase.startswith("@") and also.topics:
            meant.setdefault(phrase, other)
    named = {meant.get(phrase, phrase) for phrase, _ in near}
    return meant, tuple(dict.fromkeys(each for pair in near for each in pair if each not in named))


def _clause(draft: Draft, known: dict[str, Target], meant: dict[str, str]) -> Clause:
    if draft.op == "facet":
        targets = tuple(Target(words=phrase) for phrase in draft.phrases)
    else:
        spoken = [_spoken(meant.get(phrase, phrase)) for phrase in draft.phrases]
        targets = tuple(dict.fromkeys(known[phrase] for phrase in spoken if phrase in known))
        if draft.op == "query" and not draft.is_open:  # it is about what somebody sees, or a topic, or nothing
            targets = tuple(each for each in targets if each.topics)
    return Clause.model_validate(
        {"op": draft.op, "targets": targets, "strength": draft.strength, "scope": draft.scope, "words": draft.words}
    )


def topics_of_words(words: str, ask: Ask) -> tuple[str, ...]:
    """The topics under which words fall, also those of an exception, which counts by its words alone."""
    return _placed([words], ask)[0].topics


def _placed(phrases: Sequence[str], ask: Ask) -> list[Target]:
    if not phrases:
        return []
    question = Embed(texts=tuple(phrases), anchors=tuple(phrase for phrase, _ in anchors()), subjects=True)
    return placed(phrases, Embedded.model_validate(ask(question)))


def _spoken(phrase: str) -> str:
    """An emoji as its name; a comparative as the quality it compares ("calmer" is "calm")."""
    if len(phrase) <= 2 and not phrase[0].isalnum() and phrase[0] != "@":
        return unicodedata.name(phrase[0], phrase).lower()
    words = [token for token, _, _ in tokens(phrase)]
    if words and words[0].endswith("er") and words[0] not in exact():
        stem = words[0].removesuffix("er")
        for base in (stem, stem.removesuffix("i") + "y", stem[:-1] if stem[-1:] == stem[-2:-1] else stem, stem + "e"):
            if base in exact():
                return " ".join([base, *words[1:]])
    return phrase


def _is_harmful(clause: Clause, ask: Ask) -> bool:
    """Whether asking for this is asking for what moderation keeps out. The screen is the one of prompts."""
    said = " ".join(target.words for target in clause.targets if not target.words.startswith("@"))
    if not said:
        return False
    if all(target.topics and _is_example(target.words) for target in clause.targets):
        return False  # an example of a harmless topic by its own name
    # The screen was taught sentences, so that a lone harmless word may look harmful to it, but not also in sentences.
    return _harm(said, ask) >= HARMFUL and all(_harm(f"{frame} {said}", ask) >= HARMFUL_IN for frame in FRAMES)


def _harm(said: str, ask: Ask) -> float:
    signals = PromptScreened.model_validate(ask(ScreenPrompt(text=said))).signals
    return max((signal.score for signal in signals if signal.category in HARMS), default=0.0)


def _is_example(words: str) -> bool:
    plain = " ".join(token for token, _, _ in tokens(words))
    return any(form in exact() for form in (plain, plain.removesuffix("s"), plain.removesuffix("x")))


def _kind(clauses: Sequence[Clause], unread: Sequence[str]) -> Kind:
    ops = [clause.op for clause in clauses]
    for kind in ("reset", "undo", "query"):
        if ops and all(op == kind for op in ops):
            return kind  # type: ignore[return-value] # the three are kinds, too
    return "steer" if any(op not in ("query", "noop") for op in ops) else "query" if "query" in ops else "noop"


def _nothing(unread: Sequence[str]) -> tuple[Clause, ...]:
    return (_plain("noop", " ".join(unread)),)


def _plain(op: Op, words: str) -> Clause:
    return Clause(op=op, words=words)
