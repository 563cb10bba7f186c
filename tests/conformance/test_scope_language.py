"""The language of scopes: what is asked for, and how what is granted is understood."""

from __future__ import annotations

import re

import pytest

from tests.conformance.conftest import Opener
from tests.conformance.simulator.ehr import SimulatedEhr
from tests.conformance.simulator.recording import Recording
from tests.conformance.site import SCOPES, Site

GRAMMAR = re.compile(
    r"(patient|user|system)/(\*|[A-Z][A-Za-z]+)\.(?=[cruds])c?r?u?d?s?(\?[^=&]+=[^=&]+(&[^=&]+=[^=&]+)*)?"
)
BASE = "openid fhirUser"
WHOLE = f"launch {BASE}"


def asked(recording: Recording) -> list[str]:
    """The scopes of the only authorization request."""
    return recording.one("/auth/authorize").asked["scope"].split()


@pytest.mark.requirement("135", "137", "121", "125")
def test_resource_scopes_follow_the_grammar(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    assert site.launched(ehr).path
    resource = [scope for scope in asked(recording) if "/" in scope and "launch" not in scope]
    assert resource
    assert all(GRAMMAR.fullmatch(scope) for scope in resource)
    assert all(scope.startswith("patient/") for scope in resource)


@pytest.mark.requirement("121", "125")
def test_every_read_and_search_that_is_sent_was_asked_for(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    launched = site.launched(ehr)
    assert "Lovelace" in launched.patient()
    assert "Apixaban" in launched.timeline()
    open_to_all = ("/fhir/.well-known/smart-configuration", "/fhir/metadata")
    reads = [s for s in recording.to("/fhir/") if s.path not in open_to_all]
    sent = [s.path.split("/")[2:] for s in reads]
    assert {len(steps) for steps in sent} == {1, 2}
    for kind, *identifier in sent:
        assert _asks(asked(recording), kind, "r" if identifier else "s")


@pytest.mark.threat("T09")
@pytest.mark.requirement("125", "147")
@pytest.mark.parametrize("granted", ["", " patient/MedicationRequest.r", " patient/Condition.rs"])
def test_a_search_that_was_not_granted_is_not_sent_and_its_part_is_said_to_be_missing(
    site: Site, ehr: SimulatedEhr, recording: Recording, granted: str
) -> None:
    ehr.behaviour.granted = f"{WHOLE} patient/Patient.rs{granted}"
    launched = site.launched(ehr)
    assert "Lovelace" in launched.patient()
    shown = launched.timeline()
    assert recording.to("/fhir/MedicationRequest") == []
    assert "Medications could not be read" in shown or "not permit" in shown


@pytest.mark.requirement("147")
def test_one_kind_not_granted_leaves_the_others(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    ehr.behaviour.granted = SCOPES.replace(" patient/MedicationStatement.rs", "")
    assert "Apixaban" in site.launched(ehr).timeline()
    assert recording.to("/fhir/MedicationStatement") == []


@pytest.mark.requirement("132")
@pytest.mark.parametrize(
    "scope",
    [
        "patient/MedicationRequest.rs?status=active",
        "patient/MedicationRequest.rs?status=active&intent=order",
        "patient/MedicationRequest.rs?category=http://terminology.hl7.org/CodeSystem/c|community",
    ],
)
def test_a_narrowed_scope_is_asked_for_unchanged_and_understood(
    open_site: Opener, ehr: SimulatedEhr, recording: Recording, scope: str
) -> None:
    site = open_site(scopes=(*WHOLE.split(), "patient/Patient.rs", scope))
    assert "Apixaban" in site.launched(ehr).timeline()
    assert scope in asked(recording)


@pytest.mark.requirement("131")
def test_scopes_are_asked_for_in_their_shortest_form(
    open_site: Opener, ehr: SimulatedEhr, recording: Recording
) -> None:
    long = (*WHOLE.split(), "patient/Patient.r", "patient/Patient.rs", "patient/Patient.s")
    assert open_site(scopes=long).launched(ehr).path
    assert [scope for scope in asked(recording) if "Patient" in scope] == ["patient/Patient.rs"]


@pytest.mark.requirement("141")
def test_user_scopes_begin_with_user(
    open_site: Opener, ehr: SimulatedEhr, recording: Recording
) -> None:
    scopes = (*WHOLE.split(), "user/Patient.rs", "user/MedicationRequest.rs")
    assert "Apixaban" in open_site(scopes=scopes).launched(ehr).timeline()
    assert {"user/Patient.rs", "user/MedicationRequest.rs"} <= set(asked(recording))


@pytest.mark.requirement("146")
def test_a_wildcard_is_a_star_in_place_of_the_type(
    open_site: Opener, ehr: SimulatedEhr, recording: Recording
) -> None:
    site = open_site(scopes=(*WHOLE.split(), "patient/*.rs"))
    assert "Apixaban" in site.launched(ehr).timeline()
    assert "patient/*.rs" in asked(recording)


@pytest.mark.requirement("148")
def test_no_wildcard_is_asked_for_unless_the_registry_has_one(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    assert site.launched(ehr).path
    assert not any("*" in scope for scope in asked(recording))


@pytest.mark.requirement("219", "220")
def test_scopes_granted_as_uris_are_understood(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    smart, openid = (
        "http://smarthealthit.org/fhir/scopes/",
        "http://openid.net/specs/openid-connect-core-1_0#",
    )
    uris = [openid + s if s in ("openid",) else smart + s for s in SCOPES.split()]
    ehr.behaviour.answer = {"scope": " ".join(uris)}
    launched = site.launched(ehr)
    assert "Apixaban" in launched.timeline()
    assert launched.held.scopes == frozenset(SCOPES.split())


@pytest.mark.requirement("219")
def test_a_uri_with_another_prefix_grants_nothing(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    other = "https://example.org/scopes/"
    granted = [f"{other}{s}" if "Medication" in s else s for s in SCOPES.split()]
    ehr.behaviour.answer = {"scope": " ".join(granted)}
    site.launched(ehr).timeline()
    assert recording.to("/fhir/MedicationRequest") == []


@pytest.mark.requirement("135")
@pytest.mark.parametrize(
    ("capabilities", "written"),
    [
        (("permission-v2",), "patient/Patient.rs"),
        (("permission-v1", "permission-v2"), "patient/Patient.rs"),
        (("permission-v1",), "patient/Patient.read"),
        ((), "patient/Patient.read"),
    ],
)
def test_old_scopes_are_asked_for_only_where_new_ones_are_not_known(
    site: Site,
    ehr: SimulatedEhr,
    recording: Recording,
    capabilities: tuple[str, ...],
    written: str,
) -> None:
    ehr.behaviour.permission = capabilities
    assert "Apixaban" in site.launched(ehr).timeline()
    assert written in asked(recording)
    assert sum("Patient" in scope for scope in asked(recording)) == 1


@pytest.mark.requirement("135", "147")
@pytest.mark.parametrize(
    "granted", ["patient/*.read", "patient/MedicationRequest.read", "patient/*.*", "user/*.cruds"]
)
def test_either_version_is_understood_when_granted(
    site: Site, ehr: SimulatedEhr, granted: str
) -> None:
    ehr.behaviour.answer = {"scope": f"{WHOLE} patient/Patient.read {granted}"}
    assert "Apixaban" in site.launched(ehr).timeline()


@pytest.mark.requirement("135")
@pytest.mark.parametrize("granted", ["sr", "rus.s", "", "x", "RS", "rr"])
def test_letters_out_of_order_grant_nothing(
    site: Site, ehr: SimulatedEhr, recording: Recording, granted: str
) -> None:
    ehr.behaviour.answer = {
        "scope": f"{WHOLE} patient/Patient.rs patient/MedicationRequest.{granted}"
    }
    site.launched(ehr).timeline()
    assert recording.to("/fhir/MedicationRequest") == []


def _asks(scopes: list[str], kind: str, letter: str) -> bool:
    wanted = [scope.split(".")[1] for scope in scopes if scope.startswith(f"patient/{kind}.")]
    return any(letter in letters.partition("?")[0] for letters in wanted)
