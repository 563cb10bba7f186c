"""A store with one person in one chart, and detections about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine

from safeguards.assertions import Asker
from wearable_agg.delivery.detection import Detection, Strip
from wearable_agg.people.registry import person_for
from wearable_agg.store.all_tables import metadata
from wearable_agg.store.database import open_database, writing

ISSUER = "http://localhost:8400/fhir"
PATIENT = "marit-solheim"
ONSET = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)

Detect = Callable[..., Detection]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(tmp_path / "wearables.db")
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
