"""Discovery: where it looks, what it accepts, what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.conftest import Opener
from tests.conformance.simulator.ehr import SimulatedEhr
from tests.conformance.simulator.other_host import OtherHost
from tests.conformance.simulator.recording import Recording
from tests.conformance.simulator.server import Answer, of_text
from tests.conformance.site import Site

WELL_KNOWN = "/fhir/.well-known/smart-configuration"


@pytest.mark.requirement("29")
def test_the_configuration_is_fetched_by_get_beneath_the_fhir_base(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    assert site.launched(ehr).path
    first = recording.sent[0]
    assert (first.method, first.path, first.query) == ("GET", WELL_KNOWN, "")


@pytest.mark.requirement("29", "375")
def test_accept_supports_json(site: Site, ehr: SimulatedEhr, recording: Recording) -> None:
    assert site.launched(ehr).path
    assert "application/json" in recording.one(WELL_KNOWN).headers["accept"]


@pytest.mark.requirement("226", "227")
def test_backend_services_discover_in_the_same_way(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    token, _ = site.backend()
    assert token.token()
    sent = recording.one(WELL_KNOWN)
    assert (sent.method, "application/json" in sent.headers["accept"]) == ("GET", True)
    assert recording.one("/auth/token")


@pytest.mark.requirement("29")
def test_discovery_sends_nothing_secret(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    assert site.launched(ehr).path
    assert not {"authorization", "cookie"} & set(recording.one(WELL_KNOWN).headers)


@pytest.mark.requirement("29")
def test_discovery_is_kept_for_a_while(site: Site, ehr: SimulatedEhr, recording: Recording) -> None:
    for _ in range(3):
        assert site.launched(ehr).path
    assert len(recording.to(WELL_KNOWN)) == 1


@pytest.mark.requirement("379")
def test_relative_endpoints_are_taken_from_the_fhir_base(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    ehr.behaviour.relative_endpoints = True
    assert site.launched(ehr).path
    assert recording.one("/auth/authorize")
    assert recording.one("/auth/token")


@pytest.mark.requirement("1")
@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint"])
def test_an_endpoint_at_another_origin_is_refused_with_nothing_sent_there(
    site: Site, ehr: SimulatedEhr, recording: Recording, elsewhere: OtherHost, name: str
) -> None:
    ehr.behaviour.configuration[name] = f"{elsewhere.url}/auth"
    assert site.launched(ehr).page.status_code == 502
    assert recording.at("elsewhere") == []


def test_an_endpoint_at_another_origin_is_used_where_the_registry_names_it(
    open_site: Opener, ehr: SimulatedEhr, recording: Recording, elsewhere: OtherHost
) -> None:
    ehr.behaviour.configuration["authorization_endpoint"] = f"{elsewhere.url}/auth"
    open_site(endpoint_origins=(elsewhere.url,)).launched(ehr)
    assert len(recording.to("/auth", server="elsewhere")) == 1


@pytest.mark.requirement("1")
@pytest.mark.parametrize(
    "issuer",
    [
        "http://evil.example/fhir",
        "{base}/",
        "{base}?x=1",
        "{base}#x",
        "{base}/../fhir",
        "{upper}",
        "javascript:alert(1)",
        "",
    ],
)
def test_an_issuer_that_is_not_registered_letter_by_letter_gets_nothing(
    site: Site, ehr: SimulatedEhr, recording: Recording, issuer: str
) -> None:
    given = issuer.format(base=ehr.base, upper=ehr.base.upper())
    page = site.launched(ehr, iss=given).page
    assert page.status_code == 400
    assert recording.sent == []


@pytest.mark.threat("T07")
@pytest.mark.requirement("13")
@pytest.mark.parametrize("methods", [["plain"], [], None, "S256"])
def test_a_server_without_s256_is_refused(
    site: Site, ehr: SimulatedEhr, recording: Recording, methods: Any
) -> None:
    ehr.behaviour.configuration["code_challenge_methods_supported"] = methods
    assert site.launched(ehr).page.status_code == 502
    assert recording.to("/auth/authorize") == []


@pytest.mark.parametrize(
    "answer",
    [
        of_text("<html>no</html>", 200, "text/html"),
        of_text("gone", 404),
        Answer(302, headers={"Location": "/elsewhere"}),
        Answer(200, b"{" * 100_000),
        Answer(200, b" " * 2_000_000),
    ],
)
def test_a_broken_configuration_is_a_page_not_a_crash(
    site: Site, ehr: SimulatedEhr, recording: Recording, answer: Answer
) -> None:
    ehr.behaviour.always[WELL_KNOWN] = answer
    ehr.behaviour.always["/fhir/metadata"] = of_text("gone", 404)
    assert site.launched(ehr).page.status_code in {502, 503}
    assert recording.to("/elsewhere") == []


def test_an_old_server_is_understood_by_its_capability_statement(
    open_site: Opener, ehr: SimulatedEhr, recording: Recording
) -> None:
    ehr.behaviour.well_known = False
    browser = open_site(client_type="public", scopes=("launch", "patient/*.read")).launched(ehr)
    assert browser.path
    order = [sent.path for sent in recording.sent[:3]]
    assert order == [WELL_KNOWN, "/fhir/metadata", "/auth/authorize"]


def test_the_capability_statement_is_not_asked_where_there_is_a_configuration(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    assert site.launched(ehr).path
    assert recording.to("/fhir/metadata") == []


def test_a_silent_ehr_is_said_to_be_silent(site: Site, ehr: SimulatedEhr) -> None:
    ehr.close()
    page = site.launched(ehr).page
    assert (page.status_code, "does not answer" in page.text) == (503, True)
