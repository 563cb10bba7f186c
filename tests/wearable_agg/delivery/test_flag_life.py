"""A Flag's life in a real EHR: made once, changed by people's decisions and by nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from clinical.findings import Decision
from clinical.rules import configured
from tests.support.episodes import taken_at
from wearable_agg.delivery.decisions import Said, decide
from wearable_agg.delivery.findings import record_ended
from wearable_agg.delivery.modes import WriteMode
from wearable_agg.delivery.patient_facts import PatientRecord
from wearable_agg.delivery.reconciler import Reconciler
from wearable_agg.delivery.worker import Destination
from wearable_agg.people.proposals import open_proposals
from wearable_agg.store.database import writing
from wearable_agg.store.findings_tables import findings
from wearable_agg.store.outbox_tables import outbox

PATIENT = "marit-solheim"


@pytest.fixture
def act(site, clinician):
    """Decide about the hero's latest finding: `act("resolved")`."""
    asker = replace(clinician, user=f"{site.ehr.issuer}/Practitioner/ingrid-lind")

    def act(decision, note=""):
        with writing(site.store) as connection:
            latest = select(findings).order_by(findings.c.onset.desc()).limit(1)
            row = connection.execute(latest).mappings().one()
            said = Said(Decision(decision), row["version"], note)
            key = f"{decision}-{row['id']}-{row['version']}"
            decide(connection, asker, site.person, row["id"], said, key)

    return act


def flags(site):
    held = site.ehr.held("Flag", PATIENT)
    return [flag for flag in held if "wristchart" in str(flag.get("identifier"))]


def the_flag(site):
    [flag] = flags(site)
    return flag


def decided(flag):
    marks = [each for each in flag["extension"] if each["url"].endswith("flag-decision")]
    return [mark["extension"][0]["valueCode"] for mark in marks]


def set_mode(site, mode, **more):
    [(key, old)] = site.delivery.charts.items()
    site.delivery.charts[key] = replace(old, mode=mode, **more)


class Grown:
    """A patient who is of age and has nothing on the problem list."""

    def of(self, patient):
        return PatientRecord("", date(1958, 3, 14), frozenset())


@pytest.mark.parametrize(
    ("decision", "status"),
    [
        ("confirmed", "active"),
        ("rejected", "entered-in-error"),
        ("unreadable", "inactive"),
        ("resolved", "inactive"),
    ],
)
def test_each_decision_reaches_the_flag_with_its_person(site, detect, act, decision, status):
    site.detect(detect())
    site.deliver()
    act(decision, "as seen on 12 leads")
    site.deliver()
    flag = the_flag(site)
    assert (flag["status"], decided(flag)) == (status, [decision])
    assert ("end" in flag["period"]) == (status == "inactive")
    origins = site.ehr.held("Provenance", PATIENT)
    assert "Dr Ingrid Lind" in [each["agent"][0]["who"].get("display") for each in origins]
    assert site.states() == ["done", "done"]


def test_a_whole_life_is_one_flag_with_every_decision_in_order(site, detect, act):
    site.detect(detect())
    life = ["acknowledged", "confirmed", "resolved", "commented", "reopened", "rejected"]
    for decision in life:
        act(decision, "words")
        site.deliver()
    flag = the_flag(site)
    assert (flag["status"], decided(flag)) == ("entered-in-error", life)
    assert "end" not in flag["period"]


def test_a_comment_leaves_the_flag_active_and_carries_the_words(site, detect, act):
    site.detect(detect())
    site.deliver()
    act("commented", "Pacemaker clinic informed")
    site.deliver()
    assert the_flag(site)["status"] == "active"
    assert "Pacemaker clinic informed" in str(the_flag(site)["extension"])


@pytest.mark.threat("T37")
def test_a_status_given_in_the_ehr_is_not_undone_by_reopening(site, detect, act):
    site.detect(detect())
    site.deliver()
    act("resolved")
    site.deliver()
    site.ehr.edit(the_flag(site), lambda it: it.update(status="entered-in-error"))
    act("reopened")
    site.deliver()
    assert the_flag(site)["status"] == "entered-in-error"
    assert site.states()[-1] == "parked"


def test_what_was_closed_before_it_was_sent_is_never_sent(site, detect, act):
    site.detect(detect())
    act("rejected")
    site.deliver()
    assert (flags(site), site.states()) == ([], ["unsent", "done"])
    act("reopened")
    site.deliver()
    assert the_flag(site)["status"] == "active"


class Unread:
    """A patient whose problem list delivery may not read."""

    def of(self, patient):
        return PatientRecord("", date(1958, 3, 14), None)


def test_what_was_not_known_is_kept_with_the_write_and_told_in_the_chart(site, detect):
    set_mode(site, WriteMode.AUTOMATIC, facts=Unread(), rules=configured())
    record_episode(site, detect(seen=20))
    site.deliver()
    assert site.finding()["write"]["unknown"] == ["problem list"]
    [evidence] = site.ehr.held("Observation", PATIENT)
    assert "rules were asked: problem list" in str(evidence["note"])
    assert the_flag(site)["status"] == "active"


def test_what_is_known_by_then_is_stated_no_more(site, detect):
    set_mode(site, WriteMode.AUTOMATIC, facts=Unread(), rules=configured())
    record_episode(site, detect(seen=1))
    site.deliver()
    assert site.finding()["write"]["unknown"] == ["problem list"]
    set_mode(site, WriteMode.AUTOMATIC, facts=Grown())
    record_episode(site, detect(begin=20, seen=30))
    site.deliver()
    assert (site.finding()["write"]["unknown"], site.states()) == ([], ["done"])


def record_episode(site, detection):
    with writing(site.store) as connection:
        return record_ended(connection, replace(detection, person_id=site.person))


def test_after_the_cooldown_a_new_episode_makes_a_new_flag(site, detect, act):
    set_mode(site, WriteMode.AUTOMATIC, facts=Grown(), rules=configured())
    record_episode(site, detect(seen=20))
    site.deliver()
    act("rejected")
    site.deliver()
    record_episode(site, detect(begin=60, seen=80))
    site.deliver()
    assert [flag["status"] for flag in flags(site)] == ["entered-in-error"]
    assert site.states() == ["done", "done", "retry"]
    site.deliver((configured().cooldown + timedelta(minutes=1)).total_seconds())
    assert sorted(flag["status"] for flag in flags(site)) == ["active", "entered-in-error"]


def test_of_a_cluster_that_was_resolved_there_is_no_second_flag_while_it_lasts(site, detect, act):
    set_mode(site, WriteMode.AUTOMATIC, facts=Grown(), rules=configured())
    record_episode(site, detect(seen=20))
    site.deliver()
    act("resolved")
    site.deliver()
    record_episode(site, detect(begin=600, seen=620))
    site.deliver(2 * configured().cooldown.total_seconds())
    assert ([flag["status"] for flag in flags(site)], site.states()[-1]) == (["inactive"], "retry")
    with site.store.connect() as connection:
        held = connection.execute(select(outbox.c.reason).order_by(outbox.c.id.desc())).scalar()
    assert "one cluster" in held
    record_episode(site, detect(begin=20 + 24 * 60, seen=40 + 24 * 60))
    site.deliver()
    assert sorted(flag["status"] for flag in flags(site)) == ["active", "inactive"]


def test_heart_beats_that_an_ecg_outweighs_are_held(site, detect):
    set_mode(site, WriteMode.AUTOMATIC, facts=Grown(), rules=configured())
    record_episode(site, detect(seen=20, decider="wristchart-beats", strip=None))
    taken_at(site.store, site.person, detect().onset + timedelta(minutes=5), "sinus_rhythm")
    site.deliver()
    assert (flags(site), site.finding()["write"]["state"]) == ([], "held")
    record_episode(site, detect(begin=40, seen=60, decider="wristchart-beats", strip=None))
    site.deliver()
    assert the_flag(site)["code"]["coding"][0]["code"] == "361137007"


def test_an_ecg_of_two_minutes_is_not_held_for_longer_beats_without_one(site, detect):
    set_mode(site, WriteMode.AUTOMATIC, facts=Grown(), rules=configured())
    record_episode(site, detect(seen=5, decider="wristchart-beats", strip=None))
    site.deliver()
    assert "shorter" in site.finding()["write"]["reason"]
    record_episode(site, detect(begin=20, seen=23, stream="patch-2/II"))
    site.deliver()
    assert the_flag(site)["code"]["coding"][0]["code"] == "164889003"


def test_a_held_finding_does_not_keep_words_on_another_waiting(site, detect, act, clinician):
    set_mode(site, WriteMode.AUTOMATIC, facts=Grown(), rules=configured())
    first = record_episode(site, detect(seen=20))
    site.deliver()
    act("resolved")
    record_episode(site, detect(begin=60, seen=80))
    site.deliver()
    with writing(site.store) as connection:
        said = Said(Decision.COMMENTED, 2, "Known since 2019")
        decide(connection, clinician, site.person, first, said, "k")
    site.deliver()
    assert site.states() == ["done", "done", "retry", "done"]
    assert decided(the_flag(site)) == ["resolved", "commented"]


def test_a_flag_that_came_late_of_what_was_closed_unsent_is_taken_back(site, detect, act):
    site.detect(detect())
    site.deliver()
    with writing(site.store) as connection:  # its send was ambiguous, and it was closed meanwhile
        connection.execute(outbox.update().values(state="pending", result=None))
    act("rejected")
    site.deliver()
    assert (the_flag(site)["status"], site.states()) == ("active", ["unsent", "done"])
    reconciler = Reconciler(site.store, site.delivery.charts, site.delivery.identity)
    reconciler.reconcile(("sandbox", site.ehr.issuer), "hourly")
    assert the_flag(site)["status"] == "entered-in-error"


def test_shadow_does_everything_but_the_sending(site, detect, act):
    set_mode(site, WriteMode.SHADOW)
    site.detect(detect())
    act("acknowledged")
    site.deliver()
    assert (flags(site), site.states()) == ([], ["unsent", "unsent"])
    assert site.ehr.held("Observation", PATIENT) == []
    with site.store.connect() as connection:
        reasons = set(connection.execute(select(outbox.c.reason)).scalars())
    assert reasons == {"shadow mode: this hospital has not switched writing on"}


def test_after_confirmation_only_a_confirmation_sends(site, detect, act):
    set_mode(site, WriteMode.AFTER_CONFIRMATION)
    site.detect(detect())
    site.deliver()
    act("acknowledged")
    site.deliver()
    assert flags(site) == []
    act("confirmed")
    site.deliver()
    assert decided(the_flag(site)) == ["acknowledged", "confirmed"]


def test_the_mode_of_a_chart_is_its_own(site):
    [destination] = site.delivery.charts.values()
    assert isinstance(destination, Destination)
    assert destination.mode is WriteMode.AUTOMATIC


class Replaced:
    """A patient whose record was merged into another one."""

    def of(self, patient):
        return PatientRecord("The record was merged", None, None, replaced_by="marit-new")


def test_a_record_that_was_merged_gets_no_flag_and_its_merge_is_proposed(site, detect):
    set_mode(site, WriteMode.AUTOMATIC, facts=Replaced())
    site.detect(detect())
    site.deliver()
    assert flags(site) == []
    with site.store.connect() as connection:
        [proposal] = open_proposals(connection, "sandbox", site.ehr.issuer)
    assert (proposal.retired.patient_id, proposal.surviving) == (PATIENT, "marit-new")
