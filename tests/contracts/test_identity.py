"""What every `Identity` adapter promises: our own access token, now, and nothing else in the world."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from volary.errors import Unauthenticated

STRANGERS = {"ES256": ec.generate_private_key(ec.SECP256R1()), "RS256": rsa.generate_private_key(65537, 2048)}
STRANGER_JWK = jwt.algorithms.ECAlgorithm.to_jwk(STRANGERS["ES256"].public_key(), as_dict=True)


def encoded(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def taken_apart(token):
    header, claims, signature = token.split(".")
    return decoded(header), decoded(claims), signature


def flipped(part):
    return ("A" if part[0] != "A" else "B") + part[1:]


def hmac_signed(header, claims, secret):
    signed = f"{encoded(header)}.{encoded(claims)}"
    return f"{signed}.{encoded(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def test_a_fresh_token_says_who_comes(home):
    claims = home.services.identity.verify(home.token())

    assert claims.user_id
    assert claims.session


def by_a_stranger(header, claims, **more):
    """Well signed by the issuer's own algorithm, with a key that is not the issuer's."""
    return jwt.encode(claims, STRANGERS[header["alg"]], header["alg"], headers={**header, **more})


# Made of a good token's own parts, with no key of the issuer: what anybody in the world can send.
FORGERIES = {
    "empty": lambda h, c, s: "",
    "no token": lambda h, c, s: "not a token",
    "two parts": lambda h, c, s: f"{encoded(h)}.{encoded(c)}",
    "four parts": lambda h, c, s: f"{encoded(h)}.{encoded(c)}.{s}.{s}",
    "no signature": lambda h, c, s: f"{encoded(h)}.{encoded(c)}.",
    "flipped signature": lambda h, c, s: f"{encoded(h)}.{encoded(c)}.{flipped(s)}",
    "half a signature": lambda h, c, s: f"{encoded(h)}.{encoded(c)}.{s[: len(s) // 2]}",
    "zero signature": lambda h, c, s: f"{encoded(h)}.{encoded(c)}.{encoded(bytes(64))}",
    "another subject": lambda h, c, s: f"{encoded(h)}.{encoded({**c, 'sub': 'usr_other'})}.{s}",
    "a longer life": lambda h, c, s: f"{encoded(h)}.{encoded({**c, 'exp': c['exp'] + 9})}.{s}",
    "alg none": lambda h, c, s: f"{encoded({**h, 'alg': 'none'})}.{encoded(c)}.",
    "alg nOnE": lambda h, c, s: f"{encoded({**h, 'alg': 'nOnE'})}.{encoded(c)}.{s}",
    "alg missing": lambda h, c, s: f"{encoded({'kid': h['kid']})}.{encoded(c)}.{s}",
    "alg a number": lambda h, c, s: f"{encoded({**h, 'alg': 1})}.{encoded(c)}.{s}",
    "HS256 with an empty secret": lambda h, c, s: hmac_signed({**h, "alg": "HS256"}, c, b""),
    "a stranger's key": lambda h, c, s: by_a_stranger(h, c),
    "a stranger's key in the header": lambda h, c, s: by_a_stranger(h, c, jwk=STRANGER_JWK),
    "jku": lambda h, c, s: by_a_stranger(h, c, jku="http://127.0.0.1:9/jwks.json"),
    "x5u": lambda h, c, s: by_a_stranger(h, c, x5u="http://127.0.0.1:9/chain.pem"),
    "unknown kid": lambda h, c, s: by_a_stranger(h, c, kid="unknown"),
    "kid that climbs": lambda h, c, s: by_a_stranger(h, c, kid="../../../dev/null"),
    "kid that is no text": lambda h, c, s: f"{encoded({**h, 'kid': ['x']})}.{encoded(c)}.{s}",
    "EdDSA": lambda h, c, s: jwt.encode(
        c, ed25519.Ed25519PrivateKey.generate(), "EdDSA", headers={**h, "alg": "EdDSA"}
    ),
    "RS256": lambda h, c, s: jwt.encode(
        c, rsa.generate_private_key(65537, 2048), "RS256", headers={**h, "alg": "RS256"}
    ),
    "header is a list": lambda h, c, s: f"{encoded([1])}.{encoded(c)}.{s}",
    "header is no JSON": lambda h, c, s: f"{encoded(b'{')}.{encoded(c)}.{s}",
    "claims are a list": lambda h, c, s: f"{encoded(h)}.{encoded([1])}.{s}",
    "not base64": lambda h, c, s: f"{encoded(h)}.***.{s}",
    "deep claims": lambda h, c, s: f"{encoded(h)}.{encoded(b'[' * 2000)}.{s}",
    "very long": lambda h, c, s: f"{encoded(h)}.{encoded({**c, 'more': 'x' * 9000})}.{s}",
    "not ASCII": lambda h, c, s: f"{encoded(h)}.{encoded(c)}.ünïcode",
    "line break": lambda h, c, s: f"{encoded(h)}.{encoded(c)}\n.{s}",
    "NUL": lambda h, c, s: f"{encoded(h)}.{encoded(c)}.{s}\x00",
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forged_token_is_nobodys(home, forge):
    with pytest.raises(Unauthenticated):
        home.services.identity.verify(forge(*taken_apart(home.token())))


def test_the_public_key_is_no_secret_to_sign_with(timed):
    """The classic confusion: HS256, with the published key as its secret."""
    header, claims, _ = taken_apart(timed.token())
    public = timed.home.identity.key.public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    with pytest.raises(Unauthenticated):
        timed.services.identity.verify(hmac_signed({**header, "alg": "HS256"}, claims, pem))


# Signed with the issuer's own key, and still not an access token for us, now.
MISUSES = {
    "another issuer": {"iss": "http://127.0.0.1:9"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "another"},
    "a list of audiences": {"aud": ["volary", "another"]},
    "no audience": {"aud": None},
    "an ID token": {"token_use": "id"},
    "no use": {"token_use": None},
    "no subject": {"sub": None},
    "a subject that is no text": {"sub": 7},
    "a subject that is not ASCII": {"sub": "usr_ö"},
    "no session": {"sid": None},
    "no end": {"exp": None},
    "an end that is a text": {"exp": "9999999999"},
    "an end that is true": {"exp": True},
    "no start": {"nbf": None},
    "no issuing time": {"iat": None},
}


def resigned(timed, header=None, **changes):
    old, claims, _ = taken_apart(timed.token())
    claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    signed = f"{encoded({**old, **(header or {})})}.{encoded(claims)}"
    raw = jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256, ec.SECP256R1).sign(
        signed.encode(), timed.home.identity.key
    )
    return f"{signed}.{encoded(raw)}"


def test_resigning_alone_spoils_nothing(timed):
    assert timed.services.identity.verify(resigned(timed)).user_id == "usr_contracts"


@pytest.mark.parametrize("changes", MISUSES.values(), ids=MISUSES.keys())
def test_a_token_for_something_else_is_refused(timed, changes):
    with pytest.raises(Unauthenticated):
        timed.services.identity.verify(resigned(timed, **changes))


@pytest.mark.parametrize("header", [{"typ": "JWT"}, {"crit": ["exp"]}, {"cty": "JWT"}, {"kid": "other"}], ids=str)
def test_a_header_that_is_not_the_issuers_is_refused(timed, header):
    with pytest.raises(Unauthenticated):
        timed.services.identity.verify(resigned(timed, header))


def test_a_token_holds_from_its_start_to_the_second_before_its_end(timed):
    identity = timed.home.identity
    token = identity.issue("usr_1", timedelta(seconds=60))
    assert identity.verify(token).expires_at == timed.clock.now() + timedelta(seconds=60)

    timed.clock.move(-1)
    with pytest.raises(Unauthenticated):
        identity.verify(token)
    timed.clock.move(60)
    assert identity.verify(token).user_id == "usr_1"
    timed.clock.move(1)
    with pytest.raises(Unauthenticated):
        identity.verify(token)


def test_two_tokens_are_two_sessions(timed):
    identity = timed.home.identity

    assert identity.verify(timed.token()).session != identity.verify(timed.token()).session


def test_anybody_can_check_a_token_with_the_published_keys(timed):
    identity = timed.home.identity
    token = timed.token()
    keys = jwt.PyJWKSet.from_dict(identity.jwks())
    key = keys[jwt.get_unverified_header(token)["kid"]]

    claims = jwt.decode(
        token,
        key,
        ["ES256"],
        audience="volary",
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )

    assert claims["iss"] == identity.configuration()["issuer"]
    assert "d" not in identity.jwks()["keys"][0]
