from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.access import LaunchAccess
from smart.errors import AuthorizationLost, EhrUnavailable
from tests.app.conftest import Browser, Site
from tests.support.stub_ehr import StubEhr

AN_HOUR = 60.0


@pytest.fixture
def access(site: Site, browser: Browser) -> LaunchAccess:
    identifier = browser.launch().strip("/").removeprefix("c/")
    session = site.parts.sessions.find(browser.cookie("__Host-session"))
    context = site.parts.contexts.find(identifier, session or "")
    return LaunchAccess(site.parts.contexts, site.parts.ehrs["stub"], context)


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
    identifier = browser.launch().strip("/").removeprefix("c/")
    session = site.parts.sessions.find(browser.cookie("__Host-session")) or ""
    context = site.parts.contexts.find(identifier, session)
    access = LaunchAccess(site.parts.contexts, site.parts.ehrs["stub"], context)
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


def test_many_callers_at_once_are_one_refresh(access: LaunchAccess, ehr: StubEhr) -> None:
    refused = spend(access, ehr)
    with ThreadPoolExecutor(16) as pool:
        tokens = set(pool.map(lambda _: access.renewed(refused), range(16)))
    assert len(tokens) == 1
    assert tokens <= ehr.valid
    assert refreshes(ehr) == 1


def test_a_caller_killed_while_refreshing_blocks_nobody_for_long(
    site: Site, access: LaunchAccess, ehr: StubEhr
) -> None:
    refused = spend(access, ehr)
    assert site.parts.contexts.claim_refresh(access.context.id, 1)
    site.clock.pass_minutes(0.51)
    assert access.renewed(refused) in ehr.valid


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
