"""What goes to S3 Vectors: requests and answers as botocore's own model of the service has them."""

import base64
import struct
from dataclasses import replace

import pytest
from botocore.session import get_session
from botocore.stub import Stubber
from volary.aws.vectors import S3Vectors
from volary.errors import Invalid, Unavailable
from volary.meanings import WIDTH
from volary.ports import Hit, Known, Near, Point

INDEX = "arn:aws:s3vectors:us-east-1:000000000000:bucket/volary-dev-vectors/index/clips"
NUMBERS = [0.5] * 4 + [0.0] * (WIDTH - 4)
VECTOR = base64.b64encode(struct.pack(f"<{WIDTH}e", *NUMBERS)).decode()


POINT = Point(
    "video_1", VECTOR, "user_bob", "video_0", 7, ("like_1",), seconds=8, is_remix=True, language="fr", remakers=2,
    topics={"cats": 0.5}, form="portrait", has_sound=False, depth=3,
)  # fmt: skip
FACTS = '{"seconds":8,"is_remix":true,"language":"fr","remakers":2,"topics":{"cats":0.5}%s}'
ALL_FACTS = FACTS % ',"form":"portrait","has_sound":false,"depth":3'


@pytest.fixture
def service():
    client = get_session().create_client(
        "s3vectors", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stubber:
        yield stubber, S3Vectors({"s3vectors": client}, INDEX)
        stubber.assert_no_pending_responses()


def test_a_point_goes_with_what_it_is_found_by(service):
    stubber, vectors = service
    metadata = {"owner": "user_bob", "root": "video_0", "at": 7, "facts": ALL_FACTS, "people": ["like_1"]}
    sent = {"key": "video_1", "data": {"float32": NUMBERS}, "metadata": metadata}
    stubber.add_response("put_vectors", {}, {"indexArn": INDEX, "vectors": [sent]})

    vectors.put([POINT])


OLD = replace(POINT, form="", has_sound=True, depth=0)


@pytest.mark.parametrize(("facts", "point"), [(ALL_FACTS, POINT), (FACTS % "", OLD)], ids=["now", "placed before"])
def test_what_is_known_of_a_clip_comes_back_with_its_cosines(service, facts, point):
    stubber, vectors = service
    metadata = {"owner": "user_bob", "root": "video_0", "at": 7, "facts": facts, "people": ["like_1"]}
    answer = {"vectors": [{"key": "video_1", "data": {"float32": NUMBERS}, "metadata": metadata}]}
    asked = {"indexArn": INDEX, "keys": ["video_1", "video_2"], "returnData": True, "returnMetadata": True}
    stubber.add_response("get_vectors", answer, asked)

    known = vectors.known(["video_1", "video_2"], [VECTOR])

    assert known == {"video_1": Known(replace(point, vector=""), (1.0,))}


def test_the_newest_are_asked_for_by_their_time(service):
    stubber, vectors = service
    asked = {"indexArn": INDEX, "topK": 9, "queryVector": {"float32": NUMBERS}, "returnMetadata": True}
    stubber.add_response(
        "query_vectors", {"vectors": [], "distanceMetric": "cosine"}, {**asked, "filter": {"at": {"$gte": 5}}}
    )

    assert vectors.near([Near(VECTOR, 9, since=5)]) == [[]]


def test_removals_go_by_five_hundred(service):
    stubber, vectors = service
    ids = [f"video_{number}" for number in range(501)]
    stubber.add_response("delete_vectors", {}, {"indexArn": INDEX, "keys": ids[:500]})
    stubber.add_response("delete_vectors", {}, {"indexArn": INDEX, "keys": ids[500:]})

    vectors.remove(ids)


@pytest.mark.parametrize(
    ("names", "condition"),
    [
        ({}, {}),
        ({"owners": ("user_bob",)}, {"filter": {"owner": {"$in": ["user_bob"]}}}),
        (
            {"owners": ("user_bob",), "roots": ("video_0",)},
            {"filter": {"$or": [{"owner": {"$in": ["user_bob"]}}, {"root": {"$in": ["video_0"]}}]}},
        ),
    ],
)
def test_a_question_says_whose_clips_it_means(service, names, condition):
    stubber, vectors = service
    asked = {"indexArn": INDEX, "topK": 9, "queryVector": {"float32": NUMBERS}, "returnMetadata": True, **condition}
    answer = [{"key": "video_1", "metadata": {"people": ["like_1"]}}, {"key": "video_2", "metadata": {"at": 1}}]
    stubber.add_response("query_vectors", {"vectors": answer, "distanceMetric": "cosine"}, asked)

    assert vectors.near([Near(VECTOR, 9, **names)]) == [[Hit("video_1", ("like_1",)), Hit("video_2", ())]]


@pytest.mark.parametrize(
    ("code", "error"), [("TooManyRequestsException", Unavailable), ("ValidationException", Invalid)]
)
def test_its_faults_are_ours(service, code, error):
    stubber, vectors = service
    stubber.add_client_error("query_vectors", code)

    with pytest.raises(error):
        vectors.near([Near(VECTOR)])
