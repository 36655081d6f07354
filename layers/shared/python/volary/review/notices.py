"""What people are told of a decision, in their language, and what a takedown notice must hold; it writes nothing."""

import re

from pydantic import Field

from events.shapes import Shape
from volary.errors import Invalid
from volary.review.cases import Action
from volary.review.clocks import Ground
from volary.review.handbook import Language, explained, title

APPEAL_SECONDS = 183 * 86_400  # DSA Art. 20: at least six months
EMAIL = re.compile(r"[^@\s]{1,200}@[^@\s]{1,200}\.[^@\s.]{1,60}")

TITLES: dict[Language, dict[Action, str]] = {
    "en": {
        "release": "Your clip was reviewed and may be published.",
        "reject": "Your clip was reviewed and is not published.",
        "keep": "Your clip was reviewed and stays.",
        "remove": "Your clip is no longer shown.",
        "erase": "Your clip was deleted.",
        "suspend": "Your account is suspended.",
        "uphold": "Your appeal was decided: the decision stands.",
        "overturn": "Your appeal was decided: the decision was taken back.",
    },
    "fr": {
        "release": "Votre clip a été examiné et peut être publié.",
        "reject": "Votre clip a été examiné et n’est pas publié.",
        "keep": "Votre clip a été examiné et reste en ligne.",
        "remove": "Votre clip n’est plus montré.",
        "erase": "Votre clip a été supprimé.",
        "suspend": "Votre compte est suspendu.",
        "uphold": "Votre recours a été tranché : la décision est maintenue.",
        "overturn": "Votre recours a été tranché : la décision est annulée.",
    },
}
BODY: dict[Language, str] = {
    "en": "A person decided this, on the ground “{ground}”. What they say: {explanation} ",
    "fr": "Une personne en a décidé, pour le motif « {ground} ». Ce qu’elle en dit : {explanation} ",
}
POLICY: dict[Language, str] = {"en": "content policy", "fr": "règles de contenu"}
APPEAL: dict[Language, str] = {
    "en": "You may appeal within six months; somebody else will decide: {link}",
    "fr": "Vous pouvez faire recours pendant six mois ; une autre personne décidera : {link}",
}


class Notice(Shape):
    """What an author is told; `texts` by language. `statement_id` is empty where nothing was restricted."""

    id: str
    user_id: str
    case_id: str
    subject: str
    action: Action
    at: int
    texts: dict[Language, str]
    language: Language = "en"
    act_id: str = ""
    statement_id: str = ""
    appeal_until: int | None = None
    appeal_id: str | None = None


class Takedown(Shape):
    """A notice by somebody who needs no account: what, why, who, and in good faith (TAKE IT DOWN Act; DSA Art. 16)."""

    content: str = Field(max_length=500)
    ground: Ground
    statement: str = Field(max_length=5_000)
    contact: str = Field(max_length=300)
    signature: str = Field(max_length=200)
    region: str = Field(default="US", pattern="^[A-Z]{2}$")
    good_faith: bool


def checked(asked: Takedown) -> Takedown:
    """Raises Invalid naming the field that makes the notice void."""
    if not asked.good_faith:
        raise Invalid("a notice needs the statement that it is made in good faith", param="good_faith")
    for name in ("statement", "signature"):
        if not getattr(asked, name).strip():
            raise Invalid(f"{name} is empty", param=name)
    if not EMAIL.fullmatch(asked.contact.strip()):
        raise Invalid(f"contact {asked.contact[:80]!r} is no e-mail address", param="contact")
    return asked


def texts(action: Action, category: str | None, explanation: str, appeal_link: str | None) -> dict[Language, str]:
    """The notice in every language, with the link where there is something to appeal."""
    found: dict[Language, str] = {}
    why = explained(explanation)
    for language in TITLES:
        said = f"{TITLES[language][action]} "
        if explanation:
            ground = title(category, language) if category else POLICY[language]
            said += BODY[language].format(ground=ground, explanation=why[language])
        if appeal_link:
            said += APPEAL[language].format(link=appeal_link)
        found[language] = said.strip()
    return found
