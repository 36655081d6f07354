"""The embedded home's OpenID issuer: signs short-lived access tokens (RFC 9068) and checks them strictly.

It knows ids of people, not people; whoever issues a token has asked before whether the person exists.
"""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from jwt.types import Options

from volary.errors import Unauthenticated
from volary.ports import Claims, Clock

ALGORITHM = "ES256"
# A name and not an address: a home that answers on another port tomorrow still knows the tokens of today. What tells
# homes apart is the key.
ISSUER = "https://volary.localhost"
AUDIENCE = "volary"
MAX_TOKEN_CHARACTERS = 4096
_REQUIRED = ("iss", "aud", "sub", "sid", "iat", "nbf", "exp", "token_use")
_HEADER = {"alg", "kid", "typ"}


@dataclass(frozen=True)
class LocalIdentity:
    """Signs with one P-256 key of the home's own; `origin` is where its key set is published now."""

    key: ec.EllipticCurvePrivateKey
    origin: str
    clock: Clock

    def issue(self, user_id: str, ttl: timedelta = timedelta(hours=1)) -> str:
        """An access token for `user_id`, with a session id of its own."""
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": user_id,
            "sid": f"ses_{secrets.token_urlsafe(16)}",
            "iat": now,
            "nbf": now,
            "exp": now + int(ttl.total_seconds()),
            "token_use": "access",
        }
        return jwt.encode(claims, self.key, ALGORITHM, headers={"kid": self.key_id(), "typ": "at+jwt"})

    def verify(self, token: str) -> Claims:
        """Raises Unauthenticated for anything but an access token of this issuer for this audience, now."""
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise Unauthenticated(f"the token has {len(token)} characters, over {MAX_TOKEN_CHARACTERS}")
        self._check_header(token)
        claims = self._decode(token)
        self._check_times(claims)
        if claims["token_use"] != "access":
            raise Unauthenticated(f"not an access token but {claims['token_use']!r}")
        for name in ("sub", "sid"):
            if not isinstance(claims[name], str) or not claims[name].isascii():
                raise Unauthenticated(f"the claim {name!r} is not an id")
        return Claims(claims["sub"], datetime.fromtimestamp(claims["exp"], UTC), claims["sid"])

    def jwks(self) -> dict[str, Any]:
        """The public key set (RFC 7517)."""
        return {"keys": [{**self._public_jwk(), "kid": self.key_id(), "use": "sig", "alg": ALGORITHM}]}

    def configuration(self) -> dict[str, Any]:
        """What /.well-known/openid-configuration answers. There is no browser login: tokens come from the home."""
        return {
            "issuer": ISSUER,
            "jwks_uri": f"{self.origin}/.well-known/jwks.json",
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
        }

    def key_id(self) -> str:
        """The key's thumbprint (RFC 7638)."""
        public = self._public_jwk()
        members = {name: public[name] for name in ("crv", "kty", "x", "y")}
        digest = hashlib.sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def _public_jwk(self) -> dict[str, Any]:
        return ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)

    def _check_header(self, token: str) -> None:
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.InvalidTokenError, UnicodeError, RecursionError) as problem:
            raise Unauthenticated(f"not a signed token: {problem}") from problem
        # jku, x5u, jwk and crit ask a verifier to fetch or trust something; none of ours has them.
        if set(header) != _HEADER or header["typ"] != "at+jwt" or header["alg"] != ALGORITHM:
            raise Unauthenticated(f"the token's header is not of this issuer: {sorted(header)}")
        if header["kid"] != self.key_id():
            raise Unauthenticated("the token is signed with an unknown key")

    def _decode(self, token: str) -> dict[str, Any]:
        options: Options = {
            "require": list(_REQUIRED),
            "strict_aud": True,
            # The times are checked below, against the home's own clock.
            "verify_exp": False,
            "verify_nbf": False,
            "verify_iat": False,
        }
        try:
            return jwt.decode(
                token,
                self.key.public_key(),
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                options=options,
            )
        except (jwt.InvalidTokenError, UnicodeError, RecursionError) as problem:
            raise Unauthenticated(f"the token does not hold: {problem}") from problem

    def _check_times(self, claims: dict[str, Any]) -> None:
        now = self.clock.now().timestamp()
        for name in ("iat", "nbf", "exp"):
            if not isinstance(claims[name], int) or isinstance(claims[name], bool):
                raise Unauthenticated(f"the claim {name!r} is not a whole number of seconds")
        if claims["exp"] <= now:
            raise Unauthenticated(f"the token expired {now - claims['exp']:.0f} s ago", code="token_expired")
        if claims["nbf"] > now or claims["iat"] > now:
            raise Unauthenticated("the token is not valid yet")
