"""A store with one person in one chart, and detections about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, select

from safeguards.assertions import Asker
from tests.support.chart_ehr import ChartEhr
from wearable_agg.delivery.detection import Detection, Strip
from wearable_agg.delivery.findings import list_findings, record_started
from wearable_agg.delivery.identity import Identity
from wearable_agg.delivery.states import Policy
from wearable_agg.delivery.worker import Delivery, Destination
from wearable_agg.people.consents import record
from wearable_agg.people.registry import person_for
from wearable_agg.store.all_tables import metadata
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.outbox_tables import outbox

ISSUER = "http://localhost:8400/fhir"
PATIENT = "marit-solheim"
ONSET = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)

Detect = Callable[..., Detection]


@pytest.fixture
def store(place: Path | str) -> Iterator[Engine]:
    engine = open_database(place)
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def person(store: Engine) -> int:
    with writing(store) as connection:
        found = person_for(
            connection, "sandbox", ISSUER, PATIENT, create=True, timezone="Europe/Oslo"
        )
    assert found is not None
    return found


@pytest.fixture
def detect(person: int) -> Detect:
    """Make a detection: minutes after the first onset at which it began and was last seen."""

    def make(begin: float = 0, seen: float = 2, **changes: object) -> Detection:
        made = Detection(
            tenant="sandbox",
            person_id=person,
            stream="patch-1/II",
            device="Chest patch",
            onset=ONSET + timedelta(minutes=begin),
            detected_at=ONSET + timedelta(minutes=seen),
            end=ONSET + timedelta(minutes=seen),
            mean_rate=112.0,
            max_rate=141.0,
            coverage=0.9,
            decider="zhou",
            decider_version="1",
            signal="ECG",
            strip=strip_of(1),
        )
        return replace(made, **changes)

    return make


def strip_of(seconds: float) -> Strip:
    samples = (1000 * np.sin(np.arange(int(seconds * 250)) / 20)).astype(np.int16)
    return Strip(ONSET + timedelta(minutes=1), 250.0, "II", "131330", 0.5, samples)


@pytest.fixture
def clinician() -> Asker:
    return Asker(
        tenant="sandbox",
        issuer=ISSUER,
        patient=PATIENT,
        user=f"{ISSUER}/Practitioner/ingrid-lind",
        user_name="Dr Ingrid Lind",
        context="c1",
        scopes=frozenset({"finding.act"}),
    )


@pytest.fixture
def ehr(tmp_path: Path) -> Iterator[ChartEhr]:
    """A real EHR."""
    with ChartEhr(tmp_path / "ehr", tmp_path / "keys") as running:
        yield running


@pytest.fixture
def site(store: Engine, ehr: ChartEhr, tmp_path: Path) -> Site:
    """Delivery at work between the store and the EHR, on a clock that the test turns."""
    return Site(store, ehr, Identity.open(tmp_path / "keys"))


class Site:
    """Delivery, its store, an EHR, and the hero as a patient there."""

    def __init__(self, store: Engine, ehr: ChartEhr, identity: Identity) -> None:
        self.store, self.ehr, self.now = store, ehr, datetime.now(UTC)
        with writing(store) as connection:
            found = person_for(
                connection, "sandbox", ehr.issuer, PATIENT, create=True, timezone="Europe/Oslo"
            )
            assert found is not None
            topics = ["steps", "resting_heart_rate", "rhythm"]
            record(connection, "sandbox", found, topics, "I agree")
        self.person = found
        self.delivery = Delivery(
            store,
            {("sandbox", ehr.issuer): Destination(ehr.chart(), Policy())},
            identity,
            clock=lambda: self.now,
        )

    def detect(self, detection: Detection) -> str:
        """Record an episode of the hero; returns the finding."""
        with writing(self.store) as connection:
            return record_started(connection, replace(detection, person_id=self.person))

    def deliver(self, after: float = 1.0) -> int:
        """Do what is due after so many seconds; rows are queued by the machine's clock."""
        self.now = max(self.now, datetime.now(UTC)) + timedelta(seconds=after)
        return self.delivery.deliver_due()

    def states(self) -> list[str]:
        """Return the state of each row of the outbox."""
        with self.store.connect() as connection:
            return list(connection.execute(select(outbox.c.state).order_by(outbox.c.id)).scalars())

    def finding(self) -> dict[str, Any]:
        """Return the hero's finding."""
        with self.store.connect() as connection:
            [finding] = list_findings(connection, self.person)
        return finding
