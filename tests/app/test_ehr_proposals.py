"""Which scopes are proposed to EHRs as they describe themselves."""

from __future__ import annotations

import pytest

from app.ehr.discovered import Discovered
from app.ehr.proposals import backend_proposal, launch_proposal
from app.ehr.statement import Statement, parse_statement
from app.ehr.write_routes import how_once, other_route
from tests.support.paper_ehr import configuration, statement

# kinds and interactions as the vendors' sandboxes stated them in summer 2026
EPIC = statement(
    Patient="crs",
    MedicationRequest="rs",
    Medication="rs",
    MedicationDispense="rs",
    MedicationAdministration="rs",
    Condition="crs",
    AllergyIntolerance="crs",
    Encounter="rs",
    Flag="rs",
    Observation="crus",
    Device="rs",
    Provenance="r",
    Communication="crs",
)
ORACLE = statement(
    Patient="crs",
    MedicationRequest="crs",
    MedicationDispense="rs",
    MedicationAdministration="rs",
    Condition="crus",
    AllergyIntolerance="crus",
    Encounter="crs",
    Observation="crus",
    Device="rs",
    Provenance="crs",
    Communication="crs",
)
ATHENA = statement(
    Patient="rs", MedicationRequest="rs", Medication="rs", Observation="rs", Encounter="rs"
)
ORACLE_SCOPES = [
    "openid",
    "fhirUser",
    "launch",
    "online_access",
    "offline_access",
    "patient/Patient.crus",
    "patient/MedicationRequest.crus",
    "system/Patient.crus",
    "system/Observation.crus",
]


def found(capability: object = None, **changes: object) -> Discovered:
    parsed = parse_statement(capability)  # type: ignore[arg-type]
    return Discovered("https://e.example/fhir", configuration(**changes), "x", parsed)


def parsed(capability: dict[str, object]) -> Statement:
    read = parse_statement(capability)
    assert read is not None
    return read


def test_epic_is_not_asked_for_what_it_does_not_have():
    proposal = launch_proposal(found(EPIC, scopes_supported=["openid", "fhirUser", "launch"]))
    assert "patient/Medication.rs" in proposal
    assert "patient/MedicationStatement.rs" not in proposal
    assert "offline_access" in proposal


def test_epic_takes_observations_and_no_flags():
    assert backend_proposal(found(EPIC)) == (
        "system/Patient.rs",
        "system/Condition.rs",
        "system/Observation.crus",
        "system/Communication.crs",
    )


def test_oracle_is_asked_for_what_it_lists_and_never_for_wildcards():
    proposal = launch_proposal(found(ORACLE, scopes_supported=ORACLE_SCOPES))
    assert proposal == (
        *("launch", "openid", "fhirUser", "offline_access"),
        *("patient/Patient.rs", "patient/MedicationRequest.rs"),
    )


def test_oracle_is_asked_for_the_letters_it_has():
    assert "system/Provenance.crs" in backend_proposal(found(ORACLE))


def test_athenahealth_offers_nothing_to_write_so_no_backend_is_proposed():
    assert backend_proposal(found(ATHENA)) == ()


def test_a_server_that_tells_nothing_is_asked_for_everything():
    assert len(launch_proposal(found())) == 13
    assert "system/Flag.crus" in backend_proposal(found())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"capabilities": ["launch-ehr"]}, ("launch", "patient/Patient.read")),
        ({"capabilities": ["permission-v2"]}, ("launch", "patient/Patient.rs")),
        (
            {"capabilities": ["permission-v2", "permission-online"]},
            ("launch", "online_access", "patient/Patient.rs"),
        ),
        (
            {"capabilities": [], "scopes_supported": ["patient/*.rs"]},
            ("launch", "patient/Patient.rs"),
        ),
        (
            {"capabilities": [], "scopes_supported": ["patient/*.read", "openid"]},
            ("launch", "openid", "fhirUser", "patient/Patient.read"),
        ),
    ],
)
def test_the_form_of_the_scopes_is_the_one_the_server_knows(changes, expected):
    assert launch_proposal(found(statement(Patient="rs"), **changes)) == expected


def test_v1_scopes_of_delivery_read_and_write():
    proposal = backend_proposal(found(statement(Flag="crus"), capabilities=[]))
    assert proposal == ("system/Flag.read", "system/Flag.write")


def test_the_next_route_below_flag_is_named():
    assert "Observation" in other_route(parsed(EPIC))
    assert "Communication" in other_route(parsed(statement(Communication="c")))
    assert other_route(parsed(ATHENA)) == "findings stay on Wristchart's page"
    assert other_route(None) == "findings stay on Wristchart's page"


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("conditionalCreate", "conditional create"),
        ("updateCreate", "update as create"),
        ("other", ""),
    ],
)
def test_the_servers_own_means_against_doubles_are_named(field, words):
    document = statement(Flag="c")
    document["rest"][0]["resource"][0][field] = True
    offer = parsed(document).offers["Flag"]
    assert how_once(offer, transactions=False) == words


@pytest.mark.parametrize(
    "document",
    [None, {}, {"resourceType": "OperationOutcome"}, {"resourceType": "CapabilityStatement"}],
)
def test_what_is_no_statement_says_nothing(document):
    assert parse_statement(document) is None
