"""Backend Services: the delivery role's own access, without a user."""

from __future__ import annotations

import pytest

from smart.errors import EhrMisconfigured
from tests.conformance.conftest import Opener
from tests.conformance.simulator.ehr import SimulatedEhr
from tests.conformance.simulator.other_host import OtherHost
from tests.conformance.simulator.recording import Recording
from tests.conformance.simulator.server import Answer
from tests.conformance.site import BACKEND_SCOPES, Site
from wearable_agg.delivery.chart import Created, Found, Identifier, New, Refused, Updated

IDENTIFIER = Identifier("urn:test", "f-1")
FLAG = {
    "resourceType": "Flag",
    "status": "active",
    "identifier": [{"system": "urn:test", "value": "f-1"}],
    "code": {"text": "Possible atrial fibrillation"},
    "subject": {"reference": "Patient/ada"},
}
NEW = New(FLAG, "urn:uuid:7e3a9b5e-3f0e-4c8c-9a55-0f9f2f1f0001", IDENTIFIER)


@pytest.mark.requirement("234", "236", "235", "221", "222", "224")
def test_client_credentials_by_post_as_a_form(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    token, _ = site.backend()
    assert token.token()
    sent = recording.one("/auth/token")
    assert (sent.method, sent.query) == ("POST", "")
    assert sent.content_type == "application/x-www-form-urlencoded"
    names = {"grant_type", "scope", "client_assertion_type", "client_assertion"}
    assert set(sent.form) == names
    assert sent.form["grant_type"] == "client_credentials"


@pytest.mark.requirement("235", "239", "143")
def test_the_scope_is_the_system_scopes_it_needs(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    token, _ = site.backend()
    token.token()
    asked = recording.one("/auth/token").form["scope"].split()
    assert set(asked) == set(BACKEND_SCOPES.split())
    assert all(scope.startswith("system/") for scope in asked)


@pytest.mark.requirement("229", "224")
@pytest.mark.parametrize("kind", ["public", "symmetric", "asymmetric"])
def test_it_is_confidential_whatever_the_launching_client_is(
    open_site: Opener, ehr: SimulatedEhr, recording: Recording, kind: str
) -> None:
    secret = "a secret of some length" if kind == "symmetric" else ""
    token, _ = open_site(client_type=kind, client_secret=secret).backend()
    assert token.token()
    sent = recording.one("/auth/token")
    assert sent.form["client_assertion"]
    assert "authorization" not in sent.headers


@pytest.mark.requirement("264")
def test_every_request_carries_the_token_as_bearer(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    _, chart = site.backend()
    assert isinstance(chart.create([NEW]), Created)
    assert isinstance(chart.find("Flag", IDENTIFIER, "ada"), Found)
    used = [sent for sent in recording.to("/fhir/") if ".well-known" not in sent.path]
    assert len(used) >= 2
    issued = set(ehr.tokens.issued)
    assert all(sent.bearer in issued for sent in used)


@pytest.mark.requirement("263")
def test_a_spent_token_is_replaced_by_asking_again(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    _, chart = site.backend()
    chart.find("Flag", IDENTIFIER, "ada")
    ehr.tokens.expire_access()
    assert isinstance(chart.find("Flag", IDENTIFIER, "ada"), Found)
    grants = [sent.form["grant_type"] for sent in recording.to("/auth/token")]
    assert grants == ["client_credentials"] * 2


@pytest.mark.requirement("263")
def test_a_good_token_is_not_asked_for_twice(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    token, _ = site.backend()
    assert token.token() == token.token()
    assert recording.one("/auth/token")


@pytest.mark.requirement("263")
def test_a_refresh_token_is_not_used_even_where_one_comes(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    ehr.behaviour.answer = {"refresh_token": "not-to-be-used"}
    token, _ = site.backend()
    first = token.token()
    assert token.renewed(first) != first
    assert not [s for s in recording.sent if "not-to-be-used" in s.everything()]


@pytest.mark.threat("T09")
@pytest.mark.requirement("120")
def test_create_is_sent_only_where_c_was_granted(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    ehr.behaviour.answer = {"scope": "system/Flag.rus"}
    _, chart = site.backend()
    assert isinstance(chart.create([NEW]), Refused)
    assert recording.to("/fhir/Flag") == []


@pytest.mark.requirement("120")
def test_create_is_asked_for_as_c(site: Site, ehr: SimulatedEhr, recording: Recording) -> None:
    _, chart = site.backend()
    assert isinstance(chart.create([NEW]), Created)
    assert recording.one("/fhir/Flag", "POST")
    assert "c" in _letters(recording, "Flag")


@pytest.mark.requirement("122")
def test_update_is_sent_only_where_u_was_granted(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    _, chart = site.backend()
    chart.create([NEW])
    kept = ehr.fhir.resources["Flag"]["flag-1"]
    assert isinstance(chart.update({**kept, "status": "inactive"}, "1"), Updated)
    assert recording.one("/fhir/Flag/flag-1", "PUT")
    assert "u" in _letters(recording, "Flag")


@pytest.mark.threat("T09")
@pytest.mark.requirement("122")
def test_update_is_not_sent_without_u(site: Site, ehr: SimulatedEhr, recording: Recording) -> None:
    ehr.behaviour.answer = {"scope": "system/Flag.crs"}
    _, chart = site.backend()
    assert isinstance(chart.update({**FLAG, "id": "flag-1"}, "1"), Refused)
    assert recording.to("/fhir/Flag/flag-1") == []


@pytest.mark.requirement("125")
def test_search_is_not_sent_without_s(site: Site, ehr: SimulatedEhr, recording: Recording) -> None:
    ehr.behaviour.answer = {"scope": "system/Flag.cru"}
    _, chart = site.backend()
    assert isinstance(chart.find("Flag", IDENTIFIER, "ada"), Refused)
    assert recording.to("/fhir/Flag") == []


@pytest.mark.threat("T19")
@pytest.mark.requirement("267", "268")
def test_a_flag_that_points_elsewhere_takes_no_token_there(
    site: Site, ehr: SimulatedEhr, recording: Recording, elsewhere: OtherHost
) -> None:
    _, chart = site.backend()
    chart.create([NEW])
    author = {"reference": f"{elsewhere.url}/fhir/Device/1"}
    ehr.fhir.resources["Flag"]["flag-1"]["author"] = author
    ehr.behaviour.next_link = f"{elsewhere.url}/fhir/Flag?page=2"
    chart.find("Flag", IDENTIFIER, "ada")
    assert recording.at("elsewhere") == []


@pytest.mark.threat("T19")
@pytest.mark.requirement("267")
def test_a_redirect_takes_no_token_elsewhere(
    site: Site, ehr: SimulatedEhr, recording: Recording, elsewhere: OtherHost
) -> None:
    ehr.behaviour.always["/fhir/Flag"] = Answer(
        307, headers={"Location": f"{elsewhere.url}/fhir/Flag"}
    )
    _, chart = site.backend()
    chart.create([NEW])
    assert recording.at("elsewhere") == []


@pytest.mark.requirement("229", "317")
def test_a_client_that_is_not_registered_is_told_so(site: Site, ehr: SimulatedEhr) -> None:
    ehr.registry.clients.clear()
    token, _ = site.backend()
    with pytest.raises(EhrMisconfigured):
        token.token()


def _letters(recording: Recording, kind: str) -> str:
    asked = recording.to("/auth/token")[0].form["scope"].split()
    (scope,) = [each for each in asked if each.startswith(f"system/{kind}.")]
    return scope.rpartition(".")[2]
