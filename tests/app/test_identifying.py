"""A patient proves who they are by signing in at the EHR; nothing else comes of it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from safeguards.assertions import Verifier
from tests.app.conftest import Browser, Site
from tests.support.stub_ehr import StubEhr

ERRAND = "errand-of-the-link-pages-0001"
START = f"/identify/stub?errand={ERRAND}"


@pytest.fixture
def portal(ehr: StubEhr, tmp_path: Path) -> Site:
    """A site whose patients prove who they are at the EHR."""
    ehr.claims = {"fhirUser": f"{ehr.base}/Patient/marit", "name": "Marit Solheim"}
    return Site(ehr, tmp_path / "data", changes={"patient_proof": "ehr"})


def signed_in(site: Site, browser: Browser, patient: str = "marit") -> tuple[int, str]:
    answer = browser.back(browser.get(START), patient)
    return answer.status_code, answer.headers.get("Location", "")


def test_only_who_it_is_is_asked_for(portal: Site) -> None:
    answer = portal.browser().get(START)
    asked = parse_qs(urlsplit(answer.headers["Location"]).query)
    scopes = {"openid", "fhirUser", "launch/patient", "patient/Patient.rs"}
    assert set(asked["scope"][0].split()) == scopes
    assert "launch" not in asked


def test_the_link_pages_are_told_which_patient_it_is(portal: Site) -> None:
    status, location = signed_in(portal, portal.browser())
    assert (status, location.split("?")[0]) == (303, "http://127.0.0.1:9/link/identified")
    [proof] = parse_qs(urlsplit(location).query)["proof"]
    said = Verifier.open(portal.settings.keys).verify(proof, "wristchart-link")
    assert (said.patient, said.context, said.scopes) == ("marit", ERRAND, {"patient.prove"})


def test_no_chart_is_opened_and_the_tokens_are_given_back(portal: Site, ehr: StubEhr) -> None:
    signed_in(portal, portal.browser())
    assert len(ehr.to("/auth/revoke")) == 2
    with portal.parts.store.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT count(*) FROM launch_contexts").scalar()
    assert kept == 0


@pytest.mark.parametrize("user", ["Practitioner/ingrid-lind", "Patient/jonas"])
def test_somebody_else_proves_nothing(portal: Site, ehr: StubEhr, user: str) -> None:
    ehr.claims = {"fhirUser": f"{ehr.base}/{user}"}
    assert signed_in(portal, portal.browser()) == (403, "")


def test_who_speaks_for_the_patient_may_prove(portal: Site, ehr: StubEhr) -> None:
    ehr.claims = {"fhirUser": f"{ehr.base}/RelatedPerson/mother"}
    assert signed_in(portal, portal.browser())[0] == 303


def test_without_an_errand_nobody_is_asked(portal: Site) -> None:
    assert portal.browser().get("/identify/stub").status_code == 404


def test_where_the_hospital_asks_for_the_date_of_birth_there_is_no_sign_in(site: Site) -> None:
    assert site.browser().get(START).status_code == 404
