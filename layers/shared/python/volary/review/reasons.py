"""The statement of reasons that a restriction owes, in the form of the EU's DSA Transparency Database, and its rules.

A statement holds no personal data: facts are told in the policy's words, never in the author's or the reporter's.
The rules are those of the database's submission API, schema of July 2025, as far as they touch what we send.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from events.moderation import Category
from volary.errors import Invalid
from volary.review.cases import Action, Case

Statement = dict[str, Any]
PUID = re.compile(r"[A-Za-z0-9_-]{1,500}")
TERMS = "Volary content policy"
ENUMS: dict[str, frozenset[str]] = {
    "decision_visibility": frozenset(
        f"DECISION_VISIBILITY_{name}"
        for name in (
            "CONTENT_REMOVED", "CONTENT_DISABLED", "CONTENT_DEMOTED", "CONTENT_AGE_RESTRICTED",
            "CONTENT_INTERACTION_RESTRICTED", "CONTENT_LABELLED", "OTHER",
        )
    ),
    "decision_account": frozenset({"DECISION_ACCOUNT_SUSPENDED", "DECISION_ACCOUNT_TERMINATED"}),
    "decision_ground": frozenset({"DECISION_GROUND_ILLEGAL_CONTENT", "DECISION_GROUND_INCOMPATIBLE_CONTENT"}),
    "content_type": frozenset(
        f"CONTENT_TYPE_{name}"
        for name in ("APP", "AUDIO", "IMAGE", "PRODUCT", "SYNTHETIC_MEDIA", "TEXT", "VIDEO", "OTHER")
    ),
    "category": frozenset(
        f"STATEMENT_CATEGORY_{name}"
        for name in (
            "ANIMAL_WELFARE", "CONSUMER_INFORMATION", "CYBER_VIOLENCE", "CYBER_VIOLENCE_AGAINST_WOMEN",
            "DATA_PROTECTION_AND_PRIVACY_VIOLATIONS", "ILLEGAL_OR_HARMFUL_SPEECH",
            "INTELLECTUAL_PROPERTY_INFRINGEMENTS", "NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS",
            "NOT_SPECIFIED_NOTICE", "OTHER_VIOLATION_TC", "PROTECTION_OF_MINORS", "RISK_FOR_PUBLIC_SECURITY",
            "SCAMS_AND_FRAUD", "SELF_HARM", "UNSAFE_AND_PROHIBITED_PRODUCTS", "VIOLENCE",
        )
    ),
    "source_type": frozenset(
        {"SOURCE_ARTICLE_16", "SOURCE_TRUSTED_FLAGGER", "SOURCE_TYPE_OTHER_NOTIFICATION", "SOURCE_VOLUNTARY"}
    ),
    "automated_detection": frozenset({"Yes", "No"}),
    "automated_decision": frozenset(
        f"AUTOMATED_DECISION_{name}" for name in ("FULLY", "PARTIALLY", "NOT_AUTOMATED")
    ),
}  # fmt: skip
REQUIRED = (
    "decision_ground", "content_type", "category", "content_date", "application_date", "decision_facts",
    "source_type", "automated_detection", "automated_decision", "puid",
)  # fmt: skip
LISTS = ("decision_visibility", "content_type", "category_specification", "territorial_scope")
LONGEST = {
    "decision_facts": 5000,
    "illegal_content_legal_ground": 500,
    "illegal_content_explanation": 2000,
    "incompatible_content_ground": 500,
    "incompatible_content_explanation": 2000,
}
EEA = frozenset(
    ("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE")
    + ("IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK")
)

# Our harms as the database names them, with its keyword where one fits exactly.
EU: dict[Category, tuple[str, str | None]] = {
    Category.SEXUAL: ("OTHER_VIOLATION_TC", "KEYWORD_ADULT_SEXUAL_MATERIAL"),
    Category.SEXUAL_MINORS: ("PROTECTION_OF_MINORS", None),
    Category.VIOLENCE: ("VIOLENCE", None),
    Category.GORE: ("VIOLENCE", None),
    Category.SELF_HARM: ("SELF_HARM", None),
    Category.HATE: ("ILLEGAL_OR_HARMFUL_SPEECH", "KEYWORD_HATE_SPEECH"),
    Category.HARASSMENT: ("CYBER_VIOLENCE", "KEYWORD_CYBER_HARASSMENT"),
    Category.EXTREMISM: ("RISK_FOR_PUBLIC_SECURITY", "KEYWORD_TERRORIST_CONTENT"),
    Category.ILLICIT: ("UNSAFE_AND_PROHIBITED_PRODUCTS", None),
    Category.WEAPONS: ("RISK_FOR_PUBLIC_SECURITY", None),
    Category.DECEPTION: ("NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS", None),
    Category.PUBLIC_FIGURE: ("CYBER_VIOLENCE", "KEYWORD_NON_CONSENSUAL_MATERIAL_DEEPFAKE"),
    Category.REAL_FACE: ("DATA_PROTECTION_AND_PRIVACY_VIOLATIONS", "KEYWORD_BIOMETRIC_DATA_BREACH"),
}
ILLEGAL = {
    Category.SEXUAL_MINORS: "Directive 2011/93/EU, sexual abuse material",
    Category.EXTREMISM: "Regulation (EU) 2021/784, terrorist content",
}
RESTRICTIONS: dict[Action, tuple[str, str]] = {
    "reject": ("decision_visibility", "DECISION_VISIBILITY_CONTENT_DISABLED"),
    "remove": ("decision_visibility", "DECISION_VISIBILITY_CONTENT_DISABLED"),
    "erase": ("decision_visibility", "DECISION_VISIBILITY_CONTENT_REMOVED"),
    "suspend": ("decision_account", "DECISION_ACCOUNT_SUSPENDED"),
}


def statement(case: Case, puid: str, content_at: int, now: int) -> Statement:
    """The statement of a restrictive decision; raises Invalid if it would not pass the database's own rules."""
    decision = case.decision
    if decision is None or decision.action not in RESTRICTIONS:
        raise Invalid(f"case {case.id} has no restriction to state reasons for")
    category = decision.category or case.category
    name, keyword = EU.get(category, ("OTHER_VIOLATION_TC", None)) if category else ("OTHER_VIOLATION_TC", None)
    field, value = RESTRICTIONS[decision.action]
    told: Statement = {
        field: [value] if field in LISTS else value,
        **_ground(category),
        "content_type": ["CONTENT_TYPE_SYNTHETIC_MEDIA", "CONTENT_TYPE_VIDEO"],
        "category": f"STATEMENT_CATEGORY_{name}",
        "content_date": _day(content_at),
        "application_date": _day(now),
        "decision_facts": _facts(case, category),
        "source_type": "SOURCE_ARTICLE_16" if case.kind in ("notice", "report") else "SOURCE_VOLUNTARY",
        "automated_detection": "No" if case.kind in ("notice", "report") else "Yes",
        "automated_decision": "AUTOMATED_DECISION_NOT_AUTOMATED",
        "puid": puid,
    }
    if keyword:
        told["category_specification"] = [keyword]
    return checked(told)


def checked(told: Mapping[str, Any]) -> Statement:
    """The statement itself; raises Invalid naming everything that the database would refuse."""
    if wrong := list(faults(told)):
        raise Invalid(f"the statement of reasons would be refused: {'; '.join(wrong)}")
    return dict(told)


def faults(told: Mapping[str, Any]) -> Iterator[str]:
    """What the database's rules say against a statement."""
    yield from (f"{name} is missing" for name in REQUIRED if told.get(name) in (None, "", []))
    restrictions = ("decision_visibility", "decision_monetary", "decision_provision", "decision_account")
    if not any(told.get(name) for name in restrictions):
        yield f"none of {', '.join(restrictions)} is given"
    for name, known in ENUMS.items():
        given = told.get(name)
        values = given if isinstance(given, list) else [given] if given is not None else []
        if given is not None and (name in LISTS) != isinstance(given, list):
            yield f"{name} is {'not ' if name in LISTS else ''}a list"
        yield from (f"{name} {value!r} is unknown" for value in values if value not in known)
    yield from (f"{name} is over {most}" for name, most in LONGEST.items() if len(str(told.get(name, ""))) > most)
    yield from _conditional(told)


def _conditional(told: Mapping[str, Any]) -> Iterator[str]:
    side = "illegal" if told.get("decision_ground") == "DECISION_GROUND_ILLEGAL_CONTENT" else "incompatible"
    first = "illegal_content_legal_ground" if side == "illegal" else "incompatible_content_ground"
    yield from (f"{name} is missing" for name in (first, f"{side}_content_explanation") if not told.get(name))
    if not PUID.fullmatch(str(told.get("puid", ""))):
        yield f"puid {told.get('puid')!r} is not 1 to 500 of A–Z a–z 0–9 - _"
    for name in ("content_date", "application_date"):
        try:
            date.fromisoformat(str(told.get(name)))
        except ValueError:
            yield f"{name} {told.get(name)!r} is not YYYY-MM-DD"
    for country in told.get("territorial_scope", ()):
        if country not in EEA:
            yield f"territorial_scope {country!r} is not of the EEA"


def _ground(category: Category | None) -> dict[str, str]:
    if category in ILLEGAL:
        return {
            "decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT",
            "illegal_content_legal_ground": ILLEGAL[category],
            "illegal_content_explanation": f"The reviewed clip falls under: {category.value}.",
        }
    named = category.value if category else "other"
    return {
        "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
        "incompatible_content_ground": f"{TERMS}: {named}",
        "incompatible_content_explanation": f"The reviewed clip shows or says what the policy does not allow: {named}.",
    }


def _facts(case: Case, category: Category | None) -> str:
    how = {
        "held": "Automated screening held a generated clip before publication",
        "notice": "A notice was received about a generated clip",
        "report": "A user reported a generated clip",
        "match": "A generated clip matched a list of known content",
        "strikes": "An author's clips were found in breach too often",
        "appeal": "An author appealed a decision on a generated clip",
        "sample": "A decision on a generated clip was reviewed again",
    }[case.kind]
    people = "two reviewers" if case.decision and case.decision.seconded_by else "a reviewer"
    return f"{how}; {people} found: {category.value if category else 'a breach of the policy'}. Clock: {case.law}."


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()
