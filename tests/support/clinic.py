"""The product with two patients whose devices report episodes again and again."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, update

from app.demo.site import TENANT
from clinical.findings import FindingState
from tests.support.stack import Stack
from tests.support.two_tabs import PEOPLE, Interleaving, Person, Tab
from wearable_agg.delivery.detection import Detection
from wearable_agg.delivery.findings import record_ended
from wearable_agg.people import consents
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.findings_tables import decisions, findings

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


def opened(tabs: list[Tab]) -> list[Tab]:
    """The tabs, each with the chart of its patient launched."""
    for tab in tabs:
        tab.relaunch()
    return tabs


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
