"""Many processes, tokens of two seconds, and an EHR that revokes everything on reuse."""

from __future__ import annotations

import multiprocessing
import time

import pytest

from app.cookies import SESSION
from tests.conformance.simulator.ehr import SimulatedEhr
from tests.conformance.simulator.recording import Recording
from tests.conformance.site import Launched, Site
from tests.threats.refreshing import Outcome, read_for, refresh_and_die

pytestmark = pytest.mark.threat("T18")

# imports once, then forks: sixteen interpreters would take longer to start than to storm
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.threats.refreshing"])
READERS = 16
TOKEN_SECONDS = 2.0
START_SECONDS = 60
RENEWED_AFTER = TOKEN_SECONDS * 2 / 3


def refresh_tokens_sent(recording: Recording) -> list[str]:
    sent = [request.form for request in recording.to("/auth/token")]
    return [form["refresh_token"] for form in sent if form["grant_type"] == "refresh_token"]


def context_and_session(launched: Launched) -> tuple[str, str]:
    cookie = launched.browser.cookies[launched.site.url][SESSION]
    session = launched.site.parts.sessions.find(cookie)
    return launched.path.split("/")[2], session or ""


def storm(
    launched: Launched, seconds: float, ehr: SimulatedEhr, *, heedless: bool = False
) -> list[Outcome]:
    """Let all processes read at once; half-way the EHR forgets every access token."""
    start, outcomes = PROCESSES.Barrier(READERS + 1), PROCESSES.Queue()
    arguments = (launched.site.settings, *context_and_session(launched), start, seconds, outcomes)
    readers = [
        PROCESSES.Process(target=read_for, args=arguments, kwargs={"heedless": heedless})
        for _ in range(READERS)
    ]
    for reader in readers:
        reader.start()
    start.wait(START_SECONDS)
    time.sleep(seconds / 2)
    ehr.tokens.expire_access()
    found = [outcomes.get(timeout=seconds + START_SECONDS) for _ in readers]
    for reader in readers:
        reader.join(START_SECONDS)
    return found


@pytest.mark.parametrize(
    "seconds",
    [5.0, pytest.param(120.0, marks=[pytest.mark.long, pytest.mark.timeout(300)])],
)
def test_sixteen_processes_refresh_once_each_time_and_no_family_is_revoked(
    site: Site, ehr: SimulatedEhr, recording: Recording, seconds: float
) -> None:
    ehr.behaviour.seconds = TOKEN_SECONDS
    launched = site.launched(ehr)
    assert launched.path
    began = time.monotonic()
    outcomes = storm(launched, seconds, ehr)
    sent = refresh_tokens_sent(recording)
    assert len(sent) == len(set(sent))
    assert ehr.tokens.families_revoked == 0
    assert [outcome.failures for outcome in outcomes] == [()] * READERS
    assert seconds / TOKEN_SECONDS <= len(sent) <= (time.monotonic() - began) / RENEWED_AFTER + 2
    assert all(outcome.reads >= 3 for outcome in outcomes)
    version = site.parts.contexts.tokens(context_and_session(launched)[0]).version
    assert version == len(sent) + 1


def test_the_same_storm_without_the_claim_loses_the_family(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    """The control: it is the claim on the row that wards this off, not luck."""
    ehr.behaviour.seconds = TOKEN_SECONDS
    outcomes = storm(site.launched(ehr), 3.0, ehr, heedless=True)
    sent = refresh_tokens_sent(recording)
    assert len(sent) > len(set(sent))
    assert ehr.tokens.families_revoked >= 1
    assert any(outcome.failures for outcome in outcomes)


def test_killed_between_answer_and_commit_it_is_noticed_and_the_token_is_not_sent_again(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    launched = site.launched(ehr)
    arguments = (site.settings, *context_and_session(launched))
    victim = PROCESSES.Process(target=refresh_and_die, args=arguments)
    victim.start()
    victim.join(START_SECONDS)
    assert victim.exitcode == -9
    assert len(refresh_tokens_sent(recording)) == 1
    ehr.tokens.expire_access()
    site.clock.pass_minutes(1)
    for _ in range(2):
        assert "again from the chart" in launched.patient()
    assert len(refresh_tokens_sent(recording)) == 1
    assert ehr.tokens.families_revoked == 0
    assert "Lovelace" in site.launched(ehr).patient()
