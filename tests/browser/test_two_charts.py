"""Two tabs, two patients, one browser: whatever is done in them in whatever order, nothing crosses.

Most interleavings go to the running web role as the requests that Dash sends, with one cookie jar;
some are played in Chromium's frames, all of them in the long form. An app that keeps the patient in
the session is played the same interleavings and must be found out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser as Chromium
from sqlalchemy import delete, update

from app.demo.site import TENANT
from clinical.findings import FindingState
from tests.conformance.browser import Browser
from tests.support.chromium_tab import ChromiumTab
from tests.support.http_tab import HttpTab
from tests.support.naive_app import NaiveHospital, NaiveTab
from tests.support.stack import Stack
from tests.support.two_tabs import (
    JONAS,
    MARIT,
    PEOPLE,
    Interleaving,
    Person,
    Tab,
    crossings,
    interleavings,
)
from wearable_agg.delivery.detection import Detection
from wearable_agg.delivery.findings import record_ended
from wearable_agg.people import consents
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.findings_tables import decisions, findings

pytestmark = [pytest.mark.browser, pytest.mark.threat("T16")]

ACTS = 3
ONSET = datetime(2026, 3, 1, tzinfo=UTC)


class Clinic:
    """The product with both patients' devices, and how often each was acknowledged."""

    def __init__(self, stack: Stack) -> None:
        self.site = stack.site
        self._engine = open_database(stack.site.data / "wearables.db")
        self._acknowledged: Counter[str] = Counter()

    def report(self, person: Person) -> None:
        """The patient's device reports an episode: the finding is open, again if need be."""
        with writing(self._engine) as connection:
            issuer = f"{self.site.ehr_url}/fhir"
            known = person_for(connection, TENANT, issuer, person.id, True, "Europe/Oslo")
            consents.record(connection, TENANT, known, [consents.RHYTHM], "I agree")
            finding = record_ended(connection, _episode(known or 0, person))
            made = connection.execute(delete(decisions).where(decisions.c.finding_id == finding))
            self._acknowledged[person.id] += made.rowcount
            opened = {"state": FindingState.OPEN, "version": findings.c.version + 1}
            connection.execute(update(findings).where(findings.c.id == finding).values(opened))

    def acknowledged(self) -> Counter[str]:
        """How often each patient was acknowledged for since this was asked last."""
        for person in PEOPLE:
            self.report(person)
        counted, self._acknowledged = self._acknowledged, Counter()
        return counted


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    with Stack(tmp_path_factory.mktemp("stack"), roles=("web", "api")) as stack:
        yield Clinic(stack)


@pytest.fixture
def naive() -> Iterator[NaiveHospital]:
    with NaiveHospital() as hospital:
        yield hospital


def opened(tabs: list[Tab]) -> list[Tab]:
    for tab in tabs:
        tab.relaunch()
    return tabs


@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", [50, pytest.param(200, marks=pytest.mark.long)])
def test_interleavings_of_two_tabs_cross_nothing(clinic: Clinic, number: int) -> None:
    jar, site, played = Browser(), clinic.site, [*interleavings(number, ACTS)]
    tabs = [HttpTab(jar, site.ehr_url, site.web_url, one, clinic.report) for one in PEOPLE]
    assert crossings(opened([*tabs]), played) == []
    assert clinic.acknowledged() == acknowledgements(played)


@pytest.mark.timeout(300)
def test_interleavings_in_chromium_cross_nothing(browser: Chromium, clinic: Clinic) -> None:
    cross_nothing_in_chromium(browser, clinic, 6)


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_two_hundred_interleavings_in_chromium_cross_nothing(
    browser: Chromium, clinic: Clinic
) -> None:
    cross_nothing_in_chromium(browser, clinic, 200)


def cross_nothing_in_chromium(browser: Chromium, clinic: Clinic, number: int) -> None:
    context, site, played = browser.new_context(), clinic.site, in_turn(number)
    tabs = [
        ChromiumTab(context, site.ehr_url, site.web_url, person, clinic.report) for person in PEOPLE
    ]
    assert crossings(opened([*tabs]), played) == []
    assert clinic.acknowledged() == acknowledgements(played)
    context.close()


def test_a_patient_kept_in_the_session_is_found_out(naive: NaiveHospital) -> None:
    jar = Browser()
    tabs = opened([NaiveTab(jar, naive.url, person) for person in PEOPLE])
    found = crossings(tabs, interleavings(200, ACTS))
    for act in ("refresh", "choose", "acknowledge", "back"):
        assert any(f"{act} of {MARIT.id} shows {JONAS.name}" in sign for sign in found)


@pytest.mark.timeout(240)
def test_a_patient_kept_in_the_session_is_found_out_in_chromium(
    browser: Chromium, naive: NaiveHospital
) -> None:
    context = browser.new_context()
    tabs = [ChromiumTab(context, naive.url, naive.url, person) for person in PEOPLE]
    assert crossings(opened([*tabs]), in_turn(6)) != []
    context.close()


def in_turn(number: int) -> list[Interleaving]:
    """Playwright drives one tab at a time."""
    return [one.in_turn for one in interleavings(number, ACTS)]


def acknowledgements(played: list[Interleaving]) -> Counter[str]:
    """How often each patient is acknowledged for in these."""
    acts = [act for one in played for act in one.acts]
    return Counter(PEOPLE[tab].id for tab, act in acts if act == "acknowledge")


def _episode(person: int, patient: Person) -> Detection:
    return Detection(
        tenant=TENANT,
        person_id=person,
        stream=f"patch/{patient.id}",
        device=patient.device,
        onset=ONSET,
        detected_at=ONSET + timedelta(seconds=40),
        end=ONSET + timedelta(seconds=50),
        mean_rate=112.0,
        max_rate=141.0,
        coverage=0.9,
        decider="wristchart",
        decider_version="1",
        signal="ECG",
        strip=None,
    )
