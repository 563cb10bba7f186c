from __future__ import annotations

import base64
import hmac
import json
import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from smart.ehr import Ehr
from smart.errors import IdentityRefused
from smart.identity import verify_id_token
from tests.support.stub_ehr import CLIENT, KEY, StubEhr

NONCE = "n-0S6_WzA2Mj"
OTHER = ECKey.generate_key("P-256", {"kid": "stub-1"})
RSA = RSAKey.generate_key(2048, {"kid": "stub-rsa"})


def claims(stub: StubEhr, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    known = {"iss": stub.base, "sub": "i", "aud": CLIENT, "iat": now, "exp": now + 60}
    merged = known | {"nonce": NONCE, "fhirUser": "Practitioner/ingrid-lind"} | changes
    return {name: value for name, value in merged.items() if value is not None}


def signed(given: dict[str, Any], key: Any = KEY, **header: Any) -> str:
    known = {"alg": "ES256", "kid": "stub-1"} | header
    algorithms = [known["alg"]]
    registry = jwt.JWSRegistry(algorithms=algorithms, strict_check_header=False)
    present = {name: value for name, value in known.items() if value is not None}
    return jwt.encode(present, given, key, algorithms=algorithms, registry=registry)


def encoded(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(given: dict[str, Any]) -> str:
    return f"{encoded({'alg': 'none'})}.{encoded(given)}."


def signed_with_public_key(given: dict[str, Any]) -> str:
    signing = f"{encoded({'alg': 'HS256', 'kid': 'stub-1'})}.{encoded(given)}"
    mac = hmac.digest(KEY.as_pem(private=False), signing.encode(), "sha256")
    return f"{signing}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def test_a_good_token_says_who_it_is(ehr: Ehr, stub: StubEhr) -> None:
    identity = verify_id_token(ehr, signed(claims(stub, name="Dr Ingrid Lind")), NONCE)
    assert (identity.fhir_user, identity.name) == ("Practitioner/ingrid-lind", "Dr Ingrid Lind")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("Practitioner/7", "Practitioner/7"),
        ("{base}/PractitionerRole/7", "PractitionerRole/7"),
        ("https://other.example/fhir/Patient/7", "https://other.example/fhir/Patient/7"),
        (None, ""),
    ],
)
def test_fhir_user_is_relative_where_it_is_in_this_ehr(
    ehr: Ehr, stub: StubEhr, given: str | None, meant: str
) -> None:
    user = given and given.replace("{base}", stub.base)
    assert verify_id_token(ehr, signed(claims(stub, fhirUser=user)), NONCE).fhir_user == meant


def test_rsa_signatures_are_read_too(ehr: Ehr, stub: StubEhr) -> None:
    stub.keys = [KEY, RSA]
    token = signed(claims(stub), RSA, alg="RS256", kid="stub-rsa")
    assert verify_id_token(ehr, token, NONCE).subject == "i"


def test_new_keys_are_fetched_when_the_key_is_unknown(
    ehr: Ehr, stub: StubEhr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smart.ehr.FRESH_SECONDS", 0.0)
    ehr.signing_keys(ehr.base)
    stub.keys = [KEY, RSA]
    token = signed(claims(stub), RSA, alg="RS256", kid="stub-rsa")
    assert verify_id_token(ehr, token, NONCE).subject == "i"


def test_unknown_keys_do_not_hammer_the_ehr(ehr: Ehr, stub: StubEhr) -> None:
    for _ in range(3):
        with pytest.raises(IdentityRefused):
            verify_id_token(ehr, signed(claims(stub), kid="nobody's"), NONCE)
    assert len(stub.to("/auth/jwks")) == 1


@pytest.mark.threat("T08")
@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another-app"},
        {"aud": None},
        {"aud": [CLIENT, "another-app"]},
        {"aud": [CLIENT, "another-app"], "azp": "another-app"},
        {"azp": "another-app"},
        {"exp": 1},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": None},
        {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"fhirUser": "Device/1"},
        {"fhirUser": 7},
        {"fhirUser": "Practitioner/../Patient"},
    ],
)
def test_forged_claims_are_refused(ehr: Ehr, stub: StubEhr, changes: dict[str, Any]) -> None:
    with pytest.raises(IdentityRefused):
        verify_id_token(ehr, signed(claims(stub, **changes)), NONCE)


def test_several_audiences_are_accepted_with_us_as_authorized_party(
    ehr: Ehr, stub: StubEhr
) -> None:
    token = signed(claims(stub, aud=[CLIENT, stub.base], azp=CLIENT))
    assert verify_id_token(ehr, token, NONCE).subject == "i"


@pytest.mark.threat("T08")
@pytest.mark.parametrize(
    "header",
    [
        {"jku": "https://evil.example/jwks"},
        {"jwk": KEY.as_dict(private=False)},
        {"x5u": "https://evil.example/cert"},
        {"x5c": ["MIIB"]},
    ],
)
def test_a_token_that_brings_its_own_keys_is_refused(
    ehr: Ehr, stub: StubEhr, header: dict[str, Any]
) -> None:
    with pytest.raises(IdentityRefused, match="own keys"):
        verify_id_token(ehr, signed(claims(stub), **header), NONCE)


@pytest.mark.threat("T08")
def test_another_key_under_the_same_name_is_refused(ehr: Ehr, stub: StubEhr) -> None:
    with pytest.raises(IdentityRefused):
        verify_id_token(ehr, signed(claims(stub), OTHER), NONCE)


@pytest.mark.threat("T08")
def test_an_unsigned_token_is_refused(ehr: Ehr, stub: StubEhr) -> None:
    with pytest.raises(IdentityRefused, match="algorithm"):
        verify_id_token(ehr, unsigned(claims(stub)), NONCE)


@pytest.mark.threat("T08")
def test_the_public_key_as_a_shared_secret_is_refused(ehr: Ehr, stub: StubEhr) -> None:
    with pytest.raises(IdentityRefused, match="algorithm"):
        verify_id_token(ehr, signed_with_public_key(claims(stub)), NONCE)


@pytest.mark.threat("T08")
def test_a_changed_byte_is_refused(ehr: Ehr, stub: StubEhr) -> None:
    head, body, signature = signed(claims(stub)).split(".")
    swapped = ("B" if body[10] != "B" else "C").join([body[:10], body[11:]])
    with pytest.raises(IdentityRefused):
        verify_id_token(ehr, f"{head}.{swapped}.{signature}", NONCE)


@pytest.mark.threat("T08")
@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "...", "x" * 20_000, "é.b.c"])
def test_what_is_no_token_is_refused(ehr: Ehr, token: str) -> None:
    with pytest.raises(IdentityRefused):
        verify_id_token(ehr, token, NONCE)
