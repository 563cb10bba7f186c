"""A clinician's acknowledgement: state, write and audit as one, once."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from wearable_agg.delivery.acknowledgement import StaleFinding, UnknownFinding, acknowledge
from wearable_agg.delivery.findings import record_started
from wearable_agg.store.audit_tables import audit
from wearable_agg.store.database import writing
from wearable_agg.store.outbox_tables import outbox


@pytest.fixture
def finding(store, detect):
    with writing(store) as connection:
        return record_started(connection, detect())


def decide(store, asker, person, finding, version=1, key="k1", note="Seen"):
    with writing(store) as connection:
        return acknowledge(connection, asker, person, finding, note, version, key)


def kinds(store):
    with store.connect() as connection:
        return connection.execute(select(outbox.c.kind).order_by(outbox.c.id)).scalars().all()


def test_it_is_recorded_with_who_and_when_and_queued_for_the_chart(
    store, clinician, person, finding
):
    shown = decide(store, clinician, person, finding)
    assert (shown["state"], shown["version"]) == ("acknowledged", 2)
    assert shown["acknowledged"]["name"] == "Dr Ingrid Lind"
    assert shown["acknowledged"]["note"] == "Seen"
    assert kinds(store) == ["flag", "acknowledgement"]
    with store.connect() as connection:
        row = connection.execute(select(audit).where(audit.c.action == "finding.acknowledged"))
        assert row.one().actor == clinician.user


def test_the_same_request_again_is_recorded_once(store, clinician, person, finding):
    assert decide(store, clinician, person, finding) == decide(store, clinician, person, finding)
    assert kinds(store) == ["flag", "acknowledgement"]


def test_a_decision_on_what_has_been_decided_meanwhile_is_stale(store, clinician, person, finding):
    decide(store, clinician, person, finding, key="k1")
    with pytest.raises(StaleFinding):
        decide(store, clinician, person, finding, version=1, key="k2")
    assert kinds(store) == ["flag", "acknowledgement"]


def test_a_finding_of_another_person_is_unknown(store, clinician, person, finding):
    with pytest.raises(UnknownFinding):
        decide(store, clinician, person + 1, finding)


def test_a_finding_of_another_tenant_is_unknown(store, clinician, person, finding):
    with pytest.raises(UnknownFinding):
        decide(store, replace(clinician, tenant="other"), person, finding)
