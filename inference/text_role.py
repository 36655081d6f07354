"""The model server's small role: judges prompts and reads marks at once, without torch."""

from dataclasses import dataclass
from pathlib import Path

from events.inference import DetectMark, Embed, Embedded, MarkDetected, PromptScreened, Request, ScreenPrompt
from inference.links import Links
from inference.meaning import Meanings
from inference.refusal import InvalidRequest
from inference.safety.choice import NO_SECOND, SecondChoice, load_second
from inference.safety.prompts import PromptScreen
from inference.talk import Talk
from inference.topics import Topics
from inference.ways import Ways

MAX_TEXT = 400_000


@dataclass(frozen=True)
class TextRole:
    """Loaded models of the role `text`. `mark_key` None means that this server reads no marks."""

    screen: PromptScreen
    links: Links
    mark_key: bytes | None
    meanings: Meanings

    @classmethod
    def load(cls, weights: Path, links: Links, mark_key: bytes | None, second: SecondChoice = NO_SECOND) -> "TextRole":
        """Read the weights under `weights`: safety, ways, topics and talk; and a second classifier if one is chosen."""
        screen = PromptScreen.load(weights / "safety", load_second(second))
        classifier = screen.classifier
        ways = Ways.load(weights / "ways", classifier.encoder, classifier.sentences)
        talk = Talk.load(weights / "talk", ways.views.encoder)
        topics = Topics.load(weights / "topics")
        meanings = Meanings(classifier.sentences, classifier.vocabulary, ways, topics, talk)
        return cls(screen, links, mark_key, meanings)

    def answer(self, request: Request) -> PromptScreened | MarkDetected | Embedded:
        """Raises Refused."""
        match request:
            case ScreenPrompt():
                return self._screen(request)
            case Embed():
                return self.meanings.embed(request)
            case DetectMark() if self.mark_key is not None:
                # Imported when first asked: scipy and the media library would double the time to start.
                from inference.marks import detect

                return MarkDetected(mark=detect(self.links, request, self.mark_key))
        raise InvalidRequest(f"the text role does not answer {request.task}")

    def _screen(self, request: ScreenPrompt) -> PromptScreened:
        size = len(request.text) + sum(len(text) for text in request.context)
        if size > MAX_TEXT:
            raise InvalidRequest(f"{size} characters to judge, more than {MAX_TEXT}")
        return self.screen.screen(request.text, request.context)
