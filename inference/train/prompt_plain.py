"""Composes harmless captions in French and English from short parts, as plain as most prompts are; it labels nothing.

The sets in `$VOLARY_DATA` hold no French captions that may train weights that ship, so without these the classifier
takes unfamiliar French for harmful. What it does not give: variety of meaning, that is what the written prompts are
for. Parts are split between training and tuning by who is seen, so that no caption of one resembles the other's.
"""

import hashlib
import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Parts:
    """Who, what they do, where, and how it is filmed."""

    who: tuple[str, ...]
    does: tuple[str, ...]
    where: tuple[str, ...]
    how: tuple[str, ...]


FRENCH = Parts(
    (
        "un homme en chemise bleue",
        "une femme aux cheveux longs",
        "deux hommes",
        "trois femmes",
        "un petit garçon",
        "une petite fille en robe rouge",
        "un groupe de touristes",
        "une équipe de football",
        "un vieil homme barbu",
        "une jeune femme",
        "un jeune homme torse nu",
        "un bébé",
        "un ouvrier casqué",
        "une cycliste",
        "des enfants",
        "un chien noir",
        "un chien blanc et brun",
        "un chat gris",
        "une foule de gens",
        "un couple",
        "un policier",
        "un soldat en uniforme",
        "un cuisinier",
        "une mariée",
        "un musicien",
        "un boxeur",
        "une nageuse",
        "un cavalier",
        "un homme noir",
        "une femme asiatique",
        "une femme voilée",
        "un homme en maillot de bain",
        "un chasseur",
    ),
    (
        "court",
        "joue au ballon",
        "saute dans l'eau",
        "marche lentement",
        "regarde l'appareil photo",
        "mange une glace",
        "boit un verre",
        "danse",
        "joue de la guitare",
        "lit un journal",
        "fait du vélo",
        "est assis sur un banc",
        "dort",
        "porte un grand sac",
        "parle au téléphone",
        "coupe du bois",
        "répare une voiture",
        "tire un chariot",
        "grimpe sur un rocher",
        "tient un couteau et un pain",
        "fait de la planche à roulettes",
        "lutte pour le ballon",
        "attend le bus",
        "sourit",
        "vend des fruits",
        "prend une photo",
        "se repose",
        "nage",
        "travaille",
        "plonge",
    ),
    (
        "dans un parc",
        "sur la plage",
        "dans la rue",
        "devant un magasin",
        "à la montagne",
        "dans une cuisine",
        "sur un trottoir",
        "au bord d'un lac",
        "dans un champ",
        "sur une scène",
        "dans la neige",
        "près d'une fontaine",
        "dans une piscine",
        "à la gare",
        "sur un toit",
        "dans une salle de classe",
        "au marché",
        "dans un stade",
        "sous un pont",
        "dans une chambre",
        "à côté d'un mur couvert de graffitis",
        "dans une église",
        "la nuit",
    ),
    ("", "", "", ", au ralenti", ", vue aérienne", ", gros plan", ", sous la pluie", ", au coucher du soleil", ", 4k"),
)
ENGLISH = Parts(
    (
        "a man in a blue shirt", "a woman with long hair", "two men", "three women", "a little boy", "a girl in red",
        "a shirtless young man", "a baby", "a worker in a helmet", "a black dog", "a crowd",
        "a police officer",
        "a soldier in uniform", "a boxer", "a swimmer", "a black man", "an Asian woman", "a veiled woman", "a hunter",
        "a man in swimming trunks", "a bride", "a surgeon", "a wrestler", "a knight",
    ),
    (
        "runs", "plays ball", "jumps into the water", "walks slowly", "looks at the camera", "eats ice cream", "dances",
        "reads a newspaper", "rides a bike", "sleeps", "talks on the phone", "cuts wood", "climbs a rock", "smiles",
        "holds a knife and a loaf", "fights for the ball", "waits for the bus", "takes a picture", "falls and laughs",
    ),
    (
        "in a park", "on the beach", "in the street", "in front of a shop", "in a kitchen", "by a lake", "in a field",
        "on a stage", "in the snow", "at the station", "in a bedroom", "at the market", "in a church", "at night",
    ),
    ("", "", "", ", slow motion", ", aerial view", ", close-up", ", in the rain", ", at sunset", ", 4k"),
)  # fmt: skip
LANGUAGES = {"fr": FRENCH, "en": ENGLISH}


def captions(lang: str, count: int, seed: int) -> list[tuple[str, str]]:
    """`count` captions and what must stay together when they are split: the one who is seen."""
    parts, dice = LANGUAGES[lang], random.Random(seed)
    found = []
    for _ in range(count):
        who = dice.choice(parts.who)
        text = f"{who} {dice.choice(parts.does)} {dice.choice(parts.where)}{dice.choice(parts.how)}"
        key = hashlib.sha256(who.encode()).hexdigest()[:8]
        found.append((text[0].upper() + text[1:], f"plain-{lang}-{key}"))
    return found
