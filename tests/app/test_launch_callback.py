from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from werkzeug.test import TestResponse

from app.cookies import SESSION
from tests.app.conftest import Browser, Site
from tests.support.stub_ehr import StubEhr

UNKNOWN = "This sign-in cannot be completed"


def state_of(started: TestResponse) -> str:
    return parse_qs(urlsplit(started.headers["Location"]).query)["state"][0]


def token_requests(ehr: StubEhr) -> int:
    return len(ehr.to("/auth/token"))


def test_a_launch_ends_at_a_clean_address(browser: Browser) -> None:
    response = browser.back(browser.start())
    assert response.status_code == 303
    path = response.headers["Location"]
    assert path.startswith("/c/")
    assert path.endswith("/")
    assert len(path) >= len("/c//") + 22
    assert browser.get(path).status_code == 200


@pytest.mark.threat("T04")
def test_a_callback_cannot_be_replayed(browser: Browser, ehr: StubEhr) -> None:
    query = ehr.authorize(browser.start().headers["Location"])
    assert browser.get(f"/callback?{query}").status_code == 303
    again = browser.get(f"/callback?{query}")
    assert (again.status_code, token_requests(ehr)) == (400, 1)
    assert UNKNOWN in again.text


@pytest.mark.threat("T04")
@pytest.mark.parametrize(
    "query",
    [
        "code=c",
        "state={state}",
        "code=c&state=forged",
        "code=c&state={state}x",
        "code=c&state=",
        "code=&state={state}",
        "code=c&state={state}&state={state}",
        "code=c&code=d&state={state}",
        "code=c&state={state}&iss=a&iss=b",
        "",
    ],
)
def test_a_forged_callback_asks_for_no_token(browser: Browser, ehr: StubEhr, query: str) -> None:
    state = state_of(browser.start())
    response = browser.get(f"/callback?{query.replace('{state}', state)}")
    assert (response.status_code, token_requests(ehr)) == (400, 0)
    assert UNKNOWN in response.text


@pytest.mark.threat("T04")
def test_a_callback_in_another_browser_is_refused(site: Site, ehr: StubEhr) -> None:
    mine, theirs = site.browser(), site.browser()
    query = ehr.authorize(mine.start().headers["Location"])
    theirs.launch()
    assert theirs.get(f"/callback?{query}").status_code == 400
    assert token_requests(ehr) == 1
    assert mine.get(f"/callback?{query}").status_code == 303


FRAMED = {"Sec-Fetch-Dest": "iframe"}


def test_a_frame_without_any_cookie_may_ask_for_storage_access_and_come_again(
    site: Site, browser: Browser, ehr: StubEhr
) -> None:
    query = ehr.authorize(browser.start().headers["Location"])
    bare = site.browser().get(f"/callback?{query}", headers=FRAMED)
    assert (bare.status_code, token_requests(ehr)) == (200, 0)
    [way_on] = re.findall(r'data-go="([^"]+)"', bare.text)
    assert way_on == f"/callback?{query}&resumed=1".replace("&", "&amp;")
    assert browser.get(f"/callback?{query}&resumed=1", headers=FRAMED).status_code == 303


def test_a_frame_that_comes_again_without_cookies_is_refused(
    site: Site, browser: Browser, ehr: StubEhr
) -> None:
    query = ehr.authorize(browser.start().headers["Location"])
    bare = site.browser().get(f"/callback?{query}&resumed=1", headers=FRAMED)
    assert (bare.status_code, token_requests(ehr)) == (400, 0)
    assert UNKNOWN in bare.text


@pytest.mark.threat("T04")
def test_a_sign_in_takes_ten_minutes_at_most(site: Site, browser: Browser, ehr: StubEhr) -> None:
    started = browser.start()
    site.clock.pass_minutes(10)
    assert browser.back(started).status_code == 400
    assert token_requests(ehr) == 0


@pytest.mark.threat("T05")
def test_a_code_of_another_launch_is_worth_nothing(browser: Browser, ehr: StubEhr) -> None:
    first, second = browser.start(), browser.start()
    code = parse_qs(ehr.authorize(first.headers["Location"]))["code"][0]
    query = urlencode({"code": code, "state": state_of(second)})
    assert browser.get(f"/callback?{query}").status_code == 403


def test_the_ehrs_refusal_is_shown_in_its_own_words(browser: Browser, ehr: StubEhr) -> None:
    query = {"error": "access_denied", "error_description": "No <b>relationship</b> with patient"}
    state = state_of(browser.start())
    response = browser.get("/callback?" + urlencode(query | {"state": state}))
    assert response.status_code == 403
    assert "No &lt;b&gt;relationship&lt;/b&gt; with patient" in response.text
    again = browser.get("/callback?" + urlencode(query | {"state": state}))
    assert (again.status_code, token_requests(ehr)) == (400, 0)


def test_a_refusal_without_state_shows_nothing_of_the_address(browser: Browser) -> None:
    query = urlencode({"error": "access_denied", "error_description": "Call 555-0100 now"})
    response = browser.get(f"/callback?{query}")
    assert response.status_code == 403
    assert "555-0100" not in response.text


@pytest.mark.parametrize(
    ("answer", "status", "title"),
    [
        ({"patient": None}, 400, "No patient was chosen"),
        ({"patient": "nobody"}, 403, "The patient could not be confirmed"),
        ({"patient": "../Practitioner/1"}, 502, "not set up"),
        ({"token_type": "mac"}, 502, "not set up"),
        ({"scope": ["launch"]}, 502, "not set up"),
        ({"id_token": None}, 403, "could not be verified"),
        ({"id_token": "a.b.c"}, 403, "could not be verified"),
        ({"access_token": "unknown"}, 403, "The patient could not be confirmed"),
    ],
)
def test_a_token_answer_that_proves_nothing_lets_nobody_in(
    browser: Browser, ehr: StubEhr, answer: dict[str, Any], status: int, title: str
) -> None:
    ehr.token_answer = answer
    response = browser.back(browser.start())
    assert response.status_code == status
    assert title in response.text


@pytest.mark.threat("T08")
@pytest.mark.parametrize(
    "claims", [{"nonce": "another"}, {"aud": "another"}, {"iss": "https://evil.example"}]
)
def test_a_forged_identity_lets_nobody_in(
    browser: Browser, ehr: StubEhr, claims: dict[str, Any]
) -> None:
    ehr.claims = claims
    assert browser.back(browser.start()).status_code == 403


@pytest.mark.threat("T09")
def test_another_patient_than_launched_is_refused(browser: Browser, ehr: StubEhr) -> None:
    ehr.patients["marit"]["id"] = "jonas"
    response = browser.back(browser.start())
    assert response.status_code == 403
    assert "The patient could not be confirmed" in response.text


@pytest.mark.threat("T06")
def test_an_answer_of_another_authorization_server_is_refused(
    browser: Browser, ehr: StubEhr
) -> None:
    query = ehr.authorize(browser.start().headers["Location"])
    response = browser.get(f"/callback?{query}&iss=https%3A%2F%2Fevil.example")
    assert (response.status_code, token_requests(ehr)) == (400, 0)


@pytest.mark.threat("T06")
def test_an_ehr_that_names_itself_must_do_so(browser: Browser, ehr: StubEhr) -> None:
    ehr.configuration = {"authorization_response_iss_parameter_supported": True}
    query = ehr.authorize(browser.start().headers["Location"])
    named = urlencode({"iss": ehr.base})
    assert browser.get(f"/callback?{query}").status_code == 400
    query = ehr.authorize(browser.start().headers["Location"])
    assert browser.get(f"/callback?{query}&{named}").status_code == 303


@pytest.mark.threat("T12")
def test_the_cookie_before_the_sign_in_is_worth_nothing_after_it(
    site: Site, browser: Browser
) -> None:
    started = browser.start()
    planted = browser.cookie(SESSION)
    path = browser.back(started).headers["Location"]
    assert browser.cookie(SESSION) != planted
    attacker = site.browser()
    attacker.client.set_cookie(SESSION, planted, domain="127.0.0.1")
    assert attacker.get(path).status_code == 403


@pytest.mark.threat("T12")
def test_another_persons_planted_session_is_left_behind(site: Site, ehr: StubEhr) -> None:
    attacker, victim = site.browser(), site.browser()
    ehr.claims = {"fhirUser": "Practitioner/mallory"}
    theirs = attacker.launch()
    planted = attacker.cookie(SESSION)
    victim.client.set_cookie(SESSION, planted, domain="127.0.0.1")
    ehr.claims = {}
    mine = victim.launch()
    assert victim.cookie(SESSION) != planted
    assert victim.get(mine).status_code == 200
    assert (attacker.get(mine).status_code, attacker.get(theirs).status_code) == (403, 403)


@pytest.mark.threat("T16")
def test_charts_already_open_stay_open(browser: Browser) -> None:
    marit = browser.launch("marit")
    cookie = browser.cookie(SESSION)
    jonas = browser.launch("jonas")
    assert browser.cookie(SESSION) == cookie
    assert [browser.get(path).status_code for path in (marit, jonas)] == [200, 200]


def test_two_frames_that_open_at_once_both_work(site: Site, browser: Browser) -> None:
    """Both go out with the same cookie; the second comes back with the one already replaced."""
    first, second = browser.start(), browser.start()
    before = browser.cookie(SESSION)
    one = browser.back(first).headers["Location"]
    after = browser.cookie(SESSION)
    browser.client.set_cookie(SESSION, before, domain="127.0.0.1")
    two = browser.back(second, "jonas").headers["Location"]
    browser.client.set_cookie(SESSION, after, domain="127.0.0.1")
    assert [browser.get(path).status_code for path in (one, two)] == [200, 200]


def test_frames_that_lose_each_others_first_cookie_both_work(
    browser: Browser, ehr: StubEhr
) -> None:
    first = browser.start()
    browser.client.delete_cookie(SESSION, domain="127.0.0.1")
    second = browser.start()
    one = browser.back(first).headers["Location"]
    two = browser.back(second).headers["Location"]
    assert [browser.get(path).status_code for path in (one, two)] == [200, 200]


def test_an_ehr_that_does_not_say_who_signed_in_still_launches(ehr: StubEhr, tmp_path: Any) -> None:
    scopes = ("launch", "patient/Patient.rs", "patient/MedicationRequest.rs")
    ehr.token_answer = {"id_token": None}
    browser = Site(ehr, tmp_path / "d", changes={"scopes": scopes}).browser()
    one, two = browser.launch(), browser.launch()
    assert [browser.get(path).status_code for path in (one, two)] == [200, 200]
