"""An empty backend, one with a person who has linked a wearable, and one with a finding."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from werkzeug.test import TestResponse

from tests.support.backend import ISSUER, PATIENT, World, bearer, link_person, open_world
from wearable_agg.delivery.detection import Detection, Strip, Tachogram, TimedBeat
from wearable_agg.delivery.findings import record_started
from wearable_agg.people import consents
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import writing

Post = Callable[..., TestResponse]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    opened = open_world(tmp_path)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def linked(world: World) -> int:
    """The account that a person has linked."""
    return link_person(world)


@pytest.fixture
def post(world: World) -> Post:
    """Post to a route about a patient with scopes, under a fresh key unless headers are given."""
    client = world.api().test_client()

    def post(
        path: str,
        *scopes: str,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        patient: str = PATIENT,
        base: str = "/api/v1/patient",
    ) -> TestResponse:
        signed = bearer(world, *scopes, patient=patient)
        key = {"Idempotency-Key": str(uuid.uuid4())} if headers is None else headers
        return client.post(base + path, json=json or {}, headers={**signed, **key})

    return post


@pytest.fixture
def finding(world: World) -> str:
    """The id of a finding of marit-solheim."""
    now = datetime.now(UTC)
    strip = Strip(now, 250.0, "I", "131329", 2.5, np.arange(500, dtype=np.int16))
    told = [(0, False, None), (800, False, True), (5000, True, False)]
    beats = [TimedBeat(*one) for one in told]
    with writing(world.engine) as connection:
        person = person_for(connection, "sandbox", ISSUER, PATIENT, True, "Europe/Oslo")
        consents.record(connection, "sandbox", person, [consents.RHYTHM], "I agree")
        detection = Detection(
            tenant="sandbox",
            person_id=person,
            stream="patch/I",
            device="Patch",
            onset=now - timedelta(minutes=5),
            detected_at=now,
            end=now,
            mean_rate=110.0,
            max_rate=140.0,
            coverage=0.9,
            decider="wristchart",
            decider_version="1",
            signal="ECG",
            strip=strip,
            tachogram=Tachogram(now, beats),
        )
        return record_started(connection, detection)
