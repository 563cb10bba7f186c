"""The marks of decisions: what they change on what carries a finding, and what they never do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.findings import Decision, FindingState, after, allowed
from wearable_agg.delivery.marks import Mark, bears, decision_origin, marked, objection
from wearable_agg.delivery.validation import check

ISSUER = "http://localhost:8400/fhir"
AT = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)
START = "2026-02-28T06:30:00.000Z"


def mark(decision, number=1, note=""):
    at = AT + timedelta(minutes=number)
    return Mark(f"d{number}", Decision(decision), f"{ISSUER}/Practitioner/7", "Dr Lind", at, note)


def flag(**changes):
    made = {
        "resourceType": "Flag",
        "id": "1",
        "status": "active",
        "code": {"text": "Possible atrial fibrillation"},
        "subject": {"reference": "Patient/marit"},
        "period": {"start": START},
    }
    return {**made, **changes}


def after_all(*decisions, resource=None):
    made = resource or flag()
    for number, decision in enumerate(decisions, 1):
        assert objection(made, mark(decision, number)) == ""
        made = marked(made, mark(decision, number), ISSUER)
    return made


@pytest.mark.parametrize(
    ("decisions", "status", "ended"),
    [
        (("acknowledged",), "active", False),
        (("confirmed",), "active", False),
        (("commented",), "active", False),
        (("rejected",), "entered-in-error", False),
        (("unreadable",), "inactive", True),
        (("acknowledged", "resolved"), "inactive", True),
        (("resolved", "commented"), "inactive", True),
        (("resolved", "reopened"), "active", False),
        (("rejected", "reopened"), "active", False),
    ],
)
def test_what_decisions_leave_of_a_flag(decisions, status, ended):
    made = after_all(*decisions)
    assert made["status"] == status
    assert ("end" in made["period"]) == ended
    assert made["period"]["start"] == START
    check(made)


@pytest.mark.parametrize("kind", ["Observation", "Communication", "DocumentReference"])
def test_where_there_is_no_status_for_it_the_extension_alone_tells(kind):
    standing = {
        "Observation": "final",
        "Communication": "completed",
        "DocumentReference": "current",
    }
    other = {"resourceType": kind, "id": "1", "status": standing[kind]}
    assert after_all("resolved", resource=other)["status"] == standing[kind]
    assert after_all("rejected", resource=other)["status"] == "entered-in-error"
    assert after_all("rejected", "reopened", resource=other)["status"] == standing[kind]


@pytest.mark.parametrize("decision", ["acknowledged", "commented", "resolved", "reopened"])
def test_a_status_that_somebody_gave_it_in_the_ehr_is_objected_to(decision):
    assert "entered-in-error" in objection(flag(status="entered-in-error"), mark(decision))


def test_our_decision_joins_what_somebody_did_already_and_keeps_their_end():
    theirs = flag(status="inactive", period={"start": START, "end": "2026-03-01"})
    assert objection(theirs, mark("resolved")) == ""
    made = marked(theirs, mark("resolved"), ISSUER)
    assert made["period"]["end"] == "2026-03-01"
    assert bears(made, mark("resolved"))


def test_an_end_that_is_not_ours_stays_when_it_is_reopened():
    made = after_all("resolved")
    made["period"]["end"] = "2026-03-02"
    assert marked(made, mark("reopened", 2), ISSUER)["period"]["end"] == "2026-03-02"


def test_an_amended_observation_still_stands():
    amended = {"resourceType": "Observation", "id": "1", "status": "amended"}
    assert marked(amended, mark("acknowledged"), ISSUER)["status"] == "amended"
    assert objection(amended, mark("acknowledged")) == ""


@pytest.mark.parametrize("decision", Decision)
def test_each_decision_has_a_valid_provenance_with_the_clinician_as_agent(decision):
    origin = decision_origin(mark(decision), "Flag/1", ISSUER)
    check(origin)
    assert origin["agent"][0]["who"]["reference"] == "Practitioner/7"
    assert origin["activity"]["text"]


@given(st.lists(st.sampled_from(Decision), max_size=12), st.text(max_size=20))
def test_whatever_is_decided_a_persons_words_and_extensions_stay(decisions, words):
    theirs = [{"url": "https://ehr.example/x", "valueString": words}]
    made = flag(extension=theirs, code={"text": words})
    state = FindingState.OPEN
    for number, decision in enumerate(decisions, 1):
        if decision in allowed(state):
            state = after(state, decision)
            assert objection(made, mark(decision, number)) == ""
            made = marked(made, mark(decision, number), ISSUER)
            assert bears(made, mark(decision, number))
    assert made["code"]["text"] == words
    assert made["extension"][0] == theirs[0]
    standing = state in (FindingState.OPEN, FindingState.ACKNOWLEDGED, FindingState.CONFIRMED)
    assert (made["status"] == "active") == standing
