"""Client authentication with a signed assertion: SMART App Launch 2.2, asymmetric clients."""

from __future__ import annotations

from datetime import timedelta
from sqlite3 import IntegrityError
from typing import Any

from authlib.oauth2.rfc6749 import InvalidClientError
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key

from sandbox.ehr.auth.keys import ClientKeys, NoKey
from sandbox.ehr.clients import Client
from sandbox.ehr.database import Clock, Database, to_micros

ALGORITHMS = ["RS384", "ES384"]
LONGEST_LIFE, SKEW = timedelta(minutes=5), timedelta(seconds=5)


class SmartAssertion(JWTBearerClientAssertion):  # type: ignore[misc] # authlib has no types
    """``private_key_jwt`` as SMART narrows it: RS384 or ES384, kid, at most 5 minutes, jti once."""

    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(self, token_url: str, keys: ClientKeys, database: Database, clock: Clock) -> None:
        super().__init__()
        self._audience = token_url
        self._keys = keys
        self._database = database
        self._clock = clock

    def __call__(self, query_client: Any, request: Any) -> Any:
        client = super().__call__(query_client, request)
        if client is not None and request.form.get("client_id"):
            raise InvalidClientError(description="An authenticated client sends no client_id.")
        return client

    def resolve_client_public_key(self, client: Client) -> Any:
        """A function that finds the key once the header is known."""

        def find(signed: Any) -> Key:
            header = signed.headers()
            if header.get("jku") not in (None, client.jwks_uri):
                raise InvalidClientError(description="jku is not the registered key set address.")
            if header.get("typ") != "JWT":
                raise InvalidClientError(description="typ has to be JWT.")
            return self._keys.find(client, header.get("kid"))

        return find

    def process_assertion_claims(self, assertion: str, resolve_key: Any) -> dict[str, Any]:
        """Verify signature, then claims; raises InvalidClientError."""
        try:
            token = jwt.decode(assertion, resolve_key, algorithms=ALGORITHMS)
        except NoKey as error:
            raise InvalidClientError(description=str(error)) from error
        except (JoseError, ValueError) as error:
            raise InvalidClientError(description="The signature is not valid.") from error
        self._verify(token.claims)
        return token.claims

    def _verify(self, claims: dict[str, Any]) -> None:
        now, expires = self._clock(), _number(claims.get("exp"))
        if claims.get("iss") != claims.get("sub"):
            raise InvalidClientError(description="iss and sub have to be the client id.")
        if self._audience not in (claims.get("aud"), *_list(claims.get("aud"))):
            raise InvalidClientError(description="aud has to be the token endpoint.")
        if expires is None or expires <= (now - SKEW).timestamp():
            raise InvalidClientError(description="The assertion has expired.")
        if expires > (now + LONGEST_LIFE + SKEW).timestamp():
            raise InvalidClientError(description="exp is more than 5 minutes ahead.")
        if not self._first_use(claims["sub"], claims.get("jti"), int(expires)):
            raise InvalidClientError(description="jti is missing or was used before.")

    def _first_use(self, client_id: str, jti: object, expires: int) -> bool:
        if not isinstance(jti, str) or not jti:
            return False
        now = to_micros(self._clock() - 2 * SKEW)
        try:
            with self._database.write() as connection:
                connection.execute("DELETE FROM assertions WHERE expires < ?", (now,))
                connection.execute(
                    "INSERT INTO assertions VALUES (?, ?, ?)", (client_id, jti, expires * 1_000_000)
                )
        except IntegrityError:
            return False
        return True


def _number(value: object) -> float | None:
    return value if type(value) in (int, float) else None  # type: ignore[return-value] # narrowed


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
