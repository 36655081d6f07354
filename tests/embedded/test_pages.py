"""What the home's own server answers beside the API: pages, the issuer's keys, and a door for demo persons only."""

from datetime import date

import pytest
from starlette.testclient import TestClient
from volary.embedded import Options, open_home

from local.api import create_local_app
from local.people import DEMO, add_demo_people, add_person

HOME = "http://127.0.0.1:8080"


@pytest.fixture
def home():
    home = open_home(":memory:", Options())
    add_demo_people(home.services)
    return home


@pytest.fixture
def client(home):
    with TestClient(create_local_app(home), base_url=HOME) as client:
        yield client


def test_the_page_may_load_nothing_from_elsewhere(client):
    answer = client.get("/")

    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "media-src 'self' http://127.0.0.1:8082;" in policy


@pytest.mark.parametrize(
    "path", ["/../pyproject.toml", "/%2e%2e/pyproject.toml", "/..%2fpyproject.toml", "/no-such-page"]
)
def test_only_files_of_the_page_are_served(client, path):
    assert client.get(path).status_code == 404


def test_the_api_comes_before_the_pages(client):
    assert client.get("/v1/videos").status_code == 401
    for method, path, told in [
        ("GET", "/v1/no-such-route", (404, "unknown_url")),
        ("POST", "/v1/no-such-route", (404, "unknown_url")),
        ("DELETE", "/v1/no-such-route", (404, "unknown_url")),
        ("PUT", "/v1/videos", (405, "method_not_allowed")),
        ("POST", "/v1/videos/video_x", (405, "method_not_allowed")),
    ]:
        answer = client.request(method, path)
        assert (answer.status_code, answer.json()["error"]["code"]) == told


def test_the_keys_are_published_where_the_configuration_says(client, home):
    configuration = client.get("/.well-known/openid-configuration").json()

    assert client.get(configuration["jwks_uri"]).json() == home.identity.jwks()


def test_a_demo_person_gets_a_token_that_the_api_takes(client):
    people = [person["handle"] for person in client.get("/demo/people").json()["data"]]
    session = client.post("/demo/session", json={"handle": people[0]}).json()

    assert people == list(DEMO)
    answer = client.get("/v1/videos", headers={"authorization": f"Bearer {session['token']}"})
    assert answer.status_code == 200


@pytest.mark.parametrize("headers", [
    {"origin": "http://evil.example"}, {"origin": "null"}, {"origin": "http://127.0.0.1:8082"},
    {"host": "evil.example:8080"}, {"host": "127.0.0.1"}, {"host": "127.0.0.1:8080.evil.example"},
], ids=str)  # fmt: skip
def test_the_door_is_shut_to_other_sites_and_other_names(client, headers):
    for answer in (
        client.post("/demo/session", json={"handle": "wren"}, headers=headers),
        client.get("/demo/people", headers=headers),
    ):
        assert answer.status_code == 403
        assert "token" not in answer.json()


def test_nobody_else_gets_in_without_a_secret(client, home):
    add_person(home.services, "ada", date(1990, 12, 10))

    assert client.post("/demo/session", json={"handle": "ada"}).status_code == 404


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"wren"', b"{}", b'{"handle": ["wren"]}', b"\xff"])
def test_a_body_that_names_nobody_is_refused(client, body):
    assert client.post("/demo/session", content=body).status_code in (400, 404)
