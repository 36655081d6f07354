"""Translates what AWS and botocore raise into the product's errors, once, for every adapter beside it.

Busy, slow, broken and unreachable services become `Unavailable`, because the caller may come back. A code that an
adapter names becomes the error it names. Anything else is a mistake of ours, such as a missing permission, and
stays what it is, so that it is seen.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from botocore.exceptions import (
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    MetadataRetrievalError,
)

from volary.errors import Unavailable, VolaryError

BUSY = frozenset({
    "DependencyTimeoutException", "InternalFailure", "InternalServerError", "KMSInternalException",
    "KeyUnavailableException", "LimitExceededException", "ModelNotReadyException",
    "ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestTimeout", "ServiceException",
    "ServiceUnavailable", "SlowDown", "Throttling", "ThrottlingException", "TooManyRequestsException",
    "TransactionConflictException", "TransactionInProgressException",
})  # fmt: skip

# botocore's own ConnectionError and HTTPClientError are what connections do; the others come while reading or signing.
UNREACHABLE = (ConnectionError, HTTPClientError, IncompleteReadError, CredentialRetrievalError, MetadataRetrievalError)


def code_of(problem: ClientError) -> str:
    """The service's own name for the error, such as "NoSuchKey", or "404" where an answer has no body."""
    return str(problem.response.get("Error", {}).get("Code", ""))


def is_busy(problem: ClientError) -> bool:
    """Whether the same call may succeed a moment later."""
    status = problem.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code_of(problem) in BUSY or status >= 500


@contextmanager
def translated(act: str, known: Mapping[str, type[VolaryError]] | None = None) -> Iterator[None]:
    """Run AWS calls; `act` says in the message what was tried, `known` maps error codes to our errors."""
    try:
        yield
    except ClientError as problem:
        code = code_of(problem)
        if known is not None and code in known:
            raise known[code](f"{act}: {code}") from problem
        if is_busy(problem):
            raise Unavailable(f"{act}: {code}") from problem
        raise
    except UNREACHABLE as problem:
        raise Unavailable(f"{act}: {type(problem).__name__}") from problem
