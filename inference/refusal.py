"""The ways a model server says no, with the HTTP status of each; it knows no web framework.

Refused
├── InvalidRequest      400  the request is not one of ours, or not for this role
├── MediaTooLarge       413  a body or file over its limit
├── InvalidMedia        422  a file that is not what it should be
├── SourceUnreadable    422  a link that may not or cannot be read
├── LikenessUnreadable  422  what was lent of a person does not open, or is no portrait and voice
├── Busy                429  the queue is full; try again later
├── OutputRefused       500  a link that may not or cannot be written
└── ModelFault          500  a model failed or gave something unusable
"""

from typing import ClassVar


class Refused(Exception):
    """Its message goes to the caller and holds no prompt and no signed link."""

    code: ClassVar[str] = "model_fault"
    status: ClassVar[int] = 500


class InvalidRequest(Refused):
    code = "invalid_request"
    status = 400


class MediaTooLarge(Refused):
    code = "media_too_large"
    status = 413


class InvalidMedia(Refused):
    code = "invalid_media"
    status = 422


class SourceUnreadable(Refused):
    code = "source_unreadable"
    status = 422


class LikenessUnreadable(Refused):
    code = "likeness_unreadable"
    status = 422


class Busy(Refused):
    code = "busy"
    status = 429


class OutputRefused(Refused):
    code = "output_refused"
    status = 500


class ModelFault(Refused):
    code = "model_fault"
    status = 500
