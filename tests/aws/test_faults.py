"""AWS's errors become the product's once, at the adapters."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError, ReadTimeoutError
from volary.aws.faults import translated
from volary.errors import Absent, Unavailable


def answer(code, status=400):
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Act")


def raised_for(problem, known=None):
    with pytest.raises(Exception) as caught, translated("trying", known):
        raise problem
    return caught.value


@pytest.mark.parametrize(
    "problem",
    [
        answer("ThrottlingException"),
        answer("ProvisionedThroughputExceededException"),
        answer("SlowDown", 503),
        answer("SomethingNobodyListed", 500),
        answer("TooManyRequestsException", 429),
        EndpointConnectionError(endpoint_url="https://x.example"),
        ReadTimeoutError(endpoint_url="https://x.example"),
    ],
)
def test_what_may_work_a_moment_later_is_unavailable(problem):
    assert isinstance(raised_for(problem), Unavailable)


def test_a_named_code_becomes_the_error_it_names():
    fault = raised_for(answer("NoSuchKey", 404), {"NoSuchKey": Absent})

    assert isinstance(fault, Absent)
    assert fault.message == "trying: NoSuchKey"


@pytest.mark.parametrize(
    "problem", [answer("AccessDeniedException", 403), ParamValidationError(report="no bucket"), KeyError("name")]
)
def test_our_own_mistakes_stay_what_they_are(problem):
    """A missing permission must be seen, and not be tried again for ever."""
    assert raised_for(problem) is problem
