"""The start page, and a launch that has the EHR pick the patient."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.app.conftest import Browser, Site
from tests.support.stub_ehr import StubEhr


def asked(browser: Browser) -> dict[str, str]:
    response = browser.get("/start/stub")
    assert response.status_code == 302
    return {n: v for n, [v] in parse_qs(urlsplit(response.headers["Location"]).query).items()}


def test_the_start_page_names_the_hospitals(browser: Browser, ehr: StubEhr) -> None:
    page = browser.get("/start")
    assert '<a class="button" href="/start/stub">Stub Hospital</a>' in page.text
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert ehr.sent == []


def test_the_ehr_is_asked_for_a_patient(browser: Browser, ehr: StubEhr) -> None:
    given = asked(browser)
    scopes = given["scope"].split()
    assert "launch" not in given
    assert "launch/patient" in scopes
    assert "launch" not in scopes
    assert given["aud"] == ehr.base
    assert given["code_challenge_method"] == "S256"


def test_an_encounter_is_asked_for_where_the_site_wants_it(ehr: StubEhr, tmp_path: Path) -> None:
    scopes = ("launch", "launch/encounter", "openid", "fhirUser", "patient/Patient.rs")
    site = Site(ehr, tmp_path / "d", changes={"scopes": scopes})
    assert asked(site.browser())["scope"].split()[:2] == ["launch/patient", "launch/encounter"]


@pytest.mark.parametrize("patient", ["marit", "jonas"])
def test_the_picked_patient_is_the_one_launched(site: Site, browser: Browser, patient: str) -> None:
    response = browser.back(browser.get("/start/stub"), patient)
    assert response.status_code == 303
    identifier = response.headers["Location"].strip("/").rpartition("/")[2]
    session = site.parts.sessions.find(browser.cookie("__Host-session")) or ""
    assert site.parts.contexts.find(identifier, session).facts.patient == patient


def test_no_patient_picked_is_no_launch(browser: Browser, ehr: StubEhr) -> None:
    ehr.token_answer = {"patient": None}
    response = browser.back(browser.get("/start/stub"))
    assert (response.status_code, "No patient was chosen" in response.text) == (400, True)


@pytest.mark.parametrize("name", ["other", "STUB", "..", "%2e%2e", "stub%2F", "stub'"])
def test_who_is_not_on_the_list_is_not_asked(browser: Browser, ehr: StubEhr, name: str) -> None:
    assert browser.get(f"/start/{name}").status_code == 404
    assert ehr.sent == []


def test_a_hospital_may_stay_off_the_list(ehr: StubEhr, tmp_path: Path) -> None:
    browser = Site(ehr, tmp_path / "d", changes={"standalone": False}).browser()
    assert "Stub Hospital" not in browser.get("/start").text
    assert browser.get("/start/stub").status_code == 404


def test_a_name_is_shown_as_text(ehr: StubEhr, tmp_path: Path) -> None:
    browser = Site(ehr, tmp_path / "d", changes={"name": "<b>St. Olav</b>"}).browser()
    assert "&lt;b&gt;St. Olav&lt;/b&gt;" in browser.get("/start").text


# --- a callback of its own


def test_a_hospital_may_have_a_callback_of_its_own(ehr: StubEhr, tmp_path: Path) -> None:
    browser = Site(ehr, tmp_path / "d", changes={"own_callback": True}).browser()
    started = browser.start()
    query = ehr.authorize(started.headers["Location"])
    address = parse_qs(urlsplit(started.headers["Location"]).query)["redirect_uri"][0]
    assert address == "http://127.0.0.1:8410/callback/stub"
    assert browser.get(f"/callback/stub?{query}").status_code == 303
    [sent] = ehr.to("/auth/token")
    assert sent.form["redirect_uri"] == address


@pytest.mark.parametrize(
    ("own", "path"),
    [(True, "/callback"), (True, "/callback/other"), (False, "/callback/stub")],
)
def test_an_answer_at_another_callback_is_another_ehrs(
    ehr: StubEhr, tmp_path: Path, own: bool, path: str
) -> None:
    browser = Site(ehr, tmp_path / "d", changes={"own_callback": own}).browser()
    query = ehr.authorize(browser.start().headers["Location"])
    assert browser.get(f"{path}?{query}").status_code == 400
    assert ehr.to("/auth/token") == []
