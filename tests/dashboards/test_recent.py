from __future__ import annotations

from datetime import date

from dashboards.recent import Recent
from dashboards.services import Missing
from tests.dashboards.fake_services import CONTEXT, FakeServices

FIRST, LAST = date(2026, 11, 1), date(2026, 11, 21)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_second_look_reads_nothing() -> None:
    services = FakeServices()
    recent = Recent(services)
    first = recent.wearables(CONTEXT, "a", FIRST, LAST)
    assert recent.wearables(CONTEXT, "a", FIRST, LAST) is first
    assert services.calls == ["Wearable data"]


def test_a_reloaded_page_and_another_context_read_afresh() -> None:
    services = FakeServices()
    recent = Recent(services)
    for context, visit in ((CONTEXT, "a"), (CONTEXT, "b"), ("another", "a")):
        recent.medications(context, visit)
    assert len(services.calls) == 3


def test_a_fresh_look_reads_again_and_is_kept() -> None:
    services = FakeServices()
    recent = Recent(services)
    recent.medications(CONTEXT, "a")
    fresh = recent.medications(CONTEXT, "a", fresh=True)
    assert recent.medications(CONTEXT, "a") is fresh
    assert len(services.calls) == 2


def test_what_is_kept_grows_old() -> None:
    services, clock = FakeServices(), Clock()
    recent = Recent(services, seconds=60, clock=clock)
    recent.medications(CONTEXT, "a")
    clock.now = 61
    recent.medications(CONTEXT, "a")
    assert len(services.calls) == 2


def test_a_missing_part_is_asked_again() -> None:
    services = FakeServices(missing={"Medications"})
    recent = Recent(services)
    assert isinstance(recent.medications(CONTEXT, "a"), Missing)
    services.missing.clear()
    assert not isinstance(recent.medications(CONTEXT, "a"), Missing)


def test_the_memory_has_a_limit() -> None:
    services = FakeServices()
    recent = Recent(services)
    for visit in range(200):
        recent.medications(CONTEXT, str(visit))
    recent.medications(CONTEXT, "199")
    recent.medications(CONTEXT, "0")
    assert len(services.calls) == 201
