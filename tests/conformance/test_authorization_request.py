"""The authorization request, as the authorization server receives it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import pytest

from tests.conformance.browser import Browser
from tests.conformance.conftest import Opener
from tests.conformance.simulator.ehr import SimulatedEhr
from tests.conformance.simulator.recording import Recording, Sent
from tests.conformance.site import CLIENT, SCOPES, Site


@pytest.fixture
def asked(site: Site, ehr: SimulatedEhr, recording: Recording) -> dict[str, str]:
    """The parameters of an EHR launch that went well."""
    assert site.launched(ehr).path
    return recording.one("/auth/authorize").asked


@pytest.mark.requirement("32")
def test_response_type_is_code(asked: dict[str, str]) -> None:
    assert asked["response_type"] == "code"


@pytest.mark.requirement("33")
def test_client_id_is_the_registered_one(asked: dict[str, str]) -> None:
    assert asked["client_id"] == CLIENT


@pytest.mark.requirement("34", "21")
def test_redirect_uri_is_the_registered_one(asked: dict[str, str], site: Site) -> None:
    assert asked["redirect_uri"] == site.callback


@pytest.mark.requirement("21", "34")
@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "Forwarded"])
def test_redirect_uri_is_fixed_whatever_the_request_says(
    site: Site, ehr: SimulatedEhr, header: str
) -> None:
    value = "host=evil.example" if header == "Forwarded" else "evil.example"
    browser = Browser()
    browser.get(site.launch_url(ehr), headers={header: value})
    assert browser.hops[0].query["redirect_uri"] == site.callback


@pytest.mark.requirement("35", "161")
@pytest.mark.parametrize("launch", ["l-1", "a b+c/d=&%41;é", "x" * 2000])
def test_launch_is_handed_on_unchanged(
    site: Site, ehr: SimulatedEhr, recording: Recording, launch: str
) -> None:
    assert site.launched(ehr, launch=launch).path
    assert recording.one("/auth/authorize").asked["launch"] == launch


@pytest.mark.requirement("161")
def test_a_launch_without_its_parameter_is_refused(site: Site, ehr: SimulatedEhr) -> None:
    page = Browser().get(f"{site.url}/launch?iss={ehr.base}")
    assert page.status_code == 400


@pytest.mark.requirement("37", "46")
def test_scope_is_what_the_site_needs_and_nothing_else(asked: dict[str, str]) -> None:
    assert set(asked["scope"].split()) == set(SCOPES.split())


@pytest.mark.requirement("3", "39", "2")
def test_state_is_sent_and_new_each_time(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    for _ in range(5):
        assert site.launched(ehr).path
    states = [sent.asked["state"] for sent in recording.to("/auth/authorize")]
    assert len(set(states)) == 5


@pytest.mark.threat("T04")
@pytest.mark.requirement("40", "2")
def test_state_has_at_least_122_bits_and_uses_them(site: Site, ehr: SimulatedEhr) -> None:
    states = [_state(site, ehr) for _ in range(64)]
    bits = min(len(_bytes(state)) * 8 for state in states)
    assert bits >= 122
    assert _changing_bits(states) >= 122


@pytest.mark.requirement("41", "42")
def test_aud_is_the_issuer_exactly_as_received(asked: dict[str, str], ehr: SimulatedEhr) -> None:
    assert asked["aud"] == ehr.base


@pytest.mark.requirement("41")
def test_a_server_that_wants_another_aud_refuses_and_the_app_says_so(
    site: Site, ehr: SimulatedEhr
) -> None:
    ehr.behaviour.aud = "https://elsewhere.example/fhir"
    page = site.launched(ehr).page
    assert (page.status_code, "The user said no" in page.text) == (403, True)


@pytest.mark.threat("T07")
@pytest.mark.requirement("44", "13")
def test_code_challenge_is_the_hash_of_the_verifier(
    asked: dict[str, str], recording: Recording
) -> None:
    verifier = recording.one("/auth/token").form["code_verifier"]
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    assert asked["code_challenge"] == digest.rstrip(b"=").decode()


@pytest.mark.threat("T07")
@pytest.mark.requirement("45", "13")
def test_code_challenge_method_is_s256(asked: dict[str, str]) -> None:
    assert asked["code_challenge_method"] == "S256"


@pytest.mark.requirement("50", "51")
def test_get_carries_everything_in_the_query(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    assert site.launched(ehr).path
    sent = recording.one("/auth/authorize")
    assert (sent.method, sent.body) == ("GET", b"")
    assert "+" in sent.query or "%20" in sent.query


@pytest.mark.requirement("51")
def test_an_endpoint_with_a_query_of_its_own_keeps_it(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    endpoint = f"{ehr.url}/auth/authorize?tenant=north"
    ehr.behaviour.configuration["authorization_endpoint"] = endpoint
    site.launched(ehr)
    asked = recording.one("/auth/authorize").asked
    assert (asked["tenant"], asked["response_type"]) == ("north", "code")


@pytest.mark.requirement("52", "50", "133")
def test_post_is_used_where_it_is_advertised(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    ehr.behaviour.post_authorize = True
    assert site.launched(ehr).path
    sent = recording.one("/auth/authorize")
    assert (sent.method, sent.query) == ("POST", "")
    assert sent.content_type == "application/x-www-form-urlencoded"
    assert sent.asked["scope"] == SCOPES


@pytest.mark.requirement("52")
def test_the_page_that_posts_may_send_forms_to_the_ehr_alone(site: Site, ehr: SimulatedEhr) -> None:
    ehr.behaviour.post_authorize = True
    browser = site.launched(ehr).browser
    posting = next(hop for hop in browser.hops if 'name="code_challenge"' in hop.response.text)
    allowed = re.search(r"form-action ([^;]*)", posting.response.headers["Content-Security-Policy"])
    assert allowed is not None
    assert set(allowed[1].split()) - {"'self'"} == {ehr.url}
    others = [hop for hop in browser.hops if hop.url.startswith(site.url) and hop is not posting]
    assert not any(ehr.url in _form_action(hop.response.headers) for hop in others)


@pytest.mark.requirement("211")
def test_neither_max_age_nor_auth_time_is_asked_for(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    assert site.launched(ehr).path
    assert not {"max_age", "auth_time", "claims", "prompt"} & set(_names(recording))


@pytest.mark.requirement("2", "44")
@pytest.mark.parametrize("name", ["state", "nonce", "code_challenge"])
def test_secrets_of_two_launches_differ(
    site: Site, ehr: SimulatedEhr, recording: Recording, name: str
) -> None:
    first, second = site.launched(ehr), site.launched(ehr)
    assert first.path != second.path
    one, other = (sent.asked[name] for sent in recording.to("/auth/authorize"))
    assert one != other


@pytest.mark.requirement("42")
def test_a_server_that_demands_aud_is_satisfied(open_site: Opener, ehr: SimulatedEhr) -> None:
    ehr.behaviour.require_aud = True
    assert open_site().launched(ehr).path


def _names(recording: Recording) -> list[str]:
    sent: Sent = recording.one("/auth/authorize")
    return [name for name, _ in sent.parameters + sent.fields]


def _form_action(headers: Mapping[str, str]) -> str:
    policy = headers.get("Content-Security-Policy", "")
    found = re.search(r"form-action ([^;]*)", policy)
    return found[1] if found else ""


def _state(site: Site, ehr: SimulatedEhr) -> str:
    browser = Browser()
    browser.get(site.launch_url(ehr))
    assert urlsplit(browser.hops[0].location).path == "/auth/authorize"
    return browser.hops[0].query["state"]


def _bytes(state: str) -> bytes:
    return base64.urlsafe_b64decode(state + "=" * (-len(state) % 4))


def _changing_bits(states: list[str]) -> int:
    """How many bit positions are seen both set and clear: a fixed part does not count."""
    numbers = [int.from_bytes(_bytes(state), "big") for state in states]
    set_somewhere, set_everywhere = 0, -1
    for number in numbers:
        set_somewhere |= number
        set_everywhere &= number
    return (set_somewhere & ~set_everywhere).bit_count()
