"""From the outbox into a real EHR."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from clinical.findings import Decision
from wearable_agg.delivery.decisions import Said
from wearable_agg.delivery.decisions import decide as record_decision
from wearable_agg.delivery.detection import Tachogram, TimedBeat
from wearable_agg.delivery.findings import record_started
from wearable_agg.delivery.uploads import day_changed, day_gone
from wearable_agg.people.consents import revoke
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import writing
from wearable_agg.store.outbox_tables import outbox

PATIENT = "marit-solheim"
QUARANTINE = 121
BEATS = Tachogram(
    datetime(2026, 3, 1, 6, 30, tzinfo=UTC), [TimedBeat(700 * n, False, None) for n in range(40)]
)


def flags(site):
    return site.ehr.held("Flag", PATIENT)


def ours(site):
    return [flag for flag in flags(site) if "wristchart" in str(flag.get("identifier"))]


def decide(site, clinician, finding, note="Seen", version=1, key="k1"):
    asker = replace(clinician, user=f"{site.ehr.issuer}/Practitioner/ingrid-lind")
    with writing(site.store) as connection:
        said = Said(Decision.ACKNOWLEDGED, version, note)
        record_decision(connection, asker, site.person, finding, said, key)


def put_day(site, value, kind="steps", unit="{steps}"):
    with writing(site.store) as connection:
        day_changed(connection, site.person, date(2026, 2, 27), kind, value, unit)


def days(site, code="41950-7"):
    return [
        held
        for held in site.ehr.held("Observation", PATIENT)
        if held["code"]["coding"][0]["code"] == code
    ]


def marks(flag):
    return [each for each in flag["extension"] if each["url"].endswith("flag-decision")]


def test_a_finding_becomes_one_flag_with_evidence_author_and_provenance(site, detect):
    site.detect(detect())
    assert site.deliver() == 1
    [flag] = ours(site)
    [detail] = [each for each in flag["extension"] if each["url"].endswith("flag-detail")]
    [evidence] = days(site, "11524-6")
    assert detail["valueReference"]["reference"] == f"Observation/{evidence['id']}"
    assert flag["author"]["reference"].startswith("Device/")
    [origin] = site.ehr.held("Provenance", PATIENT)
    assert origin["target"][0]["reference"] == f"Flag/{flag['id']}"
    assert site.finding()["write"]["state"] == "saved"


def test_a_finding_of_beats_alone_says_so_in_the_chart(site, detect):
    alone = {"decider": "wristchart-beats", "strip": None, "tachogram": BEATS}
    site.detect(detect(**alone))
    site.deliver()
    [flag] = ours(site)
    [evidence] = days(site, "8884-9")
    assert flag["code"]["text"] == "Possible atrial fibrillation, from heart beats alone"
    assert evidence["component"][0]["valueString"] == " ".join(["700"] * 39)
    assert days(site, "11524-6") == []
    shown = site.finding()
    assert (shown["beats_alone"], shown["has_beats"], shown["has_strip"]) == (True, True, False)


def test_an_ecg_that_comes_later_ends_that_it_rests_on_beats_alone(site, detect):
    site.detect(detect(decider="wristchart-beats", strip=None, tachogram=BEATS))
    site.detect(detect(30, 33, stream="patch-2/II"))
    shown = site.finding()
    assert (shown["beats_alone"], shown["has_beats"], shown["has_strip"]) == (False, True, True)
    site.deliver()
    assert len(days(site, "11524-6")) == 1


def test_nothing_more_is_sent_once_it_is_there(site, detect):
    site.detect(detect())
    site.deliver()
    assert site.deliver(86_400) == 0


@pytest.mark.threat("T34")
def test_a_lost_reply_is_looked_up_not_sent_again(site, detect):
    site.ehr.faults(lose_replies=1)
    site.detect(detect())
    site.deliver()
    assert site.states() == ["unknown"]
    assert site.finding()["write"]["state"] == "waiting"
    assert site.deliver(60) == 0
    site.deliver(QUARANTINE)
    assert site.states() == ["done"]
    assert len(ours(site)) == 1
    assert len(site.ehr.held("Provenance", PATIENT)) == 1


@pytest.mark.threat("T35")
def test_an_ehr_in_maintenance_gets_it_afterwards(site, detect):
    site.ehr.faults(down=True)
    site.detect(detect())
    site.deliver()
    assert site.states() == ["retry"]
    site.ehr.faults(down=False)
    site.deliver(5)
    assert len(ours(site)) == 1


def test_a_second_site_with_the_same_key_adds_no_flag(site, detect):
    site.detect(detect())
    site.deliver()
    with writing(site.store) as connection:
        connection.execute(outbox.update().values(state="pending", result=None))
    site.deliver()
    assert site.states() == ["done"]
    assert len(ours(site)) == 1


def test_an_acknowledgement_marks_the_flag_which_stays_active(site, detect, clinician):
    finding = site.detect(detect())
    decide(site, clinician, finding)
    site.deliver()
    [flag] = ours(site)
    [mark] = marks(flag)
    parts = {part["url"]: part for part in mark["extension"]}
    assert flag["status"] == "active"
    assert parts["by"]["valueReference"]["reference"] == "Practitioner/ingrid-lind"
    assert parts["note"]["valueString"] == "Seen"
    origins = site.ehr.held("Provenance", PATIENT)
    agents = [origin["agent"][0]["who"].get("display") for origin in origins]
    assert "Dr Ingrid Lind" in agents
    assert site.finding()["write"]["state"] == "saved"


@pytest.mark.threat("T37")
def test_a_persons_edit_in_the_ehr_survives_the_acknowledgement(site, detect, clinician):
    finding = site.detect(detect())
    site.deliver()
    [flag] = ours(site)
    site.ehr.edit(flag, lambda it: it["code"].update(text="Discussed with the patient"))
    decide(site, clinician, finding)
    site.deliver()
    [flag] = ours(site)
    assert flag["code"]["text"] == "Discussed with the patient"
    assert len(marks(flag)) == 1


@pytest.mark.threat("T37")
def test_an_edit_between_reading_and_writing_survives_too(site, detect, clinician):
    finding = site.detect(detect())
    site.deliver()
    [destination] = site.delivery.charts.values()
    update, edits = destination.chart.update, []

    def after_an_edit(resource, version, also=()):
        if not edits:
            edits.append(True)
            [flag] = ours(site)
            site.ehr.edit(flag, lambda it: it["code"].update(text="Edited just now"))
        return update(resource, version, also)

    destination.chart.update = after_an_edit
    decide(site, clinician, finding)
    site.deliver()
    [flag] = ours(site)
    assert (flag["code"]["text"], len(marks(flag))) == ("Edited just now", 1)


@pytest.mark.threat("T37")
@pytest.mark.parametrize("status", ["inactive", "entered-in-error"])
def test_a_flag_that_a_person_closed_is_left_alone(site, detect, clinician, status):
    finding = site.detect(detect())
    site.deliver()
    [flag] = ours(site)
    site.ehr.edit(flag, lambda it: it.update(status=status))
    decide(site, clinician, finding)
    site.deliver()
    [flag] = ours(site)
    assert (flag["status"], marks(flag)) == (status, [])
    assert site.states() == ["done", "parked"]
    assert status in site.finding()["write"]["reason"]


def test_an_acknowledgement_whose_reply_was_lost_is_there_once(site, detect, clinician):
    finding = site.detect(detect())
    site.deliver()
    decide(site, clinician, finding)
    site.ehr.faults(lose_replies=1)
    site.deliver()
    site.deliver(QUARANTINE)
    [flag] = ours(site)
    assert (site.states(), len(marks(flag))) == (["done", "done"], 1)


def test_a_day_uploaded_twice_is_there_once(site):
    put_day(site, 8123)
    site.deliver()
    put_day(site, 8123)
    site.deliver()
    [held] = days(site)
    assert (held["status"], held["valueQuantity"]["value"]) == ("final", 8123)


def test_a_corrected_day_becomes_amended(site):
    put_day(site, 8123)
    site.deliver()
    put_day(site, 8200)
    site.deliver()
    [held] = days(site)
    assert (held["status"], held["valueQuantity"]["value"]) == ("amended", 8200)


def test_a_day_corrected_while_its_reply_was_lost_is_amended(site):
    site.ehr.faults(lose_replies=1)
    put_day(site, 8123)
    site.deliver()
    put_day(site, 8200)
    site.deliver(QUARANTINE)
    [held] = days(site)
    assert (site.states(), held["status"]) == (["done"], "amended")
    assert held["valueQuantity"]["value"] == 8200


def test_resting_heart_rate_goes_by_its_own_code(site):
    put_day(site, 58.4, "resting_heart_rate", "/min")
    site.deliver()
    [held] = days(site, "40443-4")
    assert held["valueQuantity"]["value"] == 58.4


def test_a_day_a_person_struck_out_is_not_brought_back(site):
    put_day(site, 8123)
    site.deliver()
    [held] = days(site)
    site.ehr.edit(held, lambda it: it.update(status="entered-in-error"))
    put_day(site, 8200)
    site.deliver()
    [held] = days(site)
    assert (held["status"], site.states()) == ("entered-in-error", ["parked"])


def take_back(site):
    with writing(site.store) as connection:
        day_gone(connection, site.person, date(2026, 2, 27), "steps")


def test_a_total_that_was_taken_back_is_entered_in_error(site):
    put_day(site, 8123)
    site.deliver()
    take_back(site)
    site.deliver()
    [held] = days(site)
    assert (held["status"], site.states()) == ("entered-in-error", ["done"])
    take_back(site)
    assert site.deliver() == 0


@pytest.mark.parametrize("value", [8123, 8200])
def test_a_total_that_we_took_back_stands_again_when_it_comes_back(site, value):
    put_day(site, 8123)
    site.deliver()
    take_back(site)
    site.deliver()
    put_day(site, value)
    site.deliver()
    [held] = days(site)
    assert (held["status"], held["valueQuantity"]["value"]) == ("amended", value)


def test_a_total_taken_back_that_a_person_then_changed_is_left_to_them(site):
    put_day(site, 8123)
    site.deliver()
    take_back(site)
    site.deliver()
    [held] = days(site)
    site.ehr.edit(held, lambda it: it.update(note=[{"text": "Wrong wrist"}]))
    put_day(site, 8200)
    site.deliver()
    [held] = days(site)
    assert (held["status"], site.states()) == ("entered-in-error", ["parked"])


def test_a_total_taken_back_before_it_was_sent_never_comes_into_the_chart(site):
    put_day(site, 8123)
    take_back(site)
    site.deliver()
    assert (days(site), site.states()) == ([], ["unsent"])
    put_day(site, 8200)
    site.deliver()
    [held] = days(site)
    assert (held["status"], held["valueQuantity"]["value"]) == ("final", 8200)


def test_a_total_taken_back_while_its_reply_was_lost_is_entered_in_error(site):
    site.ehr.faults(lose_replies=1)
    put_day(site, 8123)
    site.deliver()
    take_back(site)
    site.deliver(QUARANTINE)
    [held] = days(site)
    assert (held["status"], site.states()) == ("entered-in-error", ["done"])


def test_what_was_never_queued_is_not_taken_back(site):
    take_back(site)
    assert site.states() == []


@pytest.mark.threat("T42")
def test_nothing_is_uploaded_once_consent_is_withdrawn(site):
    put_day(site, 8123)
    with writing(site.store) as connection:
        revoke(connection, site.person, ["steps"])
    site.deliver()
    assert (days(site), site.states()) == ([], ["parked"])


@pytest.mark.threat("T42")
def test_consent_is_asked_again_before_a_retry(site):
    site.ehr.faults(down=True)
    put_day(site, 8123)
    site.deliver()
    with writing(site.store) as connection:
        revoke(connection, site.person, ["steps"])
    site.ehr.faults(down=False)
    site.deliver(5)
    assert (days(site), site.states()) == ([], ["parked"])


def test_an_unknown_patient_does_not_hold_up_others(site, detect):
    with writing(site.store) as connection:
        stranger = person_for(connection, "sandbox", site.ehr.issuer, "nobody", create=True)
    site.detect(detect())
    with writing(site.store) as connection:
        record_started(connection, detect(person_id=stranger, stream="patch-9/II"))
    site.deliver()
    assert len(ours(site)) == 1
    assert site.states()[0] == "done"
    assert site.states()[1] in ("dead", "parked")
