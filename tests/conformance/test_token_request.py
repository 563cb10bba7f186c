"""The token request, for each way of being a client."""

from __future__ import annotations

from urllib.parse import quote_plus, unquote_plus

import pytest

from tests.conformance.conftest import Opener
from tests.conformance.simulator.ehr import SimulatedEhr
from tests.conformance.simulator.recording import Recording
from tests.conformance.site import CLIENT, SECRET, Site

KINDS = {
    "public": {"client_type": "public"},
    "symmetric": {"client_type": "symmetric", "client_secret": SECRET},
    "asymmetric": {"client_type": "asymmetric"},
}
every_kind = pytest.mark.parametrize("kind", KINDS)


@every_kind
@pytest.mark.requirement("62")
def test_it_is_a_form_by_post(
    open_site: Opener, ehr: SimulatedEhr, recording: Recording, kind: str
) -> None:
    assert open_site(**KINDS[kind]).launched(ehr).path
    sent = recording.one("/auth/token")
    assert (sent.method, sent.query) == ("POST", "")
    assert sent.content_type == "application/x-www-form-urlencoded"


@every_kind
@pytest.mark.requirement("67", "68", "69", "70", "13")
def test_it_trades_the_code_with_its_verifier(
    open_site: Opener, ehr: SimulatedEhr, recording: Recording, kind: str
) -> None:
    launched = open_site(**KINDS[kind]).launched(ehr)
    assert launched.path
    form = recording.one("/auth/token").form
    assert form["grant_type"] == "authorization_code"
    assert form["code"] == launched.code
    assert form["redirect_uri"] == recording.one("/auth/authorize").asked["redirect_uri"]
    assert 43 <= len(form["code_verifier"]) <= 128


@every_kind
@pytest.mark.requirement("67", "68", "69", "70")
def test_it_carries_nothing_that_is_not_asked_for(
    open_site: Opener, ehr: SimulatedEhr, recording: Recording, kind: str
) -> None:
    assert open_site(**KINDS[kind]).launched(ehr).path
    needed = {"grant_type", "code", "redirect_uri", "code_verifier"}
    more = {
        "public": {"client_id"},
        "symmetric": set(),
        "asymmetric": {"client_assertion_type", "client_assertion"},
    }
    assert set(recording.one("/auth/token").form) == needed | more[kind]


@pytest.mark.requirement("63", "71", "12")
def test_a_public_client_names_itself_and_proves_nothing(
    open_site: Opener, ehr: SimulatedEhr, recording: Recording
) -> None:
    assert open_site(**KINDS["public"]).launched(ehr).path
    sent = recording.one("/auth/token")
    assert sent.form["client_id"] == CLIENT
    assert "authorization" not in sent.headers
    assert not {"client_secret", "client_assertion"} & set(sent.form)


@pytest.mark.requirement("64", "66", "345", "23", "343")
def test_a_symmetric_client_proves_itself_by_basic(
    open_site: Opener, ehr: SimulatedEhr, recording: Recording
) -> None:
    assert open_site(**KINDS["symmetric"]).launched(ehr).path
    name, password = recording.one("/auth/token").basic
    assert (unquote_plus(name), unquote_plus(password)) == (CLIENT, SECRET)
    assert ":" not in quote_plus(name)


@pytest.mark.threat("T11")
@pytest.mark.requirement("345")
def test_the_secret_is_nowhere_but_in_the_header(
    open_site: Opener, ehr: SimulatedEhr, recording: Recording
) -> None:
    launched = open_site(**KINDS["symmetric"]).launched(ehr)
    assert launched.path
    assert SECRET not in launched.browser.seen()
    assert b"client_secret" not in b"".join(sent.body for sent in recording.sent)


@pytest.mark.requirement("64", "65", "11")
def test_the_client_is_asymmetric_unless_the_registry_says_otherwise(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    assert site.launched(ehr).path
    sent = recording.one("/auth/token")
    assert sent.form["client_assertion"].count(".") == 2
    assert "authorization" not in sent.headers


@pytest.mark.requirement("72")
@pytest.mark.parametrize("kind", ["symmetric", "asymmetric"])
def test_a_confidential_client_omits_client_id(
    open_site: Opener, ehr: SimulatedEhr, recording: Recording, kind: str
) -> None:
    assert open_site(**KINDS[kind]).launched(ehr).path
    assert "client_id" not in recording.one("/auth/token").form


@every_kind
@pytest.mark.requirement("105", "106")
def test_refreshing_authenticates_again(
    open_site: Opener, ehr: SimulatedEhr, recording: Recording, kind: str
) -> None:
    launched = open_site(**KINDS[kind]).launched(ehr)
    ehr.tokens.expire_access()
    assert "Lovelace" in launched.patient()
    first, second = recording.to("/auth/token")
    assert second.form["grant_type"] == "refresh_token"
    proof = {"client_id", "client_assertion_type"}
    assert proof & set(first.form) == proof & set(second.form)
    assert first.headers.get("authorization") == second.headers.get("authorization")


@pytest.mark.threat("T05")
@pytest.mark.requirement("68")
def test_a_spent_code_is_not_sent_twice(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    ehr.behaviour.code_seconds = 0.0
    page = site.launched(ehr).page
    assert page.status_code == 403
    assert len(recording.to("/auth/token")) == 1
