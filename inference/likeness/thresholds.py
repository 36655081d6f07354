"""Where every measure of a capture must lie, and from where on two faces or voices are taken for one person's.

Chosen on staged captures of seeds 1, 2, 11 and 51, on strings of digits and on the pairs of the evaluation data;
`volary eval likeness` measures them on other seeds. docs/model-card-likeness.md holds the figures.
"""

FACE_SAME = 0.5  # distance of descriptors; the package's stock value is 0.6
FACE_STOCK = 0.6
VOICE_SAME = 0.76  # cosine
VOICE_STOCK = 0.80
VOICE_HOLD, VOICE_BLOCK = 0.84, 0.88  # cosine of a voice in a clip with one of everybody's: a person looks; refused

SECONDS = (4.0, 12.5)
SOUND_SHARE = 0.8  # of the picture's length
ONE_FACE = 1.0  # share of looks with exactly one face; FEW_MISSES may show none
FEW_MISSES = 0.05
DIGITS = 0.06  # mean probability of the challenge's digits
# The shortest pause between groups as a multiple of the longest silence within one, which counts as BRIEF at least.
RHYTHM = 1.3
BRIEF = 0.25  # seconds
# Correlation of opening and loudness: of 299 genuine captures the least was 0.69, of 20 spliced the most 0.64.
LIPS = 0.67
LIPS_MOVE = 0.005  # spread of the opening, as a share of the face's height
SPOKEN_SECONDS = 1.2
ONE_VOICE = 0.715  # cosine of the voice before and after any silence
SHARP = 0.10
LIGHT = (45.0, 215.0)
CONTRAST = 14.0
FLAT = 0.08  # residual of an affine fit of turned faces
PATTERN = 30.0  # decibels
BEAT = 1.5  # grey levels


def voice_alike(cosine: float) -> float:
    """A cosine as a similarity in [0, 1]: 0.5 at VOICE_HOLD and 0.6 at VOICE_BLOCK, the lines of the policy."""
    return max(0.0, min(1.0, 0.5 + 0.1 * (cosine - VOICE_HOLD) / (VOICE_BLOCK - VOICE_HOLD)))


def face_alike(distance: float) -> float:
    """A distance as a similarity in [0, 1]: half at FACE_SAME, nothing at twice that."""
    return max(0.0, min(1.0, 1 - distance / (2 * FACE_SAME)))
