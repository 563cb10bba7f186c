"""Who signed in: reading an id_token only after it is proved (OpenID Connect Core 3.1.3.7)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from safeguards import strict_json
from smart.ehr import Ehr
from smart.errors import EhrError, IdentityRefused

ALGORITHMS = ("RS256", "ES256", "RS384", "ES384")
LONGEST = 16_384
LONGEST_URL = 500
LEEWAY_SECONDS = 60
TYPES = ("JWT", "ID_TOKEN+JWT")  # an access token (at+jwt) is no proof of identity
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


def verify_id_token(ehr: Ehr, id_token: str, nonce: str, *, access_token: str = "") -> Identity:
    """Prove an id_token and say who it names.

    Checked: size, header, signature by the discovered keys with one of ALGORITHMS, iss, aud,
    azp, exp, nbf, iat, nonce, at_hash where there is one, fhirUser's type. Raises
    IdentityRefused, EhrUnavailable, EhrMisconfigured.
    """
    claims = _signed_claims(ehr, id_token)
    _check_claims(claims, ehr.tenant.client_id)
    _check_nonce(claims, nonce)
    _check_access_token_hash(claims, access_token)
    return Identity(
        subject=claims["sub"],
        fhir_user=_fhir_user(claims.get("fhirUser") or "", ehr.base),
        name=_name(claims),
    )


def check_refreshed(ehr: Ehr, id_token: str, known: Identity) -> None:
    """Raise IdentityRefused where the id_token of a refresh proves another user than `known`.

    It needs no nonce (OpenID Connect Core 12.2) and may leave out what the first one said. One
    that proves nothing changes nothing: the identity stays the one of the sign-in.
    """
    try:
        claims = _signed_claims(ehr, id_token)
    except EhrError:
        return
    fhir_user = _fhir_user(claims.get("fhirUser") or "", ehr.base)
    for said, before in ((claims.get("sub"), known.subject), (fhir_user, known.fhir_user)):
        if said and before and said != before:
            raise IdentityRefused("the refreshed token names another user")


def _check_header(id_token: str) -> str:
    """Refuse what need not be looked at further; the issuer the token names, yet unproved."""
    if len(id_token) > LONGEST or id_token.count(".") != 2:
        raise IdentityRefused("not a signed token of a sensible size")
    try:
        token = jws.extract_compact(id_token.encode())
        claims = strict_json.loads(token.payload, limit=LONGEST)
    except (JoseError, ValueError, strict_json.Malformed) as error:
        raise IdentityRefused("not a signed token") from error
    header = token.protected
    if KEYS_FROM_ELSEWHERE & header.keys():
        raise IdentityRefused("the token brings its own keys")
    if header.get("alg") not in ALGORITHMS:
        raise IdentityRefused("signed with an algorithm that is not accepted")
    if str(header.get("typ", "JWT")).upper() not in TYPES:
        raise IdentityRefused("a token of another type")
    issuer = claims.get("iss") if isinstance(claims, dict) else None
    if not isinstance(issuer, str) or not issuer or len(issuer) > LONGEST_URL:
        raise IdentityRefused("the token names no issuer")
    return issuer


def _signed_claims(ehr: Ehr, id_token: str) -> dict[str, Any]:
    """The claims of a token that is signed by the issuer it names, which is this EHR's."""
    said = _check_header(id_token)
    issuer = ehr.identity_issuer(said)
    if said != issuer:
        raise IdentityRefused("the token was issued by somebody else")
    try:
        return _decode(id_token, ehr.signing_keys(issuer))
    except InvalidKeyIdError:
        return _decode_with_new_keys(ehr, id_token, issuer)


def _decode_with_new_keys(ehr: Ehr, id_token: str, issuer: str) -> dict[str, Any]:
    """The EHR may have changed its keys since they were fetched."""
    try:
        return _decode(id_token, ehr.signing_keys(issuer, fresh=True))
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


def _check_claims(claims: dict[str, Any], client_id: str) -> None:
    rules = jwt.JWTClaimsRegistry(
        leeway=LEEWAY_SECONDS,
        sub={"essential": True},
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        rules.validate(claims)
    except JoseError as error:
        raise IdentityRefused(str(error)) from error
    _check_authorized_party(claims, client_id)


def _check_nonce(claims: dict[str, Any], nonce: str) -> None:
    given = claims.get("nonce")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), nonce.encode()):
        raise IdentityRefused("the token answers another sign-in")


def _check_access_token_hash(claims: dict[str, Any], access_token: str) -> None:
    """OpenID Connect Core 3.1.3.8: the left half of the hash, by the signature's algorithm.

    Every accepted algorithm's name ends in the bits of its hash; both lengths are compared, so
    that the check needs no header.
    """
    given = claims.get("at_hash")
    if given is None or not access_token:
        return
    expected = {_left_half(access_token, name) for name in ("sha256", "sha384")}
    if given not in expected:
        raise IdentityRefused("the token belongs to another access token")


def _left_half(access_token: str, algorithm: str) -> str:
    digest = hashlib.new(algorithm, access_token.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _check_authorized_party(claims: dict[str, Any], client_id: str) -> None:
    audience, party = claims["aud"], claims.get("azp")
    several = isinstance(audience, list) and len(audience) > 1
    if (several or party is not None) and party != client_id:
        raise IdentityRefused("the token was issued to another client")


def _fhir_user(given: object, base: str) -> str:
    """The user's reference, relative where it is in this EHR; "" where the token names none."""
    if given == "":
        return ""
    if not isinstance(given, str) or len(given) > LONGEST_URL:
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
