"""Finds what a text says beside its wishes: why somebody asks, who is there, what happened ("the kids are here").

Pure. It names stretches that may be cut; whether one of them is a wish after all is for a model to say.
"""

from volary.steering.composition import compose, said_by
from volary.steering.grammar import ASKING, read_words
from volary.steering.lexicon import Word
from volary.steering.placing import pieces_of

# Verbs that tell how things are. A wish whose predicate no grammar knows rarely stands with them alone.
TELLING = frozenset(
    {"is", "are", "am", "was", "were", "i'm", "im", "i am", "it's", "its", "that's", "he's", "she's", "we're",
     "they're", "has", "have", "had", "i have", "i've", "we've", "est", "sont", "suis", "etait", "etaient", "ont", "a",
     "ai", "avons", "sommes", "sera", "seront"}
)  # fmt: skip
FRAMING = frozenset({"FACET", "LENGTH", "WANT", "SCOPE", "EXCEPT", "QUERY", "KEEP"})
SAYING = ASKING | {"TOOMUCH", "TOOFEW", "LIKE", "DISLIKE", "NEG", "NOTHING", "STRONG", "WEAKONLY", "PLUS"}


def asides(text: str, language: str, protected: frozenset[tuple[str, ...]]) -> list[str]:
    """Stretches that state something while the rest of their sentence asks for something by itself."""
    return [
        said_by(piece.words, text)
        for sentence in read_words(text, language, protected)
        for pieces in [pieces_of(sentence)]
        for piece in pieces
        if any(_asks(other.words, language) for other in pieces if other is not piece) and _tells(piece.words, language)
    ]


def _asks(words: list[Word], language: str) -> bool:
    named = any(word.kind in ("CONTENT", "EMOJI", "FACET", "LENGTH") for word in words)
    return named and any(word.kind in SAYING for word in words) and compose(words, language) is not None


def _tells(words: list[Word], language: str) -> bool:
    tells = any(word.folded in TELLING for word in words) and any(word.kind == "CONTENT" for word in words)
    framed = any(word.kind in SAYING | FRAMING for word in words)
    return tells and not framed and compose(words, language) is None
