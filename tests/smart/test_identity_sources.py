"""Whose keys prove an id_token, what else it may not be, and what a refreshed one may change."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey

from smart.ehr import Ehr
from smart.errors import EhrMisconfigured, IdentityRefused
from smart.identity import Identity, check_refreshed, verify_id_token
from smart.keys import ClientKeys
from smart.keysets import parse_keys
from tests.support.stub_ehr import CLIENT, KEY, StubEhr

NONCE = "n"
OPENID = "/fhir/.well-known/openid-configuration"
KNOWN = Identity("ingrid", "Practitioner/7", "Dr Ingrid Lind")


def claims(stub: StubEhr, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    known = {"iss": stub.base, "sub": "ingrid", "aud": CLIENT, "iat": now, "exp": now + 60}
    merged = known | {"nonce": NONCE, "fhirUser": "Practitioner/7"} | changes
    return {name: value for name, value in merged.items() if value is not None}


def signed(given: dict[str, Any], key: ECKey = KEY, **header: Any) -> str:
    return jwt.encode({"alg": "ES256", "kid": "stub-1"} | header, given, key)


def left_half(token: str) -> str:
    digest = hashlib.sha256(token.encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


# --- whose keys


def test_without_a_key_address_the_issuers_own_word_is_asked(ehr: Ehr, stub: StubEhr) -> None:
    stub.configuration = {"jwks_uri": None}
    stub.documents[OPENID] = {"issuer": stub.base, "jwks_uri": f"{stub.url}/auth/jwks"}
    assert verify_id_token(ehr, signed(claims(stub)), NONCE).subject == "ingrid"
    assert len(stub.to(OPENID)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://evil.example"},
        {"issuer": "{base}/"},
        {"issuer": None},
        {"jwks_uri": "https://evil.example/jwks"},
        {"jwks_uri": None},
        {"jwks_uri": ["{url}/auth/jwks"]},
    ],
)
def test_another_issuers_configuration_is_refused(
    ehr: Ehr, stub: StubEhr, changes: dict[str, Any]
) -> None:
    stub.configuration = {"jwks_uri": None}
    good = {"issuer": stub.base, "jwks_uri": f"{stub.url}/auth/jwks"}
    written = json.dumps(good | changes).replace("{base}", stub.base).replace("{url}", stub.url)
    stub.documents[OPENID] = json.loads(written)
    with pytest.raises(EhrMisconfigured):
        verify_id_token(ehr, signed(claims(stub)), NONCE)
    assert stub.to("/auth/jwks") == []


def test_an_ehr_that_names_no_issuer_is_believed_within_its_origins(
    ehr: Ehr, stub: StubEhr
) -> None:
    stub.configuration = {"issuer": None}
    assert verify_id_token(ehr, signed(claims(stub)), NONCE).subject == "ingrid"
    with pytest.raises(EhrMisconfigured):
        verify_id_token(ehr, signed(claims(stub, iss="https://evil.example")), NONCE)


def test_a_changed_key_is_fetched_once(
    ehr: Ehr, stub: StubEhr, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify_id_token(ehr, signed(claims(stub)), NONCE)
    new = ECKey.generate_key("P-256", {"kid": "new"})
    stub.keys = [new]
    monkeypatch.setattr("smart.ehr.FRESH_SECONDS", 0.0)
    assert verify_id_token(ehr, signed(claims(stub), new, kid="new"), NONCE).subject == "ingrid"
    assert len(stub.to("/auth/jwks")) == 2


def test_weak_and_unreadable_keys_prove_nothing(keys: ClientKeys) -> None:
    with pytest.warns(UserWarning, match="2048"):
        weak = RSAKey.generate_key(1024, {"kid": "weak"})
    strong = RSAKey.generate_key(2048, {"kid": "strong"})
    published = [key.as_dict(private=False) for key in (weak, strong)]
    secret = {"kty": "oct", "k": "c2VjcmV0", "kid": "oct"}
    odd = [None, 7, {}, {"kty": "EC"}, secret, {**published[1], "use": "enc", "kid": "enc"}]
    assert [key.kid for key in parse_keys({"keys": [*published, *odd]}).keys] == ["strong"]


# --- what a token may not be


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "at+jwt"},
        {"typ": "logout+jwt"},
        {"kid": "unknown"},
        {"alg": "ES384"},
        {"alg": "RS256"},
        {"alg": "PS256"},
        {"alg": "HS256"},
        {"alg": "none"},
        {"alg": "ES256K"},
        {"alg": None},
        {"jku": "https://evil.example/jwks"},
        {"jwk": {"kty": "EC"}},
        {"x5u": "https://evil.example/cert"},
        {"x5c": ["MIIB"]},
        {"crit": ["exp"]},
    ],
)
def test_a_changed_header_is_refused(ehr: Ehr, stub: StubEhr, header: dict[str, Any]) -> None:
    genuine = signed(claims(stub)).split(".")
    changed = {"alg": "ES256", "kid": "stub-1"} | header
    present = {name: value for name, value in changed.items() if value is not None}
    head = base64.urlsafe_b64encode(json.dumps(present).encode()).rstrip(b"=").decode()
    for token in (f"{head}.{genuine[1]}.{genuine[2]}", f"{head}.{genuine[1]}."):
        with pytest.raises(IdentityRefused):
            verify_id_token(ehr, token, NONCE)


@pytest.mark.parametrize(
    "payload",
    [
        b"[]",
        b"7",
        b"not json",
        b'{"iss": "a", "iss": "b"}',
        b'{"iss": ["a"]}',
        b'{"iss": NaN}',
        b"\xff",
        b"{" * 100,
    ],
)
def test_a_payload_that_readers_could_differ_on_is_refused(
    ehr: Ehr, stub: StubEhr, payload: bytes
) -> None:
    token = jws.serialize_compact({"alg": "ES256", "kid": "stub-1"}, payload, KEY)
    with pytest.raises(IdentityRefused):
        verify_id_token(ehr, token, NONCE)


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": ""},
        {"sub": 7},
        {"aud": []},
        {"aud": {"a": CLIENT}},
        {"aud": CLIENT + "x"},
        {"aud": ["another", CLIENT]},
        {"aud": [CLIENT], "azp": "another"},
        {"azp": ["wristchart"]},
        {"exp": True},
        {"iat": "now"},
        {"nbf": "now"},
        {"nonce": ["n"]},
        {"nonce": "N"},
        {"nonce": "n "},
        {"fhirUser": "Device/1"},
        {"fhirUser": "Practitioner/"},
        {"fhirUser": "Practitioner/7/_history/1"},
        {"fhirUser": "Practitioner/7?x=1"},
        {"at_hash": "AAAA"},
        {"at_hash": 7},
    ],
)
def test_claims_that_prove_something_else_are_refused(
    ehr: Ehr, stub: StubEhr, changes: dict[str, Any]
) -> None:
    with pytest.raises(IdentityRefused):
        verify_id_token(ehr, signed(claims(stub, **changes)), NONCE, access_token="token")


@pytest.mark.parametrize(
    ("claim", "seconds", "good"),
    [
        ("exp", -30, True),
        ("exp", -90, False),
        ("iat", 30, True),
        ("iat", 90, False),
        ("nbf", 30, True),
        ("nbf", 90, False),
    ],
)
def test_clocks_may_differ_by_a_minute(
    ehr: Ehr, stub: StubEhr, claim: str, seconds: int, good: bool
) -> None:
    token = signed(claims(stub, **{claim: int(time.time()) + seconds}))
    if good:
        assert verify_id_token(ehr, token, NONCE).subject == "ingrid"
    else:
        with pytest.raises(IdentityRefused):
            verify_id_token(ehr, token, NONCE)


def test_a_token_may_be_bound_to_its_access_token(ehr: Ehr, stub: StubEhr) -> None:
    token = signed(claims(stub, at_hash=left_half("token")))
    assert verify_id_token(ehr, token, NONCE, access_token="token").subject == "ingrid"


@pytest.mark.parametrize(
    "kind", ["Patient", "Practitioner", "PractitionerRole", "RelatedPerson", "Person"]
)
@pytest.mark.parametrize("base", ["", "{base}/", "https://other.example/fhir/"])
def test_five_types_of_user_absolute_or_relative(
    ehr: Ehr, stub: StubEhr, kind: str, base: str
) -> None:
    token = signed(claims(stub, fhirUser=base.replace("{base}", stub.base) + f"{kind}/7"))
    inside = base if base.startswith("https:") else ""
    assert verify_id_token(ehr, token, NONCE).fhir_user == f"{inside}{kind}/7"


# --- refreshed


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"nonce": None},
        {"nonce": None, "fhirUser": None},
        {"sub": None, "fhirUser": None},
        {"nonce": None, "aud": None, "iat": None, "fhirUser": None},
        {"exp": 1},
    ],
)
def test_a_refreshed_token_may_say_less(ehr: Ehr, stub: StubEhr, changes: dict[str, Any]) -> None:
    check_refreshed(ehr, signed(claims(stub, **changes)), KNOWN)


@pytest.mark.parametrize("changes", [{"sub": "mallory"}, {"fhirUser": "Practitioner/8"}])
def test_a_refreshed_token_may_not_name_another_user(
    ehr: Ehr, stub: StubEhr, changes: dict[str, Any]
) -> None:
    with pytest.raises(IdentityRefused, match="another user"):
        check_refreshed(ehr, signed(claims(stub, **changes)), KNOWN)


def test_a_refreshed_token_that_proves_nothing_changes_nothing(ehr: Ehr, stub: StubEhr) -> None:
    forged = ECKey.generate_key("P-256", {"kid": "stub-1"})
    for token in ("a.b.c", signed(claims(stub, sub="mallory"), forged)):
        check_refreshed(ehr, token, KNOWN)


def test_where_nobody_signed_in_nobody_can_change(ehr: Ehr, stub: StubEhr) -> None:
    check_refreshed(ehr, signed(claims(stub)), Identity("", "", ""))
