"""Who asks: a short-lived signed statement that travels with every request between our services."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from safeguards.files import read_or_create

_ALGORITHM = "ES256"
_ISSUER = "wristchart"
_KEY_FILE = "assertions.json"


class NotAuthentic(Exception):
    """The assertion is forged, expired, or meant for somebody else."""


@dataclass(frozen=True, slots=True)
class Asker:
    """On whose behalf a request is made, for which patient, and what it may do."""

    tenant: str
    issuer: str
    patient: str
    user: str
    user_name: str
    context: str
    scopes: frozenset[str]


class Signer:
    """Signs assertions with the site's own key."""

    def __init__(self, key: ECKey) -> None:
        self._key = key

    @classmethod
    def open(cls, keys: Path) -> Signer:
        """Open the signing key; it is made on first use."""
        return cls(_key(keys))

    def sign(self, asker: Asker, audience: str, seconds: int = 60) -> str:
        """Return a compact JWT for one audience, valid for `seconds`."""
        now = int(time.time())
        claims = {
            "iss": _ISSUER,
            "aud": audience,
            "iat": now,
            "exp": now + seconds,
            "jti": uuid.uuid4().hex,
            "sub": asker.user,
            "name": asker.user_name,
            "tenant": asker.tenant,
            "ehr": asker.issuer,
            "patient": asker.patient,
            "context": asker.context,
            "scope": " ".join(sorted(asker.scopes)),
        }
        return jwt.encode({"alg": _ALGORITHM}, claims, self._key, algorithms=[_ALGORITHM])


class Verifier:
    """Verifies assertions made by this site's Signer."""

    def __init__(self, key: ECKey) -> None:
        self._key = key

    @classmethod
    def open(cls, keys: Path) -> Verifier:
        """Open the key that the Signer of the same site signs with."""
        return cls(_key(keys))

    def verify(self, token: str, audience: str) -> Asker:
        """Return who asks; raises NotAuthentic."""
        rules = jwt.JWTClaimsRegistry(
            leeway=5,
            iss={"essential": True, "value": _ISSUER},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
        )
        try:
            claims = jwt.decode(token, self._key, algorithms=[_ALGORITHM]).claims
            rules.validate(claims)
            return Asker(
                tenant=claims["tenant"],
                issuer=claims["ehr"],
                patient=claims["patient"],
                user=claims["sub"],
                user_name=claims["name"],
                context=claims["context"],
                scopes=frozenset(claims["scope"].split()),
            )
        except (JoseError, ValueError, KeyError, AttributeError, TypeError) as error:
            raise NotAuthentic(type(error).__name__) from error


def _key(keys: Path) -> ECKey:
    return ECKey.import_key(json.loads(read_or_create(keys / _KEY_FILE, _new_key_file)))


def _new_key_file() -> bytes:
    return json.dumps(ECKey.generate_key("P-256").as_dict(private=True)).encode()
