"""What is read of a patient at the moment of sending."""

from dataclasses import replace
from datetime import date

import pytest

from safeguards.egress import Egress
from smart.patient_facts import FhirPatientFacts
from tests.conformance.simulator.server import Answer, of_fhir
from tests.support.scripted_fhir import Granted, ScriptedFhir
from wearable_agg.delivery.chart import Mismatched, NotSent, Refused, Throttled

MARIT = {"resourceType": "Patient", "id": "marit", "birthDate": "1958-03-14"}
REPLACED = {"link": [{"type": "replaced-by", "other": {"reference": "Patient/other"}}]}
FLUTTER = ("http://snomed.info/sct", "5370000")


@pytest.fixture
def fhir():
    server = ScriptedFhir()
    yield server
    server.close()


def facts(fhir, *kinds):
    return FhirPatientFacts(fhir.base, Egress([fhir.base]), Granted(*kinds)).of("marit")


def condition(**changes):
    system, code = FLUTTER
    return {
        "resourceType": "Condition",
        "id": "c1",
        "subject": {"reference": "Patient/marit"},
        "code": {"coding": [{"system": system, "code": code}]},
        **changes,
    }


def problems(fhir, *conditions):
    fhir.serve("Patient/marit", MARIT)
    entries = [{"resource": each} for each in conditions]
    found = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
    fhir.serve("Condition", found)
    return facts(fhir, "Patient", "Condition").problems


def test_birth_date_and_problems_are_read(fhir):
    assert problems(fhir, condition()) == {FLUTTER}
    assert facts(fhir, "Patient", "Condition").birth_date == date(1958, 3, 14)


@pytest.mark.parametrize(
    "changes",
    [
        {"clinicalStatus": {"coding": [{"code": "resolved"}]}},
        {"verificationStatus": {"coding": [{"code": "entered-in-error"}]}},
    ],
)
def test_problems_that_are_over_or_were_none_do_not_count(fhir, changes):
    assert problems(fhir, condition(**changes)) == frozenset()


def test_without_the_scope_the_problems_are_not_known(fhir):
    fhir.serve("Patient/marit", MARIT)
    assert facts(fhir, "Patient").problems is None


def test_the_patient_and_the_problems_are_read_side_by_side(fhir):
    slow = {"resourceType": "Bundle", "type": "searchset", "entry": []}
    for target, body in (("Patient/marit", MARIT), ("Condition", slow)):
        fhir.serve(target, replace(of_fhir(body), seconds=0.2))
    assert facts(fhir, "Patient", "Condition").problems == frozenset()
    assert fhir.most_at_once == 2


@pytest.mark.parametrize("changes", [{}, REPLACED])
def test_problems_that_cannot_be_read_matter_where_the_record_is_in_use(fhir, changes):
    fhir.serve("Patient/marit", {**MARIT, **changes})
    fhir.serve("Condition", Answer(503))
    found = facts(fhir, "Patient", "Condition")
    assert found.unusable if changes else type(found) is Throttled


@pytest.mark.parametrize("changes", [REPLACED, {"active": False}])
def test_a_record_that_was_merged_or_is_out_of_use_is_said(fhir, changes):
    fhir.serve("Patient/marit", {**MARIT, **changes})
    assert facts(fhir, "Patient").unusable


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (Answer(404), Refused),
        (Answer(410), Refused),
        (Answer(503), Throttled),
        ({**MARIT, "id": "jonas"}, Mismatched),
        ({"resourceType": "OperationOutcome"}, NotSent),
    ],
)
def test_what_other_answers_mean(fhir, answer, meaning):
    fhir.serve("Patient/marit", answer)
    assert type(facts(fhir, "Patient")) is meaning


@pytest.mark.parametrize(
    ("references", "other"),
    [
        (["Patient/other"], "other"),
        (["{base}/Patient/other"], "other"),
        (["Patient/other/_history/2"], "other"),
        (["Patient/other", "Patient/third"], ""),
        (["Patient/marit"], ""),
        (["https://elsewhere.example/fhir/Patient/other"], ""),
        (["Patient/../Practitioner/1"], ""),
        ([None], ""),
        ([], ""),
    ],
)
def test_the_record_that_stands_for_it_is_named_only_where_there_is_one_of_this_ehr(
    fhir, references, other
):
    links = [
        {
            "type": "replaced-by",
            "other": {"reference": one and one.format(base=fhir.base)},
        }
        for one in references
    ]
    fhir.serve("Patient/marit", {**MARIT, "link": [*links, {"type": "seealso", "other": {}}]})
    found = facts(fhir, "Patient")
    assert (found.replaced_by, bool(found.unusable)) == (other, bool(references))
