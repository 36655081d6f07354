"""What a clause does, said in the reader's language; it decides nothing."""
# ruff: noqa: E501 - sentences read better unbroken

from volary.steering.clauses import Clause
from volary.steering.compiler import Understanding
from volary.steering.targets import name_of

SAID = {
    "en": {
        "more": "More about {what} in your feed{size}{scope}.",
        "less": "Less about {what} in your feed{size}{scope}.",
        "block": "Nothing about {what}{scope}.",
        "only": "Only videos about {what}{scope}.",
        "unblock": "Videos about {what} may appear again.",
        "keep": "No reduction of {what}: they stay as they are.",
        "reset": "All your wishes are forgotten.",
        "reset_some": "Your wishes about {what} are forgotten.",
        "undo": "Your last change is undone.",
        "noop": "Nothing was changed.",
        "query": "That is a question: nothing was changed. Each video says why it is shown.",
        "reject": "This asks to get around what keeps people safe. It is refused, and nothing was changed.",
        "facet": "{what}{scope}.",
    },
    "fr": {
        "more": "Plus de vidéos sur {what} dans votre fil{size}{scope}.",
        "less": "Moins de vidéos sur {what} dans votre fil{size}{scope}.",
        "block": "Plus rien sur {what}{scope}.",
        "only": "Uniquement des vidéos sur {what}{scope}.",
        "unblock": "Les vidéos sur {what} peuvent réapparaître.",
        "keep": "Pas de réduction pour {what} : rien ne change.",
        "reset": "Tous vos souhaits sont oubliés.",
        "reset_some": "Vos souhaits sur {what} sont oubliés.",
        "undo": "Votre dernier changement est annulé.",
        "noop": "Rien n'a changé.",
        "query": "C'est une question : rien n'a changé. Chaque vidéo dit pourquoi elle est montrée.",
        "reject": "Cela demande de contourner ce qui protège les personnes. C'est refusé, et rien n'a changé.",
        "facet": "{what}{scope}.",
    },
}
SIZES = {
    "en": {"slight": ", a little", "strong": ", strongly"},
    "fr": {"slight": ", un peu", "strong": ", fortement"},
}
SCOPES = {
    "en": {"session": ", for now", "tonight": ", tonight", "today": ", today", "week": ", this week",
           "weekend": ", until the weekend is over", "forever": ", always", "hours": ", for {} h", "until": ", until {}"},
    "fr": {"session": ", pour l'instant", "tonight": ", ce soir", "today": ", aujourd'hui", "week": ", cette semaine",
           "weekend": ", jusqu'à la fin du week-end", "forever": ", toujours", "hours": ", pendant {} h",
           "until": ", jusqu'à {}"},
}  # fmt: skip
FACETS = {
    "en": {"duration_lt": "Only videos under {} seconds", "duration_gt": "Only videos over {} seconds",
           "following_more": "More from people you create with", "following_less": "Less from people you create with",
           "recency_more": "Newer videos first", "recency_less": "Older videos, too", "remix_more": "More remixes",
           "remix_less": "Fewer remixes", "likeness_more": "More videos that show real people",
           "likeness_less": "Fewer videos that show real people", "language": "More videos in this language: {}",
           "language_less": "Fewer videos in this language: {}",
           "format": "More {} videos", "format_less": "Fewer {} videos", "sound_more": "Videos with sound first",
           "sound_less": "Silent videos first", "depth_more": "More remixes of remixes",
           "depth_less": "Fewer remixes of remixes"},
    "fr": {"duration_lt": "Uniquement des vidéos de moins de {} secondes",
           "duration_gt": "Uniquement des vidéos de plus de {} secondes",
           "following_more": "Plus de vidéos des personnes avec qui vous créez",
           "following_less": "Moins de vidéos des personnes avec qui vous créez",
           "recency_more": "Les vidéos récentes d'abord", "recency_less": "Aussi des vidéos plus anciennes",
           "remix_more": "Plus de remix", "remix_less": "Moins de remix",
           "likeness_more": "Plus de vidéos qui montrent de vraies personnes",
           "likeness_less": "Moins de vidéos qui montrent de vraies personnes",
           "language": "Plus de vidéos dans cette langue : {}", "language_less": "Moins de vidéos dans cette langue : {}",
           "format": "Plus de vidéos {}", "format_less": "Moins de vidéos {}",
           "sound_more": "Les vidéos qui ont du son d'abord", "sound_less": "Les vidéos muettes d'abord",
           "depth_more": "Plus de remix de remix", "depth_less": "Moins de remix de remix"},
}  # fmt: skip
FORMATS = {
    "en": {"portrait": "upright", "landscape": "wide", "square": "square"},
    "fr": {"portrait": "verticales", "landscape": "horizontales", "square": "carrées"},
}


def effect(clause: Clause, language: str) -> str:
    """One sentence on what the clause does, in French or else English."""
    tongue = "fr" if language == "fr" else "en"
    what = (
        _facet(clause, tongue) if clause.op == "facet" else ", ".join(name_of(label, tongue) for label in clause.labels)
    )
    kind = "reset_some" if clause.op == "reset" and what else clause.op
    size = SIZES[tongue].get(clause.strength, "")
    return SAID[tongue][kind].format(what=what, size=size, scope=_scope(clause.scope, tongue))


def _facet(clause: Clause, tongue: str) -> str:
    said = []
    for target in clause.targets:
        name, _, detail = target.words.rpartition("_")
        if detail == "less" and name.startswith(("language_", "format_")):
            kind, _, detail = name.partition("_")
            name = f"{kind}_less"
        known = FACETS[tongue].get(target.words) or FACETS[tongue].get(name)
        said.append(known.format(FORMATS[tongue].get(detail, detail)) if known else target.words)
    return ", ".join(said)


def _scope(scope: str, tongue: str) -> str:
    name, _, detail = scope.partition(":")
    return SCOPES[tongue].get(name, "").format(detail)


def told(said: Understanding, language: str) -> list[tuple[str, str]]:
    """(the reader's own words, what they do) for every clause."""
    return [(clause.words, effect(clause, language)) for clause in said.clauses]
