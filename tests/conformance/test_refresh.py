"""Refreshing: before expiry and on 401, one at a time, whatever the server does with the token."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.conformance.conftest import Opener
from tests.conformance.simulator.ehr import SimulatedEhr
from tests.conformance.simulator.people import order
from tests.conformance.simulator.recording import Recording, Sent
from tests.conformance.simulator.server import of_text
from tests.conformance.site import SCOPES, Launched, Site

TOKEN = "/auth/token"


def refreshes(recording: Recording) -> list[Sent]:
    """The refresh requests so far."""
    return [s for s in recording.to(TOKEN) if s.form.get("grant_type") == "refresh_token"]


def refresh_tokens(ehr: SimulatedEhr) -> list[str]:
    """The refresh tokens the EHR has issued, in order."""
    return [token for token in ehr.tokens.issued if "refresh" in token]


@pytest.fixture
def launched(site: Site, ehr: SimulatedEhr) -> Launched:
    found = site.launched(ehr)
    assert found.path
    return found


@pytest.mark.requirement("105", "106", "28")
def test_a_401_leads_to_one_refresh_with_the_last_refresh_token(
    launched: Launched, ehr: SimulatedEhr, recording: Recording
) -> None:
    ehr.tokens.expire_access()
    assert "Lovelace" in launched.patient()
    (sent,) = refreshes(recording)
    assert sent.form["grant_type"] == "refresh_token"
    assert sent.form["refresh_token"] == refresh_tokens(ehr)[0]
    assert (sent.method, sent.content_type) == ("POST", "application/x-www-form-urlencoded")


@pytest.mark.requirement("107", "108")
def test_a_refresh_asks_for_no_more_than_was_granted(
    launched: Launched, ehr: SimulatedEhr, recording: Recording
) -> None:
    ehr.tokens.expire_access()
    launched.patient()
    asked = refreshes(recording)[0].form.get("scope", "").split()
    assert set(asked) <= set(SCOPES.split())


@pytest.mark.requirement("108")
def test_a_refresh_of_narrower_access_stays_narrow(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    granted = "launch openid fhirUser offline_access patient/Patient.rs"
    ehr.behaviour.granted = granted
    launched = site.launched(ehr)
    ehr.tokens.expire_access()
    assert "Lovelace" in launched.patient()
    assert set(refreshes(recording)[0].form.get("scope", "").split()) <= set(granted.split())


@pytest.mark.requirement("117")
def test_a_rotated_refresh_token_replaces_the_old_one(
    launched: Launched, ehr: SimulatedEhr, recording: Recording
) -> None:
    ehr.tokens.expire_access()
    assert "Lovelace" in launched.patient()
    ehr.tokens.expire_access()
    assert "Apixaban" in launched.timeline()
    used = [sent.form["refresh_token"] for sent in refreshes(recording)]
    assert used == refresh_tokens(ehr)[:2]
    assert ehr.tokens.families_revoked == 0


@pytest.mark.requirement("117", "106")
def test_without_a_new_refresh_token_the_old_one_stays(
    launched: Launched, ehr: SimulatedEhr, recording: Recording
) -> None:
    ehr.behaviour.rotate = False
    ehr.tokens.expire_access()
    assert "Lovelace" in launched.patient()
    ehr.tokens.expire_access()
    assert "Apixaban" in launched.timeline()
    used = [sent.form["refresh_token"] for sent in refreshes(recording)]
    assert used == refresh_tokens(ehr) * 2


@pytest.mark.requirement("28")
def test_a_token_is_refreshed_before_it_runs_out(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    ehr.behaviour.seconds = 300
    launched = site.launched(ehr)
    site.clock.pass_minutes(4.9)
    recording.sent.clear()
    assert "Lovelace" in launched.patient()
    assert [sent.path for sent in recording.sent] == [TOKEN, "/fhir/Patient/ada"]


def test_tokens_of_two_seconds_expire_in_mid_page_and_all_pages_are_read(
    launched: Launched, ehr: SimulatedEhr, recording: Recording
) -> None:
    ehr.behaviour.page_size = 2
    ehr.fhir.put(*(order(f"n{i}", f"Drug{i}") for i in range(6)))
    ehr.behaviour.seconds, ehr.behaviour.page_seconds = 2.0, 0.8
    ehr.tokens.expire_access()
    shown = launched.timeline()
    assert all(f"Drug{i}" in shown for i in range(6))
    assert len(refreshes(recording)) >= 2
    assert ehr.tokens.families_revoked == 0


def test_a_page_is_continued_with_the_new_token(
    launched: Launched, ehr: SimulatedEhr, recording: Recording
) -> None:
    ehr.behaviour.page_size = 2
    ehr.fhir.put(*(order(f"n{i}", f"Drug{i}") for i in range(3)))
    ehr.behaviour.first["/fhir/MedicationRequest"] = [None, ehr.behaviour.refuse_401_as]
    assert "Drug2" in launched.timeline()
    pages = recording.to("/fhir/MedicationRequest")
    assert len({sent.bearer for sent in pages}) == 2
    assert ehr.tokens.families_revoked == 0


@pytest.mark.parametrize("kind", ["text/plain", "text/html", "application/json"])
def test_a_401_of_any_kind_is_a_401(launched: Launched, ehr: SimulatedEhr, kind: str) -> None:
    ehr.behaviour.refuse_401_as = of_text("no", 401, kind)
    ehr.tokens.expire_access()
    assert "Lovelace" in launched.patient()


def test_a_token_endpoint_that_fails_leaves_the_refresh_token_for_the_next_try(
    launched: Launched, ehr: SimulatedEhr, recording: Recording
) -> None:
    ehr.tokens.expire_access()
    ehr.behaviour.first[TOKEN] = [of_text("<html>down</html>", 502, "text/html")] * 4
    assert "Lovelace" not in launched.patient()
    ehr.behaviour.first.clear()
    assert "Apixaban" in launched.timeline()


def test_a_refused_refresh_ends_the_launch_in_plain_words(
    launched: Launched, ehr: SimulatedEhr, recording: Recording
) -> None:
    ehr.tokens.expire_access()
    ehr.tokens.refreshable.clear()
    assert "again from the chart" in launched.patient()
    launched.timeline()
    assert len(refreshes(recording)) == 1


def test_without_a_refresh_token_the_end_is_said_and_nothing_is_asked(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    ehr.behaviour.refresh_tokens = False
    launched = site.launched(ehr)
    ehr.tokens.expire_access()
    assert "again from the chart" in launched.patient()
    assert refreshes(recording) == []


@pytest.mark.parametrize(
    "answer",
    [
        {"patient": None},
        {"scope": None},
        {"encounter": "another"},
        {"need_patient_banner": True, "intent": "x"},
    ],
)
def test_a_refresh_need_not_repeat_the_context(
    launched: Launched, ehr: SimulatedEhr, answer: dict[str, Any]
) -> None:
    ehr.behaviour.refresh_answer = answer
    ehr.tokens.expire_access()
    assert "Lovelace" in launched.patient()


@pytest.mark.threat("T09")
def test_a_refresh_to_another_patient_ends_the_launch(
    launched: Launched, ehr: SimulatedEhr, recording: Recording
) -> None:
    ehr.behaviour.refresh_answer = {"patient": "bob"}
    ehr.tokens.expire_access()
    shown = launched.patient()
    assert "Boole" not in shown
    assert "again from the chart" in shown
    assert recording.to("/fhir/Patient/bob") == []


@pytest.mark.requirement("201")
@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": None},
        {"nonce": None, "name": None, "fhirUser": None},
        {},
    ],
)
def test_an_incomplete_id_token_on_refresh_keeps_the_identity(
    launched: Launched, ehr: SimulatedEhr, claims: dict[str, Any]
) -> None:
    ehr.behaviour.id_token_on_refresh = claims
    ehr.tokens.expire_access()
    assert "Lovelace" in launched.patient()


@pytest.mark.requirement("201")
@pytest.mark.parametrize("claims", [{"sub": "mallory"}, {"fhirUser": "Practitioner/mallory"}])
def test_an_id_token_of_somebody_else_on_refresh_ends_the_launch(
    launched: Launched, ehr: SimulatedEhr, claims: dict[str, Any]
) -> None:
    ehr.behaviour.id_token_on_refresh = claims
    ehr.tokens.expire_access()
    assert "Lovelace" not in launched.patient()


def test_readers_at_once_refresh_once(
    launched: Launched, ehr: SimulatedEhr, recording: Recording
) -> None:
    ehr.tokens.expire_access()
    ehr.behaviour.first[TOKEN] = []
    readers = [threading.Thread(target=each) for each in (launched.patient, launched.timeline)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert len(refreshes(recording)) == 1
    assert ehr.tokens.families_revoked == 0


@pytest.mark.requirement("216")
def test_sign_out_revokes_the_refresh_token_first(
    launched: Launched, ehr: SimulatedEhr, recording: Recording
) -> None:
    launched.sign_out()
    revoked = [sent.form["token"] for sent in recording.to("/auth/revoke")]
    assert revoked == [ehr.tokens.issued[1], ehr.tokens.issued[0]]


@pytest.mark.requirement("215", "216")
@pytest.mark.parametrize("scope", ["offline_access", "online_access"])
def test_lasting_access_is_asked_for_by_its_scope(
    open_site: Opener, ehr: SimulatedEhr, recording: Recording, scope: str
) -> None:
    scopes = tuple(SCOPES.replace("offline_access", scope).split())
    launched = open_site(scopes=scopes).launched(ehr)
    assert scope in recording.one("/auth/authorize").asked["scope"].split()
    ehr.tokens.expire_access()
    assert "Lovelace" in launched.patient()
