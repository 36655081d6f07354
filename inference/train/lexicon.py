"""Chooses how near a word must be to a taught one to count as known, on words that no caption holds.

python -m inference.train.lexicon
"""

from __future__ import annotations

import re

import numpy as np

from inference.generator.text import TextEncoder
from inference.train.publish import THRESHOLD, taught_words

# Other words for what the world holds, and words for what it does not; none of them is in a caption.
KNOWN = re.findall(
    r"\S+",
    """
puppies kittens vehicle sailboats oceans seaside woodland forests streets cities skyscraper violets reddish
bluish jumping leaping strolling jogging drifting swim snowfall rainfall foggy misty midnight nighttime evening
movies cartoons butterflies robots rockets boats birds flowers dunes mountain peaks gentleman lady lovers
dancing floating flying bouncing chienne chatte océans forêts rues villes rougeâtre bleuâtre sauter marcher
courir nager danser voler flotter neigeux pluvieux brumeux minuit crépuscule films bateaux oiseaux poissons
voitures fleurs montagne papillons trains étoile
""",
)
UNKNOWN = re.findall(
    r"\S+",
    """
dinosaur piano wizard guitar elephant spaghetti chef violin hospital computer keyboard doctor sandwich knife
castle volcano tiger wedding president soldier newspaper mirror telephone cheese library umbrella bicycle hammer
pizza mushroom dinosaure sorcier guitare éléphant cuisinier ordinateur médecin château volcan couteau fromage
bibliothèque parapluie miroir journal soldat téléphone marteau champignon mariage gâteau clavier horloge tigre
vélo
""",
)


def main() -> None:
    encoder = TextEncoder()
    taught = encoder.vectors(taught_words())
    known, unknown = ((encoder.vectors(words) @ taught.T).max(axis=1) for words in (KNOWN, UNKNOWN))
    print("threshold  known kept  unknown reported")
    for threshold in np.arange(0.5, 0.8, 0.02):
        mark = " <- used" if abs(threshold - THRESHOLD) < 1e-6 else ""
        print(f"{threshold:9.2f}  {(known >= threshold).mean():10.2f}  {(unknown < threshold).mean():16.2f}{mark}")
    print("known but reported:", *(word for word, near in zip(KNOWN, known, strict=True) if near < THRESHOLD))
    print("unknown but kept:", *(word for word, near in zip(UNKNOWN, unknown, strict=True) if near >= THRESHOLD))


if __name__ == "__main__":
    main()
