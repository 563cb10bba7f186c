"""Who signed in: reading an id_token only after it is proved (OpenID Connect Core 3.1.3.7)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from smart.ehr import Ehr
from smart.errors import EhrMisconfigured, IdentityRefused

ALGORITHMS = ("RS256", "ES256", "RS384", "ES384")
LONGEST = 16_384
LEEWAY_SECONDS = 60
# keys come from the pinned key set only: a header that points elsewhere is an attack
KEYS_FROM_ELSEWHERE = frozenset({"jku", "jwk", "x5u", "x5c", "crit"})
FHIR_USER = re.compile(
    r"(Patient|Practitioner|PractitionerRole|RelatedPerson|Person)/[A-Za-z0-9\-.]{1,64}"
)


@dataclass(frozen=True, slots=True)
class Identity:
    """The signed-in user: `fhir_user` like "Practitioner/7", relative where it is in this EHR."""

    subject: str
    fhir_user: str
    name: str


def verify_id_token(ehr: Ehr, id_token: str, nonce: str) -> Identity:
    """Prove an id_token and say who it names.

    Checked: size, signature by the discovered keys with one of ALGORITHMS, iss, aud, azp, exp,
    iat, nonce, fhirUser's type. Raises IdentityRefused, EhrUnavailable, EhrMisconfigured.
    """
    issuer = ehr.configuration().identity_issuer
    if not issuer:
        raise EhrMisconfigured("the EHR names no OpenID Connect issuer")
    _check_header(id_token)
    claims = _signed_claims(ehr, id_token)
    _check_claims(claims, issuer, ehr.tenant.client_id, nonce)
    return Identity(
        subject=claims["sub"],
        fhir_user=_fhir_user(claims.get("fhirUser", ""), ehr.base),
        name=_name(claims),
    )


def _check_header(id_token: str) -> None:
    if len(id_token) > LONGEST or id_token.count(".") != 2:
        raise IdentityRefused("not a signed token of a sensible size")
    try:
        header = jws.extract_compact(id_token.encode()).protected
    except (JoseError, ValueError) as error:
        raise IdentityRefused("not a signed token") from error
    if KEYS_FROM_ELSEWHERE & header.keys():
        raise IdentityRefused("the token brings its own keys")
    if header.get("alg") not in ALGORITHMS:
        raise IdentityRefused("signed with an algorithm that is not accepted")


def _signed_claims(ehr: Ehr, id_token: str) -> dict[str, Any]:
    try:
        return _decode(id_token, ehr.signing_keys())
    except InvalidKeyIdError:
        return _decode_with_new_keys(ehr, id_token)


def _decode_with_new_keys(ehr: Ehr, id_token: str) -> dict[str, Any]:
    """The EHR may have changed its keys since they were fetched."""
    try:
        return _decode(id_token, ehr.signing_keys(fresh=True))
    except InvalidKeyIdError as error:
        raise IdentityRefused("signed with a key the EHR does not publish") from error


def _decode(id_token: str, keys: KeySet) -> dict[str, Any]:
    if not keys.keys:
        raise InvalidKeyIdError("no keys")
    try:
        return jwt.decode(id_token, keys, algorithms=ALGORITHMS).claims
    except InvalidKeyIdError:
        raise
    except (JoseError, ValueError, TypeError) as error:
        raise IdentityRefused(f"signature: {type(error).__name__}") from error


def _check_claims(claims: dict[str, Any], issuer: str, client_id: str, nonce: str) -> None:
    rules = jwt.JWTClaimsRegistry(
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": issuer},
        sub={"essential": True},
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        rules.validate(claims)
    except JoseError as error:
        raise IdentityRefused(str(error)) from error
    _check_authorized_party(claims, client_id)


def _check_authorized_party(claims: dict[str, Any], client_id: str) -> None:
    audience, party = claims["aud"], claims.get("azp")
    several = isinstance(audience, list) and len(audience) > 1
    if (several or party is not None) and party != client_id:
        raise IdentityRefused("the token was issued to another client")


def _fhir_user(given: object, base: str) -> str:
    """The user's reference, relative where it is in this EHR; "" where the token names none."""
    if given == "":
        return ""
    if not isinstance(given, str) or len(given) > 500:
        raise IdentityRefused("fhirUser is not a reference")
    relative = given.removeprefix(base.rstrip("/") + "/")
    if not FHIR_USER.fullmatch("/".join(relative.split("/")[-2:])):
        raise IdentityRefused("fhirUser is not a person")
    return relative


def _name(claims: dict[str, Any]) -> str:
    for claim in ("name", "preferred_username"):
        value = claims.get(claim)
        if isinstance(value, str) and value.strip():
            return value.strip()[:120]
    return ""
