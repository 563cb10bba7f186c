"""What a launch is about: context asked for by scopes, and understood when it comes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.conftest import Opener
from tests.conformance.simulator.ehr import SimulatedEhr
from tests.conformance.simulator.recording import Recording
from tests.conformance.site import SCOPES, Site

PATIENT = ("openid", "fhirUser", "patient/Patient.rs")


def asked(recording: Recording) -> list[str]:
    """The scopes of the only authorization request."""
    return recording.one("/auth/authorize").asked["scope"].split()


@pytest.mark.requirement("150", "151", "38")
def test_an_ehr_launch_asks_for_launch_beside_the_resources(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    assert site.launched(ehr).path
    assert "launch" in asked(recording)
    assert "patient/Patient.rs" in asked(recording)


@pytest.mark.requirement("153", "162", "151")
@pytest.mark.parametrize("hint", ["launch/encounter", "launch/patient"])
def test_hints_are_asked_for_where_the_registry_has_them(
    open_site: Opener, ehr: SimulatedEhr, recording: Recording, hint: str
) -> None:
    assert open_site(scopes=("launch", hint, *PATIENT)).launched(ehr).path
    assert {"launch", hint} <= set(asked(recording))


@pytest.mark.requirement("155", "156", "157", "158")
@pytest.mark.parametrize(
    "scopes",
    [
        ("launch/diagnosticreport",),
        (
            "launch/list?role=https://example.org/at-home",
            "launch/list?role=https://example.org/ward",
        ),
    ],
)
def test_other_contexts_are_asked_for_as_the_registry_says(
    open_site: Opener, ehr: SimulatedEhr, recording: Recording, scopes: tuple[str, ...]
) -> None:
    assert open_site(scopes=("launch", *PATIENT, *scopes)).launched(ehr).path
    assert [scope for scope in asked(recording) if "launch/" in scope] == list(scopes)


@pytest.mark.requirement("151", "155", "156", "157")
@pytest.mark.parametrize(
    "scope",
    [
        "launch/DiagnosticReport",
        "launch/list?role=a&role=b",
        "launch/list?role=",
        "launch/list?purpose=a",
        "launchpatient",
    ],
)
def test_a_context_scope_that_means_nothing_is_not_sent(
    open_site: Opener, ehr: SimulatedEhr, recording: Recording, scope: str
) -> None:
    page = open_site(scopes=("launch", *PATIENT, scope)).launched(ehr).page
    assert page.status_code == 502
    assert recording.to("/auth/authorize") == []


@pytest.mark.requirement("191")
@pytest.mark.parametrize("role", [None, "launch"])
def test_a_context_item_without_a_role_has_the_role_launch(
    site: Site, ehr: SimulatedEhr, role: str | None
) -> None:
    item = {"reference": "ImagingStudy/1", "https://example.org/x": 1, "__vendor": "y"}
    ehr.behaviour.answer = {"fhirContext": [item | ({"role": role} if role else {})]}
    (found,) = site.launched(ehr).facts.fhir_context
    assert (found.reference, found.role) == ("ImagingStudy/1", "launch")


@pytest.mark.requirement("191")
@pytest.mark.parametrize(
    "item",
    [
        {"canonical": "https://example.org/Questionnaire/1|2"},
        {"identifier": {"system": "urn:x", "value": "7"}, "type": "ServiceRequest"},
        {"reference": "Patient/bob", "role": "https://example.org/proxy"},
    ],
)
def test_items_of_every_form_are_understood(
    site: Site, ehr: SimulatedEhr, item: dict[str, Any]
) -> None:
    ehr.behaviour.answer = {"fhirContext": [item]}
    launched = site.launched(ehr)
    assert launched.path
    assert len(launched.facts.fhir_context) == 1


@pytest.mark.parametrize(
    "value", ["Patient/bob", [7], [{}], [{"reference": "Patient/bob"}], {"reference": "x"}]
)
def test_items_that_say_nothing_harm_nothing(site: Site, ehr: SimulatedEhr, value: object) -> None:
    ehr.behaviour.answer = {"fhirContext": value}
    launched = site.launched(ehr)
    assert "Lovelace" in launched.patient()
    assert launched.facts.fhir_context == ()


@pytest.mark.requirement("193")
@pytest.mark.parametrize("intent", [None, "", "reconcile-everything", "x" * 5000, "<script>"])
def test_an_unknown_intent_opens_the_usual_page(
    site: Site, ehr: SimulatedEhr, intent: str | None
) -> None:
    ehr.behaviour.answer = {"intent": intent}
    launched = site.launched(ehr)
    assert "Lovelace" in launched.patient()
    assert "Apixaban" in launched.timeline()


@pytest.mark.parametrize(
    ("value", "own"), [(None, True), (True, True), (False, False), ("no", True)]
)
def test_the_app_shows_its_own_banner_unless_the_ehr_has_one(
    site: Site, ehr: SimulatedEhr, value: object, own: bool
) -> None:
    ehr.behaviour.answer = {"need_patient_banner": value}
    launched = site.launched(ehr)
    assert "Lovelace" in launched.patient()
    assert launched.facts.need_patient_banner is own


@pytest.mark.requirement("36", "25", "26", "166")
def test_a_standalone_launch_has_no_launch_parameter(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    assert site.started().path
    sent = recording.one("/auth/authorize").asked
    assert "launch" not in sent
    assert sent["aud"] == ehr.base


@pytest.mark.requirement("166", "152", "38", "25", "150")
def test_a_standalone_launch_asks_the_ehr_for_a_patient(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    assert site.started().path
    assert "launch/patient" in asked(recording)
    assert "launch" not in asked(recording)


@pytest.mark.requirement("26", "28")
def test_a_standalone_launch_ends_at_the_chart_that_was_picked(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    ehr.behaviour.patient = "bob"
    launched = site.started()
    assert "Boole" in launched.patient()
    assert recording.last("/fhir/Patient/bob").bearer == ehr.tokens.issued[0]


@pytest.mark.requirement("32", "33", "34", "44", "45", "40", "3")
def test_a_standalone_launch_asks_for_everything_else_as_an_ehr_launch_does(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    assert site.launched(ehr).path
    assert site.started().path
    one, other = (sent.asked for sent in recording.to("/auth/authorize"))
    assert set(one) == {*other, "launch"}
    same = ("response_type", "client_id", "redirect_uri", "aud", "code_challenge_method")
    assert [one[name] for name in same] == [other[name] for name in same]
    assert one["state"] != other["state"]


@pytest.mark.requirement("20")
def test_the_launch_address_is_fixed_and_takes_only_iss_and_launch(
    site: Site, ehr: SimulatedEhr
) -> None:
    browser = site.launched(ehr).browser
    page = browser.get(site.launch_url(ehr).replace("/launch?", "/launch.html?"))
    assert page.status_code == 200
    assert "Wristchart" in page.text
    assert browser.get(f"{site.url}/launch.html").status_code == 400


def test_scopes_granted_may_be_fewer(site: Site, ehr: SimulatedEhr) -> None:
    ehr.behaviour.granted = SCOPES.replace(" offline_access", "")
    assert "Lovelace" in site.launched(ehr).patient()
