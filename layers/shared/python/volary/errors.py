"""Every error the product raises on purpose; it knows nothing of HTTP.

    VolaryError
    ├── Invalid            the request cannot be meant: a field is missing, unknown or out of range
    ├── Unauthenticated    no token, or one that does not hold
    ├── Forbidden          a known person may not do this: consent, moderation, role, age, region
    │   ├── ConsentWithdrawn  somebody in a job no longer lets their likeness be used in it
    │   └── PersonBlocked     the words of a job name somebody who was put on the block list meanwhile
    ├── Absent             there is nothing of that name that this person may know of
    ├── Conflict           the thing exists but is not in the state that the act needs
    │   ├── ConditionFailed   a conditional write met another value (from `Items`)
    │   ├── KeyNotReleased    a likeness in the clip waits for a key that only its owner's device has
    │   └── SigningFailed     a file could not be signed, or what was signed does not read back as trusted
    ├── TooMany            a quota or a rate is used up; `retry_after` says when to come back
    └── Unavailable        a part we depend on did not answer; nothing was changed
        └── ModelFault     a model server refused or failed; `code` is its own

`code` is stable and listed in docs/errors.md; `param` names the field at fault; the message carries the values.
"""


class VolaryError(Exception):
    """Base of all; `code` is the machine-readable name and `param` the request field at fault, if any."""

    code = "error"

    def __init__(self, message: str, *, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.param = param


class Invalid(VolaryError):
    code = "invalid_value"


class Unauthenticated(VolaryError):
    code = "invalid_token"


class Forbidden(VolaryError):
    code = "forbidden"


class ConsentWithdrawn(Forbidden):
    code = "consent_withdrawn"


class PersonBlocked(Forbidden):
    code = "person_blocked"


class Absent(VolaryError):
    code = "not_found"


class Conflict(VolaryError):
    code = "conflict"


class ConditionFailed(Conflict):
    """A conditional write found another value; `index` is its place in the transaction."""

    code = "condition_failed"

    def __init__(self, message: str, *, index: int = 0) -> None:
        super().__init__(message)
        self.index = index


class KeyNotReleased(Conflict):
    code = "likeness_not_released"


class SigningFailed(Conflict):
    code = "signing_failed"


class TooMany(VolaryError):
    code = "rate_limit_exceeded"

    def __init__(self, message: str, *, retry_after: int, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class Unavailable(VolaryError):
    code = "unavailable"


class ModelFault(Unavailable):
    code = "model_fault"
