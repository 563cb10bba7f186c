"""Versions by which nobody's edit is overwritten: in the resource, in the ETag, or nowhere."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from clinical.findings import Decision
from safeguards.egress import Egress
from smart.chart import FhirChart
from tests.conformance.simulator.server import Answer, of_fhir
from tests.support.scripted_fhir import Granted, ScriptedFhir, bundle
from wearable_agg.delivery.abilities import ABLE, Personality
from wearable_agg.delivery.chart import Identifier, Mismatched, Refused, Throttled, Updated
from wearable_agg.delivery.marks import Mark
from wearable_agg.delivery.writes import DecisionWrite

NAME = Identifier("https://wristchart.example/fhir/sid/afib-flag", "f-1")
SEARCH = "Flag?identifier=https%3A%2F%2Fwristchart.example%2Ffhir%2Fsid%2Fafib-flag%7Cf-1"
FLAG = {
    "resourceType": "Flag",
    "id": "f1",
    "status": "active",
    "subject": {"reference": "Patient/marit"},
    "identifier": [{"system": NAME.system, "value": NAME.value}],
    "code": {"text": "Words of somebody on the ward"},
    "period": {"start": "2026-03-01"},
}
MARK = Mark("m1", Decision.ACKNOWLEDGED, "Practitioner/1", "Dr Lind", datetime.now(UTC), "Seen")


@pytest.fixture
def fhir():
    server = ScriptedFhir()
    yield server
    server.close()


def send(fhir):
    """Have a decision marked on the Flag; returns what came of it, and what went out."""
    granted = Granted("Flag")
    chart = FhirChart(fhir.base, Egress([fhir.base]), granted, Personality({"Flag": ABLE}))
    outcome = DecisionWrite("Flag", NAME, "marit", fhir.base, MARK).send(chart)
    return outcome, [sent for sent in fhir.sent if sent.method != "GET"]


def tagged(resource, etag):
    answer = of_fhir(resource)
    return replace(answer, headers={**answer.headers, "ETag": etag})


def versioned(version):
    return {**FLAG, "meta": {"versionId": version}}


@pytest.mark.threat("T38")
def test_the_version_in_the_resource_is_enough(fhir):
    fhir.serve(SEARCH, bundle(versioned("7")))
    fhir.serve("Flag/f1", versioned("8"))
    outcome, [sent] = send(fhir)
    assert type(outcome) is Updated
    assert sent.headers["if-match"] == 'W/"7"'


@pytest.mark.threat("T38")
@pytest.mark.parametrize("etag", ['W/"7"', '"7"'])
def test_the_etag_of_a_read_stands_in_where_the_resource_names_no_version(fhir, etag):
    fhir.serve(SEARCH, bundle(FLAG))
    fhir.serve("Flag/f1", tagged({**FLAG, "code": {"text": "Newer words"}}, etag), versioned("8"))
    outcome, [sent] = send(fhir)
    assert type(outcome) is Updated
    assert sent.headers["if-match"] == 'W/"7"'
    assert b"Newer words" in sent.body, "what is sent back is what the ETag is of"


@pytest.mark.threat("T38")
def test_without_any_version_nothing_is_changed_and_a_person_has_to_see_to_it(fhir):
    fhir.serve(SEARCH, bundle(FLAG))
    fhir.serve("Flag/f1", FLAG)
    outcome, sent = send(fhir)
    assert (type(outcome), sent) == (Refused, [])
    assert "no version" in outcome.reason


@pytest.mark.threat("T38")
def test_a_read_that_fails_changes_nothing_and_is_tried_again(fhir):
    fhir.serve(SEARCH, bundle(FLAG))
    fhir.serve("Flag/f1", Answer(503))
    outcome, sent = send(fhir)
    assert (type(outcome), sent) == (Throttled, [])


@pytest.mark.threat("T38")
def test_another_patients_in_its_place_is_an_alarm(fhir):
    fhir.serve(SEARCH, bundle(FLAG))
    fhir.serve("Flag/f1", tagged({**FLAG, "subject": {"reference": "Patient/jonas"}}, 'W/"7"'))
    outcome, sent = send(fhir)
    assert (type(outcome), sent) == (Mismatched, [])
