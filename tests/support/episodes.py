"""Episodes as the rhythm engine reports them, long and clear enough for the rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from wearable_agg.delivery.detection import Detection
from wearable_agg.delivery.findings import record_started
from wearable_agg.people.consents import RHYTHM, record
from wearable_agg.people.registry import person_for
from wearable_agg.store.clock import to_micros
from wearable_agg.store.database import writing
from wearable_agg.store.recording_tables import ecg_recordings

ONSET = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)


def detection(person: int, patient: str, **changes: Any) -> Detection:
    """An episode in what a patient's patch streams, three minutes after it began."""
    made = Detection(
        tenant="sandbox",
        person_id=person,
        stream=f"patch/{patient}",
        device="Chest patch",
        onset=ONSET,
        detected_at=ONSET + timedelta(minutes=3),
        end=None,
        mean_rate=112.0,
        max_rate=141.0,
        coverage=0.9,
        decider="zhou",
        decider_version="1",
        signal="ECG",
        strip=None,
    )
    return replace(made, **changes)


def find(store: Engine, issuer: str, patients: Iterable[str]) -> None:
    """Let the engine have found an episode of each of the patients, who agreed to it."""
    with writing(store) as connection:
        for patient in patients:
            person = person_for(connection, "sandbox", issuer, patient, create=True)
            assert person is not None
            record(connection, "sandbox", person, [RHYTHM], "I agree")
            record_started(connection, detection(person, patient))


def taken_at(store: Engine, person: int, start: datetime, verdict: str) -> None:
    """Keep an ECG of 30 s that a person took, with its vendor's verdict, without a waveform."""
    begin = to_micros(start)
    texts = dict.fromkeys(("device", "vendor_id", "vendor_verdict", "lead", "site", "flaw"), "")
    with writing(store) as connection:
        connection.execute(
            ecg_recordings.insert().values(
                **texts,
                tenant="sandbox",
                person_id=person,
                source="kardia",
                second=begin // 1_000_000,
                start=begin,
                end=begin + 30_000_000,
                verdict=verdict,
                version=1,
                recorded_at=begin,
            )
        )
