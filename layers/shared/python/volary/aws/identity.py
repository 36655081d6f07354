"""The `Identity` port on a Cognito user pool: checks its access tokens against the pool's published keys.

What is covered: the signature, the algorithm, the issuer, the client, the kind of token and its times. What is not:
a sign-out during the token's short life, which Cognito does not publish.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from volary.errors import Unauthenticated, Unavailable
from volary.ports import Claims, Clock

LONGEST = 4096  # characters of a token; Cognito's have about 1,100
FETCH_SECONDS = 3
REFETCH = timedelta(minutes=1)  # at most one look for new keys in this time, whatever tokens claim
REQUIRED = ["exp", "iat", "iss", "sub", "client_id", "token_use"]
HEADER = {"alg", "kid", "typ"}
Fetch = Callable[[str], dict[str, Any]]


class CognitoIdentity:
    """`issuer` is the pool's URL, `audience` the app client's id; `fetch` reads the JSON at a URL."""

    def __init__(self, issuer: str, audience: str, clock: Clock, fetch: Fetch | None = None) -> None:
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._fetch = fetch or _fetched
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at: datetime | None = None

    def verify(self, token: str) -> Claims:
        if len(token) > LONGEST:
            raise Unauthenticated(f"the token has {len(token)} characters, over {LONGEST}")
        try:
            claims = self._decode(token, self._key(jwt.get_unverified_header(token)))
        except (jwt.PyJWTError, UnicodeError, RecursionError) as problem:
            raise Unauthenticated(f"the token does not hold: {type(problem).__name__}") from problem
        self._check_times(claims)
        self._check_use(claims)
        expires_at = datetime.fromtimestamp(claims["exp"], UTC)
        return Claims(claims["sub"], expires_at, str(claims.get("origin_jti") or claims.get("jti", "")))

    def _key(self, header: dict[str, Any]) -> jwt.PyJWK:
        # jku, x5u, jwk and crit ask a verifier to fetch or trust something; Cognito sends none of them.
        if header.get("alg") != "RS256" or not set(header) <= HEADER:
            raise Unauthenticated(f"the token's header is not of this issuer: {sorted(header)}")
        name = header.get("kid")
        if not isinstance(name, str):
            raise Unauthenticated("the token names no key")
        if name not in self._keys:
            self._refetch()
        if name not in self._keys:
            raise Unauthenticated("the token is signed with an unknown key")
        return self._keys[name]

    def _refetch(self) -> None:
        """Look for new keys, but not more than once a minute."""
        now = self._clock.now()
        if self._fetched_at is not None and now - self._fetched_at < REFETCH:
            return
        published = self._fetch(f"{self._issuer}/.well-known/jwks.json")
        self._keys = {key["kid"]: jwt.PyJWK(key, algorithm="RS256") for key in published["keys"]}
        self._fetched_at = now

    def _decode(self, token: str, key: jwt.PyJWK) -> dict[str, Any]:
        # The times are checked below, against the home's own clock. Cognito's access tokens have no "aud".
        untimed = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
        options: Any = {"require": REQUIRED, **untimed}
        return jwt.decode(token, key, algorithms=["RS256"], issuer=self._issuer, options=options)

    def _check_times(self, claims: dict[str, Any]) -> None:
        now = self._clock.now().timestamp()
        for name in ("iat", "exp"):
            if not isinstance(claims[name], int) or isinstance(claims[name], bool):
                raise Unauthenticated(f"the claim {name!r} is not a whole number of seconds")
        if claims["exp"] <= now:
            raise Unauthenticated(f"the token expired {now - claims['exp']:.0f} s ago", code="token_expired")
        if claims["iat"] > now + 1:  # Cognito's seconds may be rounded up
            raise Unauthenticated("the token is not valid yet")

    def _check_use(self, claims: dict[str, Any]) -> None:
        if claims["token_use"] != "access":
            raise Unauthenticated(f"not an access token but {claims['token_use']!r}")
        if claims["client_id"] != self._audience:
            raise Unauthenticated("the token is for another client")
        if not isinstance(claims["sub"], str) or not claims["sub"].isascii():
            raise Unauthenticated("the claim 'sub' is not an id")


def _fetched(url: str) -> dict[str, Any]:
    """The JSON at `url`; raises Unavailable when it cannot be had."""
    try:
        with urllib.request.urlopen(url, timeout=FETCH_SECONDS) as answer:
            document: dict[str, Any] = json.load(answer)
    except (urllib.error.URLError, TimeoutError, ValueError) as problem:
        raise Unavailable(f"the issuer's keys at {url} cannot be read: {problem}") from problem
    return document
