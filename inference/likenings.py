"""Perceptual hashes of a clip's frames, so that known pictures are found again after scaling and re-encoding.

Covered: other sizes, formats and qualities, slight colour changes. Not covered: crops, mirrors, and what is laid over a
picture; nearly flat frames are left out, because they are all alike. No list of known pictures is shipped.
"""

import imagehash
import numpy as np
from PIL import Image

from events.inference import FrameHash
from inference.safety.frames import sample

SIDE = 12  # 144 bits: finer ones are noise on smooth pictures, coarser ones take strangers for known
LEAST_CONTRAST = 8.0  # standard deviation of the luma, of 255


def frame_hashes(frames: np.ndarray, frame_rate: float) -> tuple[FrameHash, ...]:
    """Hashes of the frames that screening looks at, one a second and every cut; frames are (T, H, W, 3) uint8."""
    found = []
    for place in sample(frames, frame_rate):
        grey = Image.fromarray(frames[place]).convert("L")
        if float(np.asarray(grey).std()) >= LEAST_CONTRAST:
            bits = str(imagehash.phash(grey, hash_size=SIDE))
            found.append(FrameHash(at=round(float(place / frame_rate), 3) if frame_rate else 0.0, bits=bits))
    return tuple(found)
