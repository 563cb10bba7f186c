"""Episodes become findings: one open finding a person, whatever comes again."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from wearable_agg.delivery.findings import (
    list_findings,
    record_continued,
    record_ended,
    record_started,
    strip,
)
from wearable_agg.people.registry import person_for
from wearable_agg.store.audit_tables import audit
from wearable_agg.store.database import writing
from wearable_agg.store.findings_tables import episodes, findings
from wearable_agg.store.outbox_tables import outbox
from wearable_agg.store.people_tables import persons


def shown(store, person):
    with store.connect() as connection:
        [finding] = list_findings(connection, person)
    return finding


def count(store, table):
    with store.connect() as connection:
        return len(connection.execute(select(table)).all())


def test_an_episode_opens_a_finding_with_its_write_and_its_audit_row(store, detect, person):
    with writing(store) as connection:
        record_started(connection, detect(end=None))
    finding = shown(store, person)
    assert (finding["kind"], finding["state"]) == ("atrial-fibrillation", "open")
    assert (finding["onset"], finding["end"]) == ("2026-03-01T06:30:00Z", None)
    assert finding["write"]["state"] == "pending"
    with store.connect() as connection:
        actions = connection.execute(select(audit.c.action)).scalars().all()
    assert actions == ["finding.opened", "outbox.queued"]


def fail_after_recording(store, detection):
    with writing(store) as connection:
        record_started(connection, detection)
        raise ZeroDivisionError


def test_nothing_is_kept_where_the_engines_transaction_fails(store, detect):
    with pytest.raises(ZeroDivisionError):
        fail_after_recording(store, detect())
    assert [count(store, table) for table in (findings, episodes, outbox, audit)] == [0, 0, 0, 0]


@pytest.mark.threat("T29")
def test_the_same_episode_recorded_again_changes_nothing(store, detect, person):
    for _ in range(3):
        with writing(store) as connection:
            record_started(connection, detect(end=None))
    assert [count(store, table) for table in (findings, episodes, outbox)] == [1, 1, 1]


def test_an_onset_that_differs_below_a_millisecond_is_the_same(store, detect):
    with writing(store) as connection:
        first = record_started(connection, detect())
        again = detect(onset=detect().onset + timedelta(microseconds=300))
        assert record_started(connection, again) == first
    assert count(store, episodes) == 1


def test_a_finding_keeps_what_explained_the_decision_that_opened_it(store, detect, person):
    with writing(store) as connection:
        record_started(connection, detect(probability=0.93, evidence={"cosen": -0.9}))
        record_ended(connection, detect(seen=10))
        record_started(connection, detect(begin=60, seen=62, probability=0.7))
    finding = shown(store, person)
    assert finding["probability"] == 0.93
    assert finding["evidence"] == [{"name": "cosen", "value": -0.9}]


def test_the_duration_grows_as_the_episode_goes_on(store, detect, person):
    with writing(store) as connection:
        record_started(connection, detect(seen=2, end=None))
        record_continued(connection, detect(seen=7))
    assert shown(store, person)["duration_seconds"] == 420
    assert shown(store, person)["end"] is None


def test_an_ended_episode_stays_ended_when_older_events_come_again(store, detect, person):
    with writing(store) as connection:
        record_started(connection, detect(seen=2, end=None))
        record_ended(connection, detect(seen=10))
        record_started(connection, detect(seen=2, end=None))
        record_continued(connection, detect(seen=8))
    assert shown(store, person)["end"] == "2026-03-01T06:40:00Z"


@pytest.mark.threat("T31")
def test_a_new_episode_joins_the_open_finding(store, detect, person):
    with writing(store) as connection:
        first = record_started(connection, detect())
        record_ended(connection, detect(seen=10))
        assert record_started(connection, detect(begin=60, seen=62, end=None)) == first
    assert [count(store, table) for table in (findings, episodes, outbox)] == [1, 2, 1]
    assert shown(store, person)["duration_seconds"] == 720


def test_an_end_without_a_start_is_recorded_all_the_same(store, detect, person):
    with writing(store) as connection:
        record_ended(connection, detect(seen=5))
    assert shown(store, person)["duration_seconds"] == 300


def test_another_persons_episode_is_another_finding(store, detect):
    with writing(store) as connection:
        other = person_for(connection, "sandbox", "http://ehr", "p2", create=True)
        record_started(connection, detect())
        record_started(connection, detect(person_id=other, stream="patch-2/II"))
    assert count(store, findings) == 2


def test_the_strip_comes_back_in_microvolts(store, detect, person):
    with writing(store) as connection:
        finding = record_started(connection, detect())
        shown_strip = strip(connection, person, finding)
    assert len(shown_strip["samples"]) == 250
    assert shown_strip["samples"][10] == pytest.approx(0.5 * int(detect().strip.samples[10]))
    assert shown_strip["lead_code"] == "131330"


def test_a_strip_is_not_shown_for_another_person(store, detect, person):
    with writing(store) as connection:
        finding = record_started(connection, detect())
        assert strip(connection, person + 1, finding) is None


def test_a_person_without_a_chart_has_a_finding_that_waits(store, detect):
    with writing(store) as connection:
        values = {"tenant": "sandbox", "timezone": "UTC", "created_at": 0}
        alone = connection.execute(
            persons.insert().values(**values).returning(persons.c.id)
        ).scalar_one()
        record_started(connection, detect(person_id=alone))
        [finding] = list_findings(connection, alone)
    assert finding["write"]["state"] == "waiting"
    assert "No chart" in finding["write"]["reason"]
