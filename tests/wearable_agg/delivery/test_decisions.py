"""What clinicians decide about a finding: state, write and audit as one, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text

from clinical.findings import OPEN_STATES, Decision, NotAllowedNow
from wearable_agg.delivery.decisions import Said, StaleFinding, UnknownFinding, Wordless, decide
from wearable_agg.delivery.findings import list_findings, record_ended, record_started
from wearable_agg.store.audit_tables import audit
from wearable_agg.store.database import writing
from wearable_agg.store.delivery_tables import worklist
from wearable_agg.store.findings_tables import decisions, episodes, findings, strips
from wearable_agg.store.outbox_tables import outbox


@pytest.fixture
def finding(store, detect):
    with writing(store) as connection:
        return record_started(connection, detect())


@pytest.fixture
def make(store, clinician, person, finding):
    """Decide about the finding: `make("resolved", version=2)`."""

    def make(decision="acknowledged", version=1, note="", key="", asker=clinician, whose=person):
        said = Said(Decision(decision), version, note)
        with writing(store) as connection:
            return decide(connection, asker, whose, finding, said, key or f"{decision}-{version}")

    return make


def kinds(store):
    with store.connect() as connection:
        return connection.execute(select(outbox.c.kind).order_by(outbox.c.id)).scalars().all()


def test_a_decision_is_recorded_with_who_and_when_and_queued_for_the_chart(store, clinician, make):
    shown = make("acknowledged", note="Seen")
    assert (shown["state"], shown["version"]) == ("acknowledged", 2)
    [done] = shown["decisions"]
    assert (done["decision"], done["name"], done["note"]) == (
        "acknowledged",
        "Dr Ingrid Lind",
        "Seen",
    )
    assert kinds(store) == ["flag", "decision"]
    with store.connect() as connection:
        row = connection.execute(select(audit).where(audit.c.action == "finding.acknowledged"))
        assert row.one().actor == clinician.user


def test_the_same_request_again_is_recorded_once(store, make):
    assert make(key="k1") == make(key="k1")
    assert kinds(store) == ["flag", "decision"]


def test_a_decision_on_what_has_been_decided_meanwhile_is_stale(store, make):
    make("acknowledged")
    with pytest.raises(StaleFinding):
        make("rejected", version=1)
    assert kinds(store) == ["flag", "decision"]


def test_a_finding_of_another_person_or_tenant_is_unknown(make, clinician, person):
    with pytest.raises(UnknownFinding):
        make(whose=person + 1)
    with pytest.raises(UnknownFinding):
        make(asker=replace(clinician, tenant="other"))


def test_what_cannot_be_decided_there_changes_nothing(store, make):
    with pytest.raises(NotAllowedNow):
        make("reopened")
    with pytest.raises(Wordless):
        make("commented", note="  ")
    assert kinds(store) == ["flag"]


def test_a_history_is_kept_whole_and_in_order(make):
    made = ("acknowledged", "confirmed", "commented", "resolved", "reopened", "unreadable")
    for version, decision in enumerate(made, 1):
        shown = make(decision, version, note="words")
    assert [each["decision"] for each in shown["decisions"]] == list(made)
    assert (shown["state"], shown["version"]) == ("unreadable", 7)


@pytest.mark.parametrize("closing", ["rejected", "unreadable", "resolved"])
def test_what_a_person_closed_the_machine_does_not_reopen(store, detect, make, finding, closing):
    make(closing)
    with writing(store) as connection:
        assert record_ended(connection, detect(seen=20)) == finding
        later = record_started(connection, detect(begin=60, seen=62))
    assert later != finding
    with store.connect() as connection:
        states = dict(connection.execute(select(findings.c.id, findings.c.state)).all())
    assert (states[finding], states[later]) == (closing, "open")


def test_a_closed_finding_is_not_reopened_beside_a_later_one(store, detect, make):
    make("resolved")
    with writing(store) as connection:
        record_started(connection, detect(begin=60, seen=62))
    with pytest.raises(NotAllowedNow, match="later finding"):
        make("reopened", version=2)


@pytest.mark.threat("T31")
def test_a_year_of_one_patient_is_one_open_finding_and_one_flag(store, detect, person):
    with writing(store) as connection:
        for day in range(365):
            begun = 24 * 60 * day + 17 * (day % 31)
            record_ended(connection, detect(begin=begun, seen=begun + 5 + day % 40))
        for day in range(0, 365, 30):  # and a part of it comes again
            begun = 24 * 60 * day + 17 * (day % 31)
            record_started(connection, detect(begin=begun, seen=begun + 1, end=None))
        [shown] = list_findings(connection, person)
        assert len(connection.execute(select(episodes.c.id)).all()) == 365
    assert kinds(store) == ["flag"]
    assert shown["state"] == "open"
    assert shown["onset"] == "2026-03-01T06:30:00Z"


def test_the_database_itself_refuses_a_second_open_finding(store, detect, make):
    make("confirmed")
    with pytest.raises(Exception, match=r"(?i)unique"), writing(store) as connection:
        connection.execute(
            text(
                "INSERT INTO findings SELECT 'twin', tenant, person_id, kind, 'open', version, "
                "'other', onset, \"end\", last_seen_at, detected_at, mean_rate, max_rate, "
                "coverage, decider, decider_version, signal, device, created_at, probability, "
                "evidence FROM findings"
            )
        )


_EVENTS = st.lists(
    st.one_of(st.integers(1, 2000), st.sampled_from(Decision)), min_size=5, max_size=40
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(_EVENTS)
def test_however_episodes_and_decisions_fall_at_most_one_is_open(
    store, detect, clinician, person, events
):
    with writing(store) as connection:
        for table in (decisions, outbox, episodes, strips, worklist, findings):
            connection.execute(delete(table))
        minute = 0
        for number, event in enumerate(events):
            if isinstance(event, Decision):
                _decide_latest(connection, clinician, person, event, str(number))
            else:
                minute += event
                record_ended(connection, detect(begin=minute, seen=minute + 1))
        shown = list_findings(connection, person)
        flags = connection.execute(select(outbox.c.id).where(outbox.c.kind == "flag")).all()
    assert sum(each["state"] in OPEN_STATES for each in shown) <= 1
    assert len(flags) == len(shown)


def _decide_latest(connection, asker, person, decision, key):
    shown = list_findings(connection, person)
    if shown:
        said = Said(decision, shown[0]["version"], "words")
        try:
            decide(connection, asker, person, shown[0]["id"], said, key)
        except NotAllowedNow:
            return


def test_news_of_an_episode_going_on_extends_the_confirmed_finding(store, detect, make, finding):
    make("confirmed")
    with writing(store) as connection:
        assert record_started(connection, detect(begin=90, seen=95)) == finding
    assert kinds(store) == ["flag", "decision"]


def test_the_onset_of_the_finding_is_that_of_its_first_episode(store, detect, person, finding):
    with writing(store) as connection:
        record_started(connection, detect(begin=-30, seen=-20))
        [shown] = list_findings(connection, person)
    assert shown["onset"] == (detect().onset - timedelta(minutes=30)).isoformat().replace(
        "+00:00", "Z"
    )
