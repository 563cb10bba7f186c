"""ECGs and notices of an irregular rhythm come from Google by polling alone, and often late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sandbox.wearer.people import WEARERS
from tests.sandbox_vendors.conftest import Simulators
from tests.sandbox_vendors.polled import Backend, linked_backend, set_synced
from wearable_agg.intake.health import REMARKS, Health, health_of
from wearable_agg.intake.withdrawal import withdraw
from wearable_agg.people.consents import RHYTHM
from wearable_agg.store.database import writing

NOTICES = "SELECT count(*), count(DISTINCT start) FROM rhythm_notices"
ECGS = "SELECT count(*), count(samples) FROM ecg_recordings"


@pytest.fixture
def backends(tmp_path: Path, simulators: Simulators) -> Iterator[dict[str, Backend]]:
    linked = {
        user: linked_backend(tmp_path / user, simulators, "google_health", user)
        for user in ("marit", "amara")
    }
    yield linked
    for one in linked.values():
        one.world.engine.dispose()


def health(backend: Backend) -> Health:
    with backend.world.engine.connect() as connection:
        return health_of(connection, backend.account, 900)


def test_ecgs_and_notices_of_a_watch_that_was_away_come_once(
    backends: dict[str, Backend], simulators: Simulators
) -> None:
    backend = backends["marit"]
    bouts = sorted(WEARERS["marit"].afib, reverse=True)[::2]
    recent = [ago for ago in bouts if ago < 60]
    assert recent
    set_synced(simulators, "marit", datetime.now(UTC) - timedelta(days=58))
    backend.link_jobs(3)
    assert backend.world.rows(NOTICES) == [(0, 0)]
    simulators.world.sync("marit")
    backend.poll()
    backend.poll()
    assert backend.world.rows(NOTICES) == [(len(recent), len(recent))]
    taken = len([ago for ago in [*bouts, 5] if ago < 13])
    assert backend.world.rows(ECGS) == [(taken, taken)]


def test_that_notices_are_switched_off_is_told_from_that_none_came(
    backends: dict[str, Backend],
) -> None:
    for backend in backends.values():
        backend.link_jobs(2)
    on, off = (health(backends[user]) for user in ("marit", "amara"))
    assert (on.is_well, on.remarks) == (True, ())
    assert (off.is_well, off.remarks) == (True, (REMARKS["rhythm_notification"],))


def test_without_consent_to_rhythm_nothing_of_it_is_kept(backends: dict[str, Backend]) -> None:
    backend = backends["amara"]
    with writing(backend.world.engine) as connection:
        withdraw(connection, "sandbox", 1, {RHYTHM}, "the patient")
    backend.link_jobs(30)
    assert backend.world.rows("SELECT count(*) FROM vendor_features") == [(0,)]
    assert backend.world.rows(ECGS) == [(0, 0)]
