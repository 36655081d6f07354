"""Wishes about a clip's frame rather than its subject: length, age, language, makers, and how long a wish holds.

They are read by pattern before any other word, because "moins de 8 secondes" is not "moins de" something.
"""
# ruff: noqa: E501 - patterns read better unbroken

import re
from typing import NamedTuple

from volary.steering.lexicon import folded


class Found(NamedTuple):
    """A stretch of the text and what it means: kind SCOPE, LENGTH or FACET, and its value."""

    kind: str
    value: str
    start: int
    end: int


NUMBERS = {
    **dict.fromkeys(("a", "an", "one", "un", "une", "eine", "einer", "una"), 1),
    **dict.fromkeys(("two", "deux", "dos", "zwei", "a couple of", "couple"), 2),
    **dict.fromkeys(("three", "trois", "tres", "drei"), 3),
    **dict.fromkeys(("four", "quatre", "cuatro", "vier"), 4),
    **dict.fromkeys(("five", "cinq", "cinco", "funf"), 5),
    **dict.fromkeys(("six", "seis", "sechs"), 6),
    **dict.fromkeys(("seven", "sept", "siete", "sieben"), 7),
    **dict.fromkeys(("eight", "huit", "ocho", "acht"), 8),
    **dict.fromkeys(("nine", "neuf", "nueve", "neun"), 9),
    **dict.fromkeys(("ten", "dix", "diez", "zehn"), 10),
    **dict.fromkeys(("twelve", "douze", "zwolf"), 12),
    **dict.fromkeys(("fifteen", "quinze"), 15),
    **dict.fromkeys(("twenty", "vingt"), 20),
    **dict.fromkeys(("thirty", "trente"), 30),
    **dict.fromkeys(("forty", "quarante"), 40),
    **dict.fromkeys(("forty five", "forty-five", "quarante cinq", "quarante-cinq"), 45),
    **dict.fromkeys(("fifty", "cinquante"), 50),
    **dict.fromkeys(("sixty", "soixante"), 60),
    **dict.fromkeys(("ninety", "quatre vingt dix", "quatre-vingt-dix"), 90),
    **dict.fromkeys(("half a", "half of a", "a half", "half", "une demi", "un demi", "demi"), 0.5),
    "twenty four": 24,
    "vingt quatre": 24,
}
_NUMBER = r"(\d+|" + "|".join(sorted(NUMBERS, key=len, reverse=True)) + ")"
_UNIT = r"[\s-]*(s|secs?|seconds?|secondes?|segundos?|sekunden?|mins?|minutes?|minutos?|minuten)\b"
_SHORTER = (
    r"(?:under|less than|shorter than|below|max(?:imum)?(?: (?:of|duration|length))*|(?:duration|length|duree|longueur) max(?:imale?|imum)?(?: (?:of|de))?|"
    r"(?:nothing|none|never|not|rien) (?:over|above|beyond|longer than|more than|past|de plus de|au[- ]dessus de|plus long que)|"
    r"(?:(?:rien|aucune?|jamais)(?: \w+)? qui (?:depasse|excede|dure plus d(?:e|'))|sans depasser)|at most|no longer than|no more than|not longer than|"
    r"up to|within|<=?|moins d(?:e|')|moins long(?:ue)?s? que|sous|pas plus(?: long(?:ue)?s?)? (?:de|que)|plus courte?s? que|"
    r"inferieure?s? a|en dessous d(?:e|')|en[- ]dessous de|au plus|jusqu'a|menos de|unter|weniger als|hochstens|kurzer als|maximal|"
    r"ne depass\w* pas|qui durent moins de|n'excedant pas)"
)
_LONGER = (
    r"(?:au[- ]dessus de|over|longer than|more than|at least|above|>=?|no shorter than|plus long(?:ue)?s? que|au moins|minimum|au dela de|"
    r"plus d(?:e|')|mas de|uber|mehr als|mindestens|langer als|superieure?s? a)"
)
_LENGTHS = (
    ("lt", re.compile(rf"\b{_SHORTER}\s*{_NUMBER}{_UNIT}")),
    (
        "lt",
        re.compile(rf"\b{_NUMBER}{_UNIT}\s*(?:or less|or under|or shorter|max(?:imum)?|tops|at most|ou moins|au plus)"),
    ),
    ("gt", re.compile(rf"\b{_LONGER}\s*{_NUMBER}{_UNIT}")),
    ("gt", re.compile(rf"\b{_NUMBER}{_UNIT}\s*(?:or more|or longer|minimum|at least|ou plus|au moins)")),
)
USUAL_SECONDS = 8
_THINGS = r"(?:videos?|clips?|ones|films?|contenus?|content|stuff|vids?)"
_BARE_LENGTHS = (
    (
        "gt",
        re.compile(
            rf"\b(?:something|anything) long(?:er)?\b(?! than)|\bquelque chose de (?:plus )?long\b(?! que)|\b(?:long|longer|lengthy) {_THINGS}\b(?! than)|\b{_THINGS} plus long(?:ue)?s?\b(?! que)|\b{_THINGS} long(?:ue)?s?\b"
        ),
    ),
    (
        "lt",
        re.compile(
            rf"\b(?:something|anything) short(?:er)?\b(?! than)|\bquelque chose de (?:plus )?court\b(?! que)|\bshort(?:er)? {_THINGS}\b(?! than)|\b{_THINGS} (?:plus )?courte?s?\b(?! que)"
        ),
    ),
)
_HOURS = re.compile(
    r"\b(?:(?:for|during|over|in|pendant|pour|durant|dans|sur|por|durante|fur|die)\s+)?"
    r"(?:(?:the|les|la|l'|las|die|der)\s*)?(?:(?:next|coming|following|prochaine?s?|nachsten?|proximas?)\s+)?"
    rf"{_NUMBER}\s*(?:prochaine?s?\s+|next\s+|more\s+)?(hours?|hrs?|h|heures?|horas?|stunden?|minutes?|mins?|days?|jours?|dias?|tage?)\b"
    r"(?:\s+(?:a venir|qui viennent))?(?!\s+ago)"
)
_HALF_HOUR = re.compile(
    r"\b(?:(?:for|during|pendant|pour|durant|dans)\s+)?(?:(?:the|la|l'|une|an?)\s*)?(?:(?:next|prochaine)\s+)?"
    r"(?:half an hour|half hour|half-hour|demi[- ]heure|media hora|halbe stunde)\b"
)
_AGO = re.compile(r"\bil y a (?:une|un|quelques|\d+) (?:minutes?|instants?|secondes?|heures?|moments?)\b")
_NEXT_HOUR = re.compile(r"\b(?:for\s+)?the next hour\b|\bpendant l'heure\b|\bla prochaine heure\b|\bdans l'heure\b")
_WEEKDAYS = {
    **dict.fromkeys(("monday", "lundi", "lunes", "montag"), "monday"),
    **dict.fromkeys(("tuesday", "mardi", "martes", "dienstag"), "tuesday"),
    **dict.fromkeys(("wednesday", "mercredi", "miercoles", "mittwoch"), "wednesday"),
    **dict.fromkeys(("thursday", "jeudi", "jueves", "donnerstag"), "thursday"),
    **dict.fromkeys(("friday", "vendredi", "viernes", "freitag"), "friday"),
    **dict.fromkeys(("saturday", "samedi", "sabado", "samstag"), "saturday"),
    **dict.fromkeys(("sunday", "dimanche", "domingo", "sonntag"), "sunday"),
}
_UNTIL = re.compile(
    rf"\b(?:until|till|til|up to|jusqu'a|jusqu'au|hasta el|hasta|bis)\s+(?:next\s+|ce\s+)?({'|'.join(_WEEKDAYS)})(?:\s+prochain)?\b"
)
_FACETS = (
    (
        "following",
        r"\b(?:(?:the |all )?(?:people|accounts|creators|users|makers|those|ones|channels) (?:that |who |whom )?(?:i|i'm|i am|i've|i have) (?:follow(?:ing|ed)?|subscribed? to)|"
        r"(?:who|whom|that) i follow|my (?:\w+ )?(?:friends|buddies|pals|mates|follows|contacts|circle|subscriptions|followings)|people i know|"
        r"mes (?:\w+ )?(?:amis|amies|potes|copains|copines|abonnements|contacts|proches)|(?:les |des |aux )?(?:gens|comptes|personnes|createurs|ceux) "
        r"(?:que je (?:suis|connais)|auxquelle?s? je suis abonnee?|auxquels je suis abonnee?|dont je suis abonnee?)|mis amigos|(?:gente|personas|cuentas) que sigo|meinen? freunden?|"
        r"leuten?,? denen ich folge)\b",
    ),
    (
        "recency",
        r"\b(?:newest|latest|most recent|more recent|recent|newer|brand new|just posted|freshly posted|recently posted|recently uploaded|"
        r"new (?:videos|clips|stuff|content|ones|posts|uploads|releases|things|material)|fresh(?:er|est)? (?:videos|clips|stuff|content|ones|posts|uploads)|"
        r"what's new|(?:posted|uploaded|published) (?:today|yesterday|recently|lately|this week)|du neuf|"
        r"(?:postee?s?|publiee?s?|mise?s? en ligne) (?:aujourd'hui|hier|recemment|cette semaine)|nouveautes|nouveaux (?:contenus|clips|trucs)|nouvelles (?:videos|publications|choses)|dernieres? (?:videos|sorties|publications)|"
        r"(?:videos |clips |contenus |trucs )?(?:plus |tres |les plus )?recente?s?|recientes|neueste[nr]?|neuere)\b",
    ),
    (
        "age",
        r"\b(?:older|oldest|old) (?:videos|clips|stuff|content|ones|posts|uploads)\b|"
        r"\b(?:videos|clips|contenus) (?:(?:plus|tres|les plus) )?anciens?(?:nes)?\b|"
        r"\b(?:anciennes|vieilles) (?:videos|publications)\b",
    ),
    (
        "depth",
        r"\b(?:remix(?:es)? of (?:a )?remix(?:es)?|remixed remixes|deep(?:er)? remix(?:es| chains?)?|(?:long(?:er)? )?(?:remix chains?|chains? of remixes)|"
        r"remix de remix|remix profonds?|(?:longues )?chaines de remix)\b",
    ),
    (
        "original",
        r"\b(?:originals|original (?:videos|clips|works|creations|posts)|originaux|(?:videos|clips|creations|oeuvres) "
        r"(?:originaux|originales))\b",
    ),
    ("remix", r"\bremix(?:es|ed clips|s)?\b"),
    (
        "silence",
        r"\b(?:(?:silent|soundless|muted?) (?:videos|clips|ones|films|movies)|(?:without|no) (?:any )?(?:sound|audio)|"
        r"(?:videos|clips|films) muet(?:te)?s|sans (?:le |aucun )?son|sans bande[- ]son|pas de son)\b",
    ),
    (
        "sound",
        r"\b(?:with (?:sound|audio)|(?:videos|clips) (?:that have|having) (?:sound|audio)|(?:avec (?:du|le) son)|(?:videos|clips) sonores)\b",
    ),
    (
        "format_portrait",
        r"\b(?:(?:vertical|portrait|upright)[- ](?:format|mode|orientation|videos?|clips?|ones)|(?:videos?|clips?|format|mode) "
        r"(?:vertica(?:l|les?|ux)|portrait|en portrait|en hauteur)|9[:/x]16)\b",
    ),
    (
        "format_landscape",
        r"\b(?:(?:horizontal|widescreen|wide)[- ](?:format|mode|orientation|videos?|clips?|ones)|landscape[- ](?:format|mode|orientation|shaped)(?: (?:videos?|clips?|ones))?|"
        r"(?:videos?|clips?|format|mode) (?:horizonta(?:l|les?|ux)|paysage|en largeur)|16[:/x]9)\b",
    ),
    (
        "format_square",
        r"\b(?:square[- ](?:format|videos?|clips?|ones)|(?:videos?|clips?|format) carre(?:e?s?)?|1[:/x]1)\b",
    ),
    (
        "likeness",
        r"\b(?:real (?:people|persons)|actual people|vraies (?:personnes|gens)|vrais gens|personnes reelles|real people's faces|people's likenesses|likenesses|cameos|deepfakes|vrais visages|avatars de personnes)\b",
    ),
)
_LANGUAGE_NAMES = {
    "en": "english|anglais|anglaise?s?|ingles|englisch|anglophones?",
    "fr": "french|francais|francaises?|frances|franzosisch|francophones?",
    "es": "spanish|espagnol|espagnole?s?|espanol|spanisch|hispanophones?",
    "de": "german|allemand|allemande?s?|aleman|deutsch",
    "it": "italian|italien|italienne?s?|italiano|italienisch",
    "pt": "portuguese|portugais|portugaise?s?|portugues|portugiesisch",
    "ja": "japanese|japonais|japonaise?s?|japones|japanisch",
    "zh": "chinese|mandarin|chinois|chino|chinesisch",
    "ko": "korean|coreen|coreano|koreanisch",
    "ar": "arabic|arabe|arabisch",
    "ru": "russian|russe|ruso|russisch",
    "nl": "dutch|neerlandais|holandes|niederlandisch",
    "pl": "polish|polonais|polaco|polnisch",
    "tr": "turkish|turc|turco|turkisch",
}


def found(text: str) -> list[Found]:
    """Every facet and scope written as a pattern, in reading order, without overlaps."""
    plain = folded(text)
    every = [*_lengths(plain), *_bare_lengths(plain), *_scopes(plain), *_named(plain), *_languages(plain)]
    kept: list[Found] = []
    for each in sorted(every, key=lambda one: (one.start, -one.end)):
        if not kept or each.start >= kept[-1].end:
            kept.append(each)
    return kept


def _lengths(plain: str) -> list[Found]:
    return [
        Found("LENGTH", f"duration_{side}_{_seconds(match[1], match[2])}", match.start(), match.end())
        for side, pattern in _LENGTHS
        for match in pattern.finditer(plain)
    ]


def _bare_lengths(plain: str) -> list[Found]:
    """ "Longer videos" without a number: than the usual eight seconds."""
    kind = "FILLER" if any(pattern.search(plain) for _, pattern in _LENGTHS) else "LENGTH"
    return [
        Found(kind, f"duration_{side}_{USUAL_SECONDS}", match.start(), match.end())
        for side, pattern in _BARE_LENGTHS
        for match in pattern.finditer(plain)
    ]


def _seconds(number: str, unit: str) -> int:
    return int(_count(number) * (60 if unit.startswith("m") else 1))


def _count(number: str) -> float:
    return int(number) if number.isdecimal() else NUMBERS[number]


def _scopes(plain: str) -> list[Found]:
    hours = [
        Found("SCOPE", f"hours:{_hours(_count(match[1]), match[2])}", match.start(), match.end())
        for match in _HOURS.finditer(plain)
    ]
    hours = [Found("FILLER", "", match.start(), match.end()) for match in _AGO.finditer(plain)] + hours
    hours += [Found("SCOPE", "hours:0.5", match.start(), match.end()) for match in _HALF_HOUR.finditer(plain)]
    hours += [Found("SCOPE", "hours:1", match.start(), match.end()) for match in _NEXT_HOUR.finditer(plain)]
    untils = [
        Found("SCOPE", f"until:{_WEEKDAYS[match[1]]}", match.start(), match.end()) for match in _UNTIL.finditer(plain)
    ]
    return hours + untils


def _hours(count: float, unit: str) -> str:
    each = 1 / 60 if unit.startswith("min") else 24 if unit[0] in "djt" else 1
    return f"{count * each:g}"


def _named(plain: str) -> list[Found]:
    return [
        Found("FACET", name, match.start(), match.end())
        for name, pattern in _FACETS
        for match in re.finditer(pattern, plain)
    ]


def _languages(plain: str) -> list[Found]:
    things = r"(?:videos?|clips?|content|contenus?|films?|movies|ones|posts|speakers?|speaking|spoken|language)"
    return [
        Found("FACET", f"language_{code}", match.start(), match.end())
        for code, names in _LANGUAGE_NAMES.items()
        for match in re.finditer(
            rf"\b(?:(?:in|en|auf)\s+(?:the\s+|langue\s+)?(?:{names})|langue\s+(?:{names})|(?:{names})[\s-]{things}|(?:videos|clips|contenus)\s+(?:{names}))\b",
            plain,
        )
    ]
