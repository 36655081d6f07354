"""Access tokens of the user pool hold, and nothing else does."""

import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from volary.aws.identity import CognitoIdentity
from volary.errors import Unauthenticated

ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Test"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEY, OTHER = (rsa.generate_private_key(65537, 2048) for _ in range(2))


class Noon:
    def __init__(self):
        self.at = NOW

    def now(self):
        return self.at


class KeySet:
    """What the issuer publishes, and how often it was asked."""

    def __init__(self, **keys):
        self.keys = keys
        self.asked = []

    def __call__(self, url):
        self.asked.append(url)
        return {
            "keys": [
                {**json.loads(RSAAlgorithm.to_jwk(key.public_key())), "kid": name} for name, key in self.keys.items()
            ]
        }


def claims(**changes):
    at = int(NOW.timestamp())
    usual = {
        "sub": "0f1e", "iss": ISSUER, "client_id": "app", "token_use": "access", "origin_jti": "s1", "jti": "t1",
        "iat": at - 10, "exp": at + 600,
    }  # fmt: skip
    return {name: value for name, value in (usual | changes).items() if value is not None}


def token(key=KEY, algorithm="RS256", headers=None, **changes):
    return jwt.encode(claims(**changes), key, algorithm, headers={"kid": "one"} if headers is None else headers)


def identity(keys=None, clock=None):
    return CognitoIdentity(ISSUER, "app", clock or Noon(), keys or KeySet(one=KEY))


def test_an_access_token_names_its_person_its_session_and_its_end():
    found = identity().verify(token())

    assert (found.user_id, found.session) == ("0f1e", "s1")
    assert found.expires_at == NOW + timedelta(seconds=600)


BAD = {
    "signed by another key": token(OTHER),
    "another algorithm": token("k" * 32, "HS256"),
    "no algorithm": jwt.encode(claims(), None, "none", headers={"kid": "one"}),
    "another issuer": token(iss=ISSUER + "x"),
    "another client": token(client_id="other"),
    "an identity token": token(token_use="id", aud="app"),
    "expired": token(exp=int(NOW.timestamp())),
    "from the future": token(iat=int(NOW.timestamp()) + 60),
    "no end": token(exp=None),
    "no person": token(sub=None),
    "a person that is no id": token(sub="ünicode"),
    "times that are texts": token(exp="9999999999"),
    "no key named": token(headers={}),
    "an unknown key named": token(headers={"kid": "../../two"}),
    "a key brought along": token(headers={"kid": "one", "jku": "https://evil.example/keys"}),
    "an extension that must be understood": token(headers={"kid": "one", "crit": ["exp"]}),
    "too long": token(scope="x" * 8000),
    "cut": token()[:-20],
    "not a token": "vol_sk_nothing",
    "empty": "",
    "not ascii": "é.é.é",
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_token_is_refused(name):
    with pytest.raises(Unauthenticated):
        identity().verify(BAD[name])


def test_unknown_keys_make_us_ask_once_a_minute_at_most():
    keys, clock = KeySet(one=KEY), Noon()
    checker = identity(keys, clock)
    for _ in range(50):
        with pytest.raises(Unauthenticated):
            checker.verify(token(headers={"kid": "made-up"}))

    assert keys.asked == [f"{ISSUER}/.well-known/jwks.json"]


def test_a_new_key_of_the_issuer_is_found_after_a_minute():
    keys, clock = KeySet(one=KEY), Noon()
    checker = identity(keys, clock)
    checker.verify(token())
    keys.keys["two"] = OTHER
    clock.at += timedelta(seconds=61)

    assert checker.verify(token(OTHER, headers={"kid": "two"})).user_id == "0f1e"
    assert len(keys.asked) == 2
