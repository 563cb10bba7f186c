"""What comes with the tokens: fhirContext, intent, banner, tenant, style."""

from __future__ import annotations

from typing import Any

import pytest

from smart.launch_context import ContextItem, parse_fhir_context
from smart.token_response import parse_tokens

ANSWER = {"access_token": "a", "token_type": "Bearer", "scope": "launch", "patient": "marit"}
STUDY = "ImagingStudy/123"


def item(**said: str) -> ContextItem:
    known = {"reference": "", "canonical": "", "identifier": "", "type": "", "role": "launch"}
    return ContextItem(**known | said)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({"reference": STUDY}, item(reference=STUDY)),
        ({"reference": STUDY, "role": "launch"}, item(reference=STUDY)),
        (
            {"reference": "List/1", "role": "https://example.org/role/home"},
            item(reference="List/1", role="https://example.org/role/home"),
        ),
        (
            {"canonical": "https://example.org/Questionnaire/1|v2", "type": "Questionnaire"},
            item(canonical="https://example.org/Questionnaire/1|v2", type="Questionnaire"),
        ),
        (
            {"identifier": {"system": "urn:x", "value": "7"}, "type": "ServiceRequest"},
            item(identifier="urn:x|7", type="ServiceRequest"),
        ),
        ({"reference": STUDY, "__vendor": 1, "https://x.example/y": []}, item(reference=STUDY)),
        (
            {"reference": "Patient/2", "role": "https://example.org/mother"},
            item(reference="Patient/2", role="https://example.org/mother"),
        ),
    ],
)
def test_an_item_is_a_reference_a_canonical_or_an_identifier(
    given: dict[str, Any], meant: ContextItem
) -> None:
    assert parse_fhir_context([given]) == (meant,)
    assert parse_tokens(ANSWER | {"fhirContext": [given]}).fhir_context == (meant,)


@pytest.mark.parametrize(
    "given",
    [
        None,
        {},
        "ImagingStudy/123",
        [None],
        ["ImagingStudy/123"],
        [{}],
        [{"role": "launch"}],
        [{"reference": 7}],
        [{"reference": STUDY, "canonical": "https://x.example"}],
        [{"identifier": "urn:x|7"}],
        [{"reference": "Patient/2"}],
        [{"reference": "https://e.example/fhir/Encounter/2"}],
        [{"identifier": {"value": "7"}, "type": "Patient"}],
        [{"reference": "x" * 3000}],
    ],
)
def test_what_is_no_item_is_left_out_and_the_launch_goes_on(given: object) -> None:
    assert parse_tokens(ANSWER | {"fhirContext": given}).fhir_context == ()


@pytest.mark.parametrize("value", [False, 0, "", None, "false", "no", [], {}])
def test_only_false_hides_our_banner(value: object) -> None:
    shown = parse_tokens(ANSWER | {"need_patient_banner": value}).need_patient_banner
    assert shown is (value is not False)


@pytest.mark.parametrize("name", ["intent", "tenant", "smart_style_url"])
@pytest.mark.parametrize("value", [None, 7, [], {"a": 1}, "x" * 3000])
def test_an_odd_word_about_the_look_does_not_stop_the_launch(name: str, value: object) -> None:
    tokens = parse_tokens(ANSWER | {name: value})
    assert (tokens.intent, tokens.tenant, tokens.style_url) == ("", "", "")


def test_the_words_of_the_ehr_are_kept() -> None:
    said = {"intent": "reconcile", "tenant": "west", "smart_style_url": "https://e.example/s.json"}
    tokens = parse_tokens(ANSWER | said)
    assert (tokens.intent, tokens.tenant, tokens.style_url) == tuple(said.values())


def test_scopes_in_their_uri_form_are_read_as_the_short_ones() -> None:
    given = (
        "http://smarthealthit.org/fhir/scopes/patient/Patient.rs "
        "http://openid.net/specs/openid-connect-core-1_0#openid launch"
    )
    assert parse_tokens(ANSWER | {"scope": given}).scopes == {
        "patient/Patient.rs",
        "openid",
        "launch",
    }
