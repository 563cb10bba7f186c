"""private_key_jwt: the assertion as it arrives at the token endpoint, and the published keys."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.conformance.conftest import Opener
from tests.conformance.simulator.ehr import SimulatedEhr
from tests.conformance.simulator.recording import Recording, parts_of
from tests.conformance.site import BACKEND, CLIENT, Site

GRANTS = ["code", "credentials"]
by_both_grants = pytest.mark.parametrize("grant", GRANTS)
ALGORITHMS = ["ES384", "RS384"]


def asserted(site: Site, ehr: SimulatedEhr, recording: Recording, grant: str) -> dict[str, str]:
    """The form of one token request, by a launch or by Backend Services."""
    if grant == "code":
        assert site.launched(ehr).path
    else:
        token, _ = site.backend()
        assert token.token()
    form = recording.last("/auth/token").form
    assert "client_assertion" in form
    return form


def published(site: Site) -> list[dict[str, Any]]:
    """The keys the client publishes."""
    keys: list[dict[str, Any]] = requests.get(
        f"{site.url}/.well-known/jwks.json", timeout=5
    ).json()["keys"]
    return keys


@by_both_grants
@pytest.mark.requirement("333", "237", "223", "284")
def test_the_assertion_type_is_jwt_bearer(
    site: Site, ehr: SimulatedEhr, recording: Recording, grant: str
) -> None:
    form = asserted(site, ehr, recording, grant)
    fixed = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert form["client_assertion_type"] == fixed


@by_both_grants
@pytest.mark.requirement("334", "238", "307", "320", "233", "22", "291", "293", "225")
def test_the_assertion_is_signed_by_a_published_key(
    site: Site, ehr: SimulatedEhr, recording: Recording, grant: str
) -> None:
    token = asserted(site, ehr, recording, grant)["client_assertion"]
    header, _ = parts_of(token)
    assert header["alg"] in ALGORITHMS
    (key,) = [key for key in published(site) if key["kid"] == header["kid"]]
    only = KeySet.import_key_set({"keys": [key]})
    assert jwt.decode(token, only, algorithms=[header["alg"]]).claims


@by_both_grants
@pytest.mark.requirement("321", "322", "323")
def test_the_header_names_algorithm_key_and_type(
    site: Site, ehr: SimulatedEhr, recording: Recording, grant: str
) -> None:
    header, _ = parts_of(asserted(site, ehr, recording, grant)["client_assertion"])
    assert header["alg"] in ALGORITHMS
    assert header["kid"]
    assert header["typ"] == "JWT"


@pytest.mark.requirement("324", "325")
@pytest.mark.parametrize("registered", ["", "https://app.example/keys.json"])
def test_jku_is_absent_or_the_registered_address(
    open_site: Opener, ehr: SimulatedEhr, recording: Recording, registered: str
) -> None:
    site = open_site(jwks_url=registered)
    header, _ = parts_of(asserted(site, ehr, recording, "code")["client_assertion"])
    assert header.get("jku", "") == registered


@by_both_grants
@pytest.mark.requirement("327", "328", "317")
def test_issuer_and_subject_are_the_client(
    site: Site, ehr: SimulatedEhr, recording: Recording, grant: str
) -> None:
    _, claims = parts_of(asserted(site, ehr, recording, grant)["client_assertion"])
    expected = CLIENT if grant == "code" else BACKEND
    assert (claims["iss"], claims["sub"]) == (expected, expected)


@by_both_grants
@pytest.mark.requirement("329")
def test_audience_is_the_token_url(
    site: Site, ehr: SimulatedEhr, recording: Recording, grant: str
) -> None:
    _, claims = parts_of(asserted(site, ehr, recording, grant)["client_assertion"])
    assert claims["aud"] == f"{ehr.url}/auth/token"


@by_both_grants
@pytest.mark.requirement("330", "331")
def test_it_expires_within_five_minutes(
    site: Site, ehr: SimulatedEhr, recording: Recording, grant: str
) -> None:
    _, claims = parts_of(asserted(site, ehr, recording, grant)["client_assertion"])
    assert isinstance(claims["exp"], int)
    assert 0 < claims["exp"] - time.time() <= 300


@pytest.mark.requirement("332", "319", "233")
def test_each_assertion_is_used_once(site: Site, ehr: SimulatedEhr, recording: Recording) -> None:
    launched = site.launched(ehr)
    ehr.tokens.expire_access()
    launched.patient()
    for _ in range(3):
        token, _ = site.backend()
        token.token()
    launched.sign_out()
    forms = [sent.form for sent in recording.to("/auth/token") + recording.to("/auth/revoke")]
    identifiers = [parts_of(form["client_assertion"])[1]["jti"] for form in forms]
    assert len(forms) == 7
    assert len(set(identifiers)) == 7
    assert all(isinstance(jti, str) and len(jti) >= 16 for jti in identifiers)


@by_both_grants
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.requirement("308", "309", "320", "321", "298")
def test_it_signs_with_what_the_server_says_it_takes(
    site: Site, ehr: SimulatedEhr, recording: Recording, grant: str, algorithm: str
) -> None:
    name = "token_endpoint_auth_signing_alg_values_supported"
    ehr.behaviour.configuration[name] = [algorithm]
    header, _ = parts_of(asserted(site, ehr, recording, grant)["client_assertion"])
    assert header["alg"] == algorithm


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.requirement("308", "309", "298")
def test_the_registry_chooses_where_the_server_does_not_say(
    open_site: Opener, ehr: SimulatedEhr, recording: Recording, algorithm: str
) -> None:
    name = "token_endpoint_auth_signing_alg_values_supported"
    ehr.behaviour.configuration[name] = None
    site = open_site(signing_algorithm=algorithm)
    header, _ = parts_of(asserted(site, ehr, recording, "code")["client_assertion"])
    assert header["alg"] == algorithm


@pytest.mark.requirement("294", "313", "22", "290", "299")
def test_keys_are_published_as_bare_keys_with_kty_and_kid(site: Site) -> None:
    keys = published(site)
    assert keys
    assert all(key["kty"] in {"EC", "RSA"} and key["kid"] for key in keys)
    assert len({key["kid"] for key in keys}) == len(keys)
    assert not any({"x5c", "x5u", "x5t"} & set(key) for key in keys)


@pytest.mark.requirement("314", "308")
def test_a_published_rsa_key_has_modulus_and_exponent(site: Site) -> None:
    (key,) = [key for key in published(site) if key["kty"] == "RSA"]
    assert len(_number(key["n"])) * 8 >= 2048
    assert _number(key["e"]) == b"\x01\x00\x01"


@pytest.mark.requirement("315", "309")
def test_a_published_ec_key_has_curve_and_point(site: Site) -> None:
    (key,) = [key for key in published(site) if key["kty"] == "EC"]
    assert key["crv"] == "P-384"
    assert (len(_number(key["x"])), len(_number(key["y"]))) == (48, 48)


@pytest.mark.requirement("295")
def test_no_private_part_is_published(site: Site) -> None:
    private = {"d", "p", "q", "dp", "dq", "qi", "k", "oth"}
    assert not any(private & set(key) for key in published(site))


@pytest.mark.requirement("295", "9", "90")
def test_the_private_keys_are_readable_by_their_owner_only(site: Site) -> None:
    files = [path for path in site.settings.keys.rglob("*") if path.is_file()]
    holding = [path for path in files if b'"d"' in path.read_bytes()]
    assert holding
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


@pytest.mark.requirement("302", "303", "299", "22")
def test_the_key_set_is_open_to_all_and_may_be_kept(site: Site) -> None:
    answer = requests.get(f"{site.url}/.well-known/jwks.json", timeout=5)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    assert "max-age=" in answer.headers["Cache-Control"]
    assert "no-store" not in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers


@pytest.mark.requirement("290", "10")
def test_every_installation_has_keys_of_its_own(open_site: Opener, tmp_path: Any) -> None:
    first = open_site()
    mine = {key["kid"] for key in published(first)}
    first.data = tmp_path / "other"
    with Site(tmp_path / "other", first.tenants) as second:
        assert mine.isdisjoint(key["kid"] for key in published(second))


def _number(text: str) -> bytes:
    assert "=" not in text
    assert json.dumps(text)
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
