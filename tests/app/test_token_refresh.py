from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app.access import LaunchAccess, held
from app.store import SECOND
from smart import token_endpoint
from smart.errors import AuthorizationLost, EhrUnavailable
from smart.token_response import Tokens, parse_tokens
from tests.app.conftest import Browser, Site
from tests.support.stub_ehr import StubEhr

AN_HOUR = 60.0


def launched(site: Site, browser: Browser) -> LaunchAccess:
    """The access of a new launch."""
    identifier = browser.launch().strip("/").removeprefix("c/")
    session = site.parts.sessions.find(browser.cookie("__Host-session"))
    context = site.parts.contexts.find(identifier, session or "")
    return LaunchAccess(site.parts.contexts, site.parts.ehrs["stub"], context)


@pytest.fixture
def access(site: Site, browser: Browser) -> LaunchAccess:
    return launched(site, browser)


def refreshes(ehr: StubEhr) -> int:
    return sum(sent.form["grant_type"] == "refresh_token" for sent in ehr.to("/auth/token"))


def spend(access: LaunchAccess, ehr: StubEhr) -> str:
    """Have the EHR forget the access token now in force."""
    current = access.token()
    ehr.valid.discard(current)
    return current


def test_a_good_token_is_used_as_it_is(access: LaunchAccess, ehr: StubEhr) -> None:
    assert access.token() == access.token()
    assert refreshes(ehr) == 0


@pytest.mark.parametrize("seconds", [1, 2, 60, 600])
def test_a_token_is_renewed_before_it_runs_out(
    site: Site, browser: Browser, ehr: StubEhr, seconds: int
) -> None:
    ehr.seconds = seconds
    access = launched(site, browser)
    site.clock.pass_minutes(seconds / 60)
    assert access.token() in ehr.valid
    assert refreshes(ehr) == 1


def test_the_next_refresh_token_is_kept_and_used(access: LaunchAccess, ehr: StubEhr) -> None:
    for _ in range(3):
        assert access.renewed(spend(access, ehr)) in ehr.valid
    assert refreshes(ehr) == len({s.form["refresh_token"] for s in ehr.to("/auth/token")[1:]}) == 3


def test_the_old_refresh_token_stays_where_none_is_given(
    access: LaunchAccess, ehr: StubEhr
) -> None:
    ehr.rotate = False
    for _ in range(2):
        assert access.renewed(spend(access, ehr)) in ehr.valid


@pytest.mark.threat("T18")
def test_many_callers_at_once_are_one_refresh(access: LaunchAccess, ehr: StubEhr) -> None:
    refused = spend(access, ehr)
    with ThreadPoolExecutor(16) as pool:
        tokens = set(pool.map(lambda _: access.renewed(refused), range(16)))
    assert len(tokens) == 1
    assert tokens <= ehr.valid
    assert refreshes(ehr) == 1


@pytest.mark.threat("T18")
def test_a_refresh_that_was_cut_off_is_noticed_and_its_token_not_sent_again(
    site: Site, access: LaunchAccess, ehr: StubEhr
) -> None:
    refused = spend(access, ehr)
    assert site.parts.contexts.claim_refresh(access.context.id, 1)
    site.clock.pass_minutes(0.76)
    for _ in range(3):
        with pytest.raises(AuthorizationLost):
            access.renewed(refused)
    assert refreshes(ehr) == 0


def test_while_somebody_refreshes_the_others_wait(
    site: Site, access: LaunchAccess, ehr: StubEhr, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = spend(access, ehr)
    monkeypatch.setattr("app.access.WAIT_SECONDS", 0.3)
    assert site.parts.contexts.claim_refresh(access.context.id, 1)
    with pytest.raises(EhrUnavailable):
        access.renewed(refused)
    site.parts.contexts.release_refresh(access.context.id, 1)
    assert access.renewed(refused) in ehr.valid


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"access_token": 1}'])
def test_tokens_that_came_and_cannot_be_used_end_the_launch(
    access: LaunchAccess, ehr: StubEhr, body: bytes
) -> None:
    refused = spend(access, ehr)
    ehr.raw_token_answer = body
    for _ in range(2):
        with pytest.raises(AuthorizationLost):
            access.renewed(refused)
    assert refreshes(ehr) == 1


@pytest.mark.threat("T18")
def test_an_answer_that_never_came_is_not_asked_for_again(
    access: LaunchAccess, ehr: StubEhr
) -> None:
    refused = spend(access, ehr)
    ehr.hang_up_after_token = True
    for _ in range(2):
        with pytest.raises(AuthorizationLost):
            access.renewed(refused)
    assert refreshes(ehr) == 1


def test_an_ehr_that_cannot_be_reached_has_not_seen_the_token(
    access: LaunchAccess, ehr: StubEhr
) -> None:
    refused = spend(access, ehr)
    ehr.close()
    for _ in range(2):
        with pytest.raises(EhrUnavailable):
            access.renewed(refused)


def test_tokens_that_come_after_the_sign_out_are_given_back(
    site: Site, access: LaunchAccess, ehr: StubEhr, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = spend(access, ehr)
    refresh = token_endpoint.refresh

    def signed_out_meanwhile(*arguments: Any) -> Tokens:
        tokens = refresh(*arguments)
        site.parts.sessions.end(access.context.session)
        return tokens

    monkeypatch.setattr(token_endpoint, "refresh", signed_out_meanwhile)
    with pytest.raises(AuthorizationLost, match="has ended"):
        access.renewed(refused)
    assert (ehr.valid, ehr.refreshable) == (set(), {})


@pytest.mark.parametrize(
    ("seconds", "good_for"), [(1, 2 / 3), (2, 4 / 3), (90, 60), (180, 120), (3600, 3540)]
)
def test_tokens_are_renewed_a_third_of_their_life_or_a_minute_early(
    seconds: int, good_for: float
) -> None:
    tokens = parse_tokens(
        {"access_token": "a", "token_type": "Bearer", "scope": "s", "expires_in": seconds}
    )
    assert held(tokens, 0).good_until / SECOND == pytest.approx(good_for, abs=1e-5)


def test_a_token_that_cannot_be_renewed_is_used_to_its_end(
    site: Site, browser: Browser, ehr: StubEhr
) -> None:
    ehr.seconds, ehr.token_answer = 900, {"refresh_token": None}
    access = launched(site, browser)
    current = access.token()
    site.clock.pass_minutes(14.9)
    assert access.token() == current
    with pytest.raises(AuthorizationLost):
        access.renewed(current)


@pytest.mark.threat("T41")
def test_a_refused_refresh_token_is_not_tried_again(access: LaunchAccess, ehr: StubEhr) -> None:
    refused = spend(access, ehr)
    ehr.refreshable.clear()
    for _ in range(3):
        with pytest.raises(AuthorizationLost):
            access.renewed(refused)
    assert refreshes(ehr) == 1


def test_an_ehr_that_is_down_can_be_asked_again(access: LaunchAccess, ehr: StubEhr) -> None:
    refused = spend(access, ehr)
    ehr.statuses["/auth/token"] = 503
    with pytest.raises(EhrUnavailable):
        access.renewed(refused)
    ehr.statuses.clear()
    assert access.renewed(refused) in ehr.valid


@pytest.mark.threat("T09")
def test_a_refresh_that_speaks_of_another_patient_ends_the_launch(
    access: LaunchAccess, ehr: StubEhr
) -> None:
    refused = spend(access, ehr)
    ehr.token_answer = {"patient": "jonas"}
    with pytest.raises(AuthorizationLost, match="another patient"):
        access.renewed(refused)


def test_a_launch_that_has_ended_gives_no_token(site: Site, access: LaunchAccess) -> None:
    site.clock.pass_minutes(AN_HOUR)
    with pytest.raises(AuthorizationLost):
        access.token()
