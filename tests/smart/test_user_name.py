from __future__ import annotations

from typing import Any

import pytest

from smart.fhir import FhirReader
from smart.user import user_name
from tests.support.stub_ehr import StubEhr

NAME = [{"given": ["Ingrid"], "family": "Lind"}]
GRANTED = frozenset({"fhirUser"})


def person(kind: str, **changes: Any) -> dict[str, Any]:
    return {"resourceType": kind, "id": "7", "name": NAME} | changes


@pytest.mark.parametrize("kind", ["Practitioner", "RelatedPerson", "Person"])
@pytest.mark.parametrize("granted", [{"fhirUser"}, {"user/*.rs"}])
def test_the_ehr_knows_the_users_name(
    reader: FhirReader, stub: StubEhr, kind: str, granted: set[str]
) -> None:
    stub.resources = {kind: [person(kind)]}
    assert user_name(reader, f"{kind}/7", frozenset(granted)) == "Ingrid Lind"


def test_a_patient_may_be_the_user(reader: FhirReader, stub: StubEhr) -> None:
    stub.patients["7"] = person("Patient")
    assert user_name(reader, f"{stub.base}/Patient/7", GRANTED) == "Ingrid Lind"


@pytest.mark.parametrize(
    "practitioner",
    [
        {"display": "Ingrid Lind"},
        {"reference": "Practitioner/7"},
        {"reference": "{base}/Practitioner/7"},
    ],
)
def test_a_role_is_somebodys(
    reader: FhirReader, stub: StubEhr, practitioner: dict[str, str]
) -> None:
    said = {name: value.replace("{base}", stub.base) for name, value in practitioner.items()}
    role = {"resourceType": "PractitionerRole", "id": "1", "practitioner": said}
    stub.resources = {"PractitionerRole": [role], "Practitioner": [person("Practitioner")]}
    assert user_name(reader, "PractitionerRole/1", GRANTED) == "Ingrid Lind"


@pytest.mark.parametrize(
    ("user", "granted"),
    [
        ("", GRANTED),
        ("ingrid", GRANTED),
        ("https://other.example/fhir/Practitioner/7", GRANTED),
        ("Practitioner/../Patient", GRANTED),
        ("Practitioner/7", frozenset({"patient/Patient.rs"})),
    ],
)
def test_who_is_not_to_be_read_here_is_not_asked_for(
    reader: FhirReader, stub: StubEhr, user: str, granted: frozenset[str]
) -> None:
    assert user_name(reader, user, granted) == ""
    assert stub.sent == []


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_a_name_that_cannot_be_read_stops_nothing(
    reader: FhirReader, stub: StubEhr, status: int
) -> None:
    stub.statuses["/fhir/Practitioner/7"] = status
    assert user_name(reader, "Practitioner/7", GRANTED) == ""
