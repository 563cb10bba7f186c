"""What token endpoints answer, right and wrong, and what the app makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from safeguards.egress import Egress, Limits
from tests.conformance.conftest import Opener
from tests.conformance.simulator.ehr import SimulatedEhr
from tests.conformance.simulator.recording import Recording
from tests.conformance.simulator.server import Answer, of_json, of_text
from tests.conformance.site import Site

TOKEN = "/auth/token"


@pytest.mark.requirement("93")
@pytest.mark.parametrize(
    "answer",
    [
        {"token_type": "bearer"},
        {"token_type": "BEARER"},
        {"expires_in": None},
        {"expires_in": "3600"},
        {"refresh_token": None},
        {"scope": None},
        {"unheard_of": {"deep": [1, 2]}, "https://example.org/ext": 1, "__vendor": True},
        {"need_patient_banner": True},
        {"need_patient_banner": False},
        {"encounter": "e-1", "tenant": "north", "intent": "reconcile-everything"},
        {"authorization_details": [{"type": "smart_on_fhir", "locations": ["https://x.example"]}]},
    ],
)
def test_a_usable_answer_leads_to_reading_with_bearer(
    site: Site, ehr: SimulatedEhr, recording: Recording, answer: dict[str, Any]
) -> None:
    ehr.behaviour.answer = answer
    assert "Lovelace" in site.launched(ehr).patient()
    used = [sent.headers["authorization"] for sent in recording.to("/fhir/Patient/ada")]
    assert used
    assert set(used) == {f"Bearer {ehr.tokens.issued[0]}"}


@pytest.mark.requirement("93")
def test_an_access_token_is_opaque_even_where_it_looks_like_a_jwt(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    ehr.behaviour.jwt_access_token = True
    assert "Lovelace" in site.launched(ehr).patient()
    assert recording.last("/fhir/Patient/ada").bearer == ehr.tokens.issued[0]


@pytest.mark.requirement("147", "93")
@pytest.mark.parametrize(
    "answer",
    [
        {"access_token": None},
        {"access_token": ""},
        {"access_token": ["a"]},
        {"token_type": None},
        {"token_type": "mac"},
        {"token_type": "DPoP"},
        {"scope": ["launch"]},
        {"patient": None},
        {"patient": ""},
        {"patient": "../Patient/bob"},
        {"patient": 7},
    ],
)
def test_an_unusable_answer_lets_nobody_in_and_reads_nothing(
    site: Site, ehr: SimulatedEhr, recording: Recording, answer: dict[str, Any]
) -> None:
    ehr.behaviour.answer = answer
    page = site.launched(ehr).page
    assert page.status_code in {400, 403, 502}
    assert recording.to("/fhir/Patient/") == []


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (of_text("<html>Sorry</html>", 500, "text/html"), 503),
        (of_text("<html>Sorry</html>", 200, "text/html"), 502),
        (of_json({"error": "invalid_client"}, 401), 502),
        (of_json({"error": "invalid_grant", "error_description": "expired"}, 400), 403),
        (of_json({"error": "slow_down"}, 429, Retry_After="30"), 503),
        (of_json(["not", "an", "object"]), 502),
        (Answer(200, b'{"access_token": NaN}'), 502),
        (Answer(200, b"\xff\xfe{}"), 502),
        (Answer(200, b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"), 502),
        (Answer(302, headers={"Location": "/auth/elsewhere"}), 502),
        (Answer(307, headers={"Location": "/auth/elsewhere"}), 502),
        (Answer(200, b"x" * 3_000_000), 503),
    ],
)
def test_a_broken_token_endpoint_is_a_page_not_a_crash(
    site: Site, ehr: SimulatedEhr, recording: Recording, answer: Answer, status: int
) -> None:
    ehr.behaviour.always[TOKEN] = answer
    page = site.launched(ehr).page
    assert page.status_code == status
    assert "Something went wrong in Wristchart" not in page.text
    assert recording.to("/auth/elsewhere") == []


@pytest.mark.requirement("270")
@pytest.mark.parametrize("changes", [{}, {"client_type": "public"}])
def test_a_scope_that_was_not_said_is_learned_by_introspection(
    open_site: Opener, ehr: SimulatedEhr, recording: Recording, changes: dict[str, Any]
) -> None:
    ehr.behaviour.introspection = True
    ehr.behaviour.answer = {"scope": None}
    ehr.tokens.introspected_scope = "launch openid patient/Patient.rs"
    launched = open_site(**changes).launched(ehr)
    launched.timeline()
    sent = recording.one("/auth/introspect")
    assert (sent.method, sent.query) == ("POST", "")
    assert sent.content_type == "application/x-www-form-urlencoded"
    assert sent.form["token"] == ehr.tokens.issued[0]
    assert launched.held.scopes == frozenset(ehr.tokens.introspected_scope.split())


@pytest.mark.threat("T11")
@pytest.mark.parametrize(
    "slow", [Answer(200, b"{}", seconds=1.5), Answer(200, b" " * 40, trickle=0.1)]
)
def test_a_token_endpoint_that_takes_too_long_is_given_up(
    site: Site, ehr: SimulatedEhr, slow: Answer
) -> None:
    ehr.behaviour.always[TOKEN] = slow
    site.parts.ehrs[ehr.name].egress = Egress([ehr.base], limits=Limits(read=0.5, total=1.0))
    assert site.launched(ehr).page.status_code == 503


@pytest.mark.requirement("1")
def test_secrets_do_not_follow_a_redirect(
    site: Site, ehr: SimulatedEhr, recording: Recording, elsewhere: Any
) -> None:
    ehr.behaviour.always[TOKEN] = Answer(307, headers={"Location": f"{elsewhere.url}/token"})
    assert site.launched(ehr).page.status_code == 502
    assert recording.at("elsewhere") == []


@pytest.mark.threat("T09")
def test_another_patient_than_the_one_named_is_not_shown(site: Site, ehr: SimulatedEhr) -> None:
    ehr.behaviour.reads_back = "bob"
    page = site.launched(ehr).page
    assert page.status_code == 403
    assert "The patient could not be confirmed" in page.text


def test_no_patient_is_said_in_plain_words(site: Site, ehr: SimulatedEhr) -> None:
    ehr.behaviour.patient = ""
    page = site.launched(ehr).page
    assert page.status_code == 400
    assert "No patient was chosen" in page.text


@pytest.mark.threat("T11")
def test_errors_show_no_token(site: Site, ehr: SimulatedEhr) -> None:
    ehr.behaviour.reads_back = "bob"
    seen = site.launched(ehr).browser.seen()
    assert ehr.tokens.issued
    assert not [token for token in ehr.tokens.issued if token in seen]
