"""`state`: checked on every return, once, and only in the browser that began."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
import requests

from tests.conformance.browser import Browser
from tests.conformance.simulator.ehr import SimulatedEhr
from tests.conformance.simulator.recording import Recording
from tests.conformance.site import Site

pytestmark = pytest.mark.requirement("60", "4")


@pytest.fixture
def back(site: Site, ehr: SimulatedEhr) -> tuple[Browser, dict[str, str]]:
    """A browser on its way back from the EHR, and what it brings."""
    browser = Browser()
    page = browser.visit(site.launch_url(ehr), until="/callback")
    assert page.status_code == 302
    return browser, browser.hops[-1].query


def _return(site: Site, browser: Browser, given: dict[str, str]) -> requests.Response:
    return browser.get(f"{site.callback}?{urlencode(given)}")


@pytest.mark.threat("T04")
@pytest.mark.requirement("60", "4", "39")
@pytest.mark.parametrize("state", ["", "x" * 43, "0" * 43, None])
def test_a_wrong_state_ends_the_sign_in_before_any_token_is_asked_for(
    site: Site,
    recording: Recording,
    back: tuple[Browser, dict[str, str]],
    state: str | None,
) -> None:
    browser, given = back
    changed = {**given, "state": state} if state is not None else {"code": given["code"]}
    assert _return(site, browser, changed).status_code == 400
    assert recording.to("/auth/token") == []


def test_the_right_state_is_let_in(site: Site, back: tuple[Browser, dict[str, str]]) -> None:
    assert _return(site, *back).status_code == 303


@pytest.mark.threat("T04")
def test_a_state_given_twice_is_refused(
    site: Site, recording: Recording, back: tuple[Browser, dict[str, str]]
) -> None:
    browser, given = back
    twice = f"{site.callback}?{urlencode(given)}&state=other"
    assert browser.get(twice).status_code == 400
    assert recording.to("/auth/token") == []


@pytest.mark.threat("T04")
def test_a_state_is_taken_once(
    site: Site, ehr: SimulatedEhr, recording: Recording, back: tuple[Browser, dict[str, str]]
) -> None:
    ehr.behaviour.replay_codes = True
    assert _return(site, *back).status_code == 303
    assert _return(site, *back).status_code == 400
    assert len(recording.to("/auth/token")) == 1


@pytest.mark.threat("T04")
@pytest.mark.requirement("61", "39", "2")
def test_another_browser_cannot_use_the_state(
    site: Site, recording: Recording, back: tuple[Browser, dict[str, str]]
) -> None:
    assert _return(site, Browser(), back[1]).status_code == 400
    assert recording.to("/auth/token") == []


@pytest.mark.threat("T04")
@pytest.mark.requirement("61")
def test_another_launch_of_another_browser_cannot_use_it_either(
    site: Site, ehr: SimulatedEhr, recording: Recording, back: tuple[Browser, dict[str, str]]
) -> None:
    thief = Browser()
    thief.visit(site.launch_url(ehr), until="/callback")
    assert _return(site, thief, back[1]).status_code == 400
    assert recording.to("/auth/token") == []


@pytest.mark.threat("T04")
def test_a_state_is_good_for_ten_minutes(site: Site, back: tuple[Browser, dict[str, str]]) -> None:
    site.clock.pass_minutes(11)
    assert _return(site, *back).status_code == 400


@pytest.mark.requirement("4", "5")
def test_an_error_with_state_is_shown_in_the_ehr_s_words_as_text(
    site: Site, ehr: SimulatedEhr
) -> None:
    ehr.behaviour.refuse = "access_denied"
    ehr.behaviour.refuse_words = "<script>alert(1)</script>{{7*7}}"
    page = site.launched(ehr).page
    assert page.status_code == 403
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}" in page.text


def test_an_error_without_state_says_nothing_of_what_it_brought(
    site: Site, ehr: SimulatedEhr
) -> None:
    ehr.behaviour.refuse = "access_denied"
    ehr.behaviour.refuse_with_state = False
    page = site.launched(ehr).page
    assert page.status_code in {400, 403}
    assert "The user said no" not in page.text


def test_an_error_with_a_foreign_state_says_nothing_of_what_it_brought(site: Site) -> None:
    given = {"error": "access_denied", "error_description": "call 555-EVIL", "state": "made-up"}
    page = _return(site, Browser(), given)
    assert page.status_code == 400
    assert "555-EVIL" not in page.text


@pytest.mark.threat("T06")
def test_an_answer_of_another_authorization_server_is_refused(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    ehr.behaviour.answer_issuer = "https://evil.example"
    assert site.launched(ehr).page.status_code == 400
    assert recording.to("/auth/token") == []


def test_an_answer_that_names_its_own_issuer_is_taken(site: Site, ehr: SimulatedEhr) -> None:
    ehr.behaviour.configuration["authorization_response_iss_parameter_supported"] = True
    ehr.behaviour.answer_issuer = ehr.issuer
    assert site.launched(ehr).path


@pytest.mark.threat("T06")
def test_an_answer_without_the_issuer_that_was_promised_is_refused(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    ehr.behaviour.configuration["authorization_response_iss_parameter_supported"] = True
    assert site.launched(ehr).page.status_code == 400
    assert recording.to("/auth/token") == []
