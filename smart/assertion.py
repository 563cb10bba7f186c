"""Client assertions: how this client proves to a token endpoint who it is (RFC 7523)."""

from __future__ import annotations

import secrets
import time

from joserfc import jwt

from smart.ehr import Ehr
from smart.errors import EhrMisconfigured
from smart.key_file import ALGORITHMS
from smart.keys import KeysUnusable

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME_SECONDS = 240


def assertion_fields(ehr: Ehr, client_id: str) -> dict[str, str]:
    """The two form fields that authenticate a request by private_key_jwt.

    Raises EhrMisconfigured, EhrUnavailable.
    """
    return {
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": client_assertion(ehr, client_id),
    }


def client_assertion(ehr: Ehr, client_id: str) -> str:
    """A one-time assertion for the EHR's token endpoint.

    SMART App Launch 2.2 (client-confidential-asymmetric) allows five minutes at most; the
    ``jti`` is new each time, so an assertion must never be sent twice. ``jku`` is named only
    where the tenant says which address is registered there, since it has to be that one.
    """
    now, algorithm = int(time.time()), _algorithm(ehr)
    try:
        key = ehr.keys.signing(algorithm).key
    except KeysUnusable as error:
        raise EhrMisconfigured(str(error)) from error
    header = {"alg": algorithm, "kid": key.kid, "typ": "JWT"}
    if ehr.tenant.jwks_url:
        header["jku"] = ehr.tenant.jwks_url
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": ehr.configuration().token_endpoint,
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
        "jti": secrets.token_urlsafe(24),
    }
    return jwt.encode(header, claims, key, algorithms=[algorithm])


def _algorithm(ehr: Ehr) -> str:
    """The registry's choice, else one that the EHR says it takes, else the preferred one."""
    if ehr.tenant.signing_algorithm:
        return ehr.tenant.signing_algorithm
    taken = ehr.configuration().assertion_algorithms
    for algorithm in ALGORITHMS:
        if algorithm in taken or not taken:
            return algorithm
    raise EhrMisconfigured("the EHR takes neither ES384 nor RS384 from clients")
