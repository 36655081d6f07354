"""Files in and out: encoding what we made, and reading what others made inside a limited child process."""

from inference.media.decoding import decode, facts
from inference.media.encoding import encode_mp4, spritesheet, thumbnail
from inference.media.limits import Decoded, Limits, MediaRefused

__all__ = ["Decoded", "Limits", "MediaRefused", "decode", "encode_mp4", "facts", "spritesheet", "thumbnail"]
