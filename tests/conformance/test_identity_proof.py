"""Who signed in: the id_token is proved as OpenID Connect demands, or nobody is let in."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.conformance.conftest import Opener
from tests.conformance.simulator.ehr import SimulatedEhr
from tests.conformance.simulator.people import user
from tests.conformance.simulator.recording import Recording
from tests.conformance.site import Site

OPENID = "/oidc/.well-known/openid-configuration"


@pytest.mark.requirement("47", "195", "196")
def test_identity_is_asked_for_by_openid_and_fhir_user_with_a_nonce(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    assert site.launched(ehr).path
    asked = recording.one("/auth/authorize").asked
    assert {"openid", "fhirUser"} <= set(asked["scope"].split())
    assert len(asked["nonce"]) >= 22


@pytest.mark.requirement("218")
def test_keys_are_found_by_the_issuer_s_openid_configuration(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    del_keys = {"jwks_uri": None}
    ehr.behaviour.configuration = del_keys
    assert site.launched(ehr).path
    assert recording.one(OPENID).method == "GET"
    assert recording.to("/auth/jwks")


@pytest.mark.threat("T03")
@pytest.mark.requirement("218")
@pytest.mark.parametrize("changes", [{"issuer": "https://evil.example"}, {"issuer": None}])
def test_an_openid_configuration_of_another_issuer_is_refused(
    site: Site, ehr: SimulatedEhr, changes: dict[str, Any]
) -> None:
    ehr.behaviour.configuration = {"jwks_uri": None}
    ehr.behaviour.openid_configuration = changes
    assert site.launched(ehr).page.status_code in {403, 502}


@pytest.mark.threat("T03")
@pytest.mark.requirement("218", "201")
def test_keys_elsewhere_are_not_fetched(
    site: Site, ehr: SimulatedEhr, recording: Recording, elsewhere: Any
) -> None:
    ehr.behaviour.openid_configuration = {"jwks_uri": f"{elsewhere.url}/jwks"}
    ehr.behaviour.configuration = {"jwks_uri": f"{elsewhere.url}/jwks"}
    assert site.launched(ehr).page.status_code in {403, 502}
    assert recording.at("elsewhere") == []


FORGED: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "issuer with a slash": {"iss": "{issuer}/"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "another-client"},
    "no audience": {"aud": None},
    "several audiences without azp": {"aud": ["conformance-client", "another"]},
    "authorized party is another": {"azp": "another-client"},
    "expired": {"exp": int(time.time()) - 3600},
    "no expiry": {"exp": None},
    "expiry as a text": {"exp": "tomorrow"},
    "issued tomorrow": {"iat": int(time.time()) + 86_400},
    "no time of issue": {"iat": None},
    "another nonce": {"nonce": "x" * 43},
    "no nonce": {"nonce": None},
    "no subject": {"sub": None},
    "subject is a list": {"sub": ["grace"]},
    "fhirUser is a device": {"fhirUser": "{base}/Device/1"},
    "fhirUser is no text": {"fhirUser": 7},
    "fhirUser climbs": {"fhirUser": "{base}/Practitioner/../Patient/bob/x"},
}


@pytest.mark.threat("T08")
@pytest.mark.requirement("201", "218")
@pytest.mark.parametrize("claims", FORGED.values(), ids=FORGED)
def test_a_forged_id_token_lets_nobody_in(
    site: Site, ehr: SimulatedEhr, recording: Recording, claims: dict[str, Any]
) -> None:
    known = {"issuer": ehr.issuer, "base": ehr.base}
    ehr.behaviour.claims = {
        name: value.format(**known) if isinstance(value, str) else value
        for name, value in claims.items()
    }
    page = site.launched(ehr).page
    assert page.status_code == 403
    assert recording.to("/fhir/Patient/") == []


@pytest.mark.threat("T08")
@pytest.mark.requirement("201", "218")
@pytest.mark.parametrize("key", ["none", "hmac", "unpublished"])
def test_a_signature_of_another_key_lets_nobody_in(
    site: Site, ehr: SimulatedEhr, recording: Recording, key: str
) -> None:
    ehr.behaviour.sign_with = key
    assert site.launched(ehr).page.status_code == 403
    assert recording.to("/fhir/Patient/") == []


@pytest.mark.threat("T08")
@pytest.mark.requirement("201")
@pytest.mark.parametrize("header", ["jku", "x5u", "jwk", "crit"])
def test_a_token_that_brings_its_own_keys_lets_nobody_in(
    site: Site, ehr: SimulatedEhr, recording: Recording, elsewhere: Any, header: str
) -> None:
    value = {"jku": elsewhere.url, "x5u": elsewhere.url, "jwk": {"kty": "oct"}, "crit": ["b64"]}
    ehr.behaviour.id_token = _with_header({header: value[header]})
    assert site.launched(ehr).page.status_code == 403
    assert recording.at("elsewhere") == []


@pytest.mark.threat("T08")
@pytest.mark.requirement("201")
@pytest.mark.parametrize("token", ["", "x", "a.b.c", "e30.e30.", "." * 5, "a" * 20_000])
def test_something_that_is_no_token_lets_nobody_in(
    site: Site, ehr: SimulatedEhr, token: str
) -> None:
    ehr.behaviour.id_token = token
    assert site.launched(ehr).page.status_code in {403, 502}


@pytest.mark.requirement("47", "201")
def test_a_missing_id_token_lets_nobody_in_where_one_was_asked_for(
    site: Site, ehr: SimulatedEhr
) -> None:
    ehr.behaviour.answer = {"id_token": None}
    assert site.launched(ehr).page.status_code == 403


@pytest.mark.requirement("218")
def test_a_key_that_is_new_since_the_last_look_is_fetched(
    site: Site, ehr: SimulatedEhr, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smart.ehr.FRESH_SECONDS", 0.0)
    assert site.launched(ehr).path
    ehr.published_kids, ehr.behaviour.sign_with = ["sim-2"], "sim-2"
    assert site.launched(ehr).path
    assert len(recording.to("/auth/jwks")) == 2


@pytest.mark.requirement("202")
@pytest.mark.parametrize(
    "kind", ["Practitioner", "PractitionerRole", "Patient", "RelatedPerson", "Person"]
)
@pytest.mark.parametrize("form", ["{base}/{user}", "{user}"])
def test_the_user_is_read_from_the_address_in_fhir_user(
    site: Site, ehr: SimulatedEhr, recording: Recording, kind: str, form: str
) -> None:
    ehr.fhir.put(user(kind, "u-1"))
    ehr.behaviour.claims = {
        "fhirUser": form.format(base=ehr.base, user=f"{kind}/u-1"),
        "name": None,
    }
    assert site.launched(ehr).path
    assert recording.one(f"/fhir/{kind}/u-1").bearer == ehr.tokens.issued[0]


@pytest.mark.requirement("202", "97")
def test_a_user_at_another_server_is_not_read_with_the_token(
    site: Site, ehr: SimulatedEhr, recording: Recording, elsewhere: Any
) -> None:
    ehr.behaviour.claims = {"fhirUser": f"{elsewhere.url}/fhir/Practitioner/1", "name": None}
    site.launched(ehr)
    assert recording.at("elsewhere") == []


@pytest.mark.requirement("195")
def test_without_openid_no_id_token_is_needed(
    open_site: Opener, ehr: SimulatedEhr, recording: Recording
) -> None:
    launched = open_site(scopes=("launch", "patient/Patient.rs")).launched(ehr)
    assert launched.path
    assert recording.to("/auth/jwks") == []


def _with_header(header: dict[str, Any]) -> str:
    """A token whose header alone is remarkable; its signature is nonsense."""
    import base64
    import json

    parts = ({"alg": "RS256", "kid": "sim-1", **header}, {"sub": "grace"})
    encoded = (base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in parts)
    return b".".join((*encoded, b"c2ln")).decode()
