"""What a process of its own does in the refresh storm: read, with whatever token is in force."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, replace
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier

from app.access import LaunchAccess
from app.contexts import HeldTokens, LaunchContext, LaunchContexts
from app.parts import Parts
from config.settings import Settings
from smart.errors import EhrError
from smart.fhir import FhirReader

PAUSE_SECONDS = 0.02


@dataclass(frozen=True)
class Outcome:
    """What came of one process: reads that succeeded, those that did not, tokens it saw."""

    reads: int
    failures: tuple[str, ...]
    tokens: frozenset[str]


def access_of(parts: Parts, context: str, session: str) -> LaunchAccess:
    """The access of a launch, as the page's services put it together."""
    launch = parts.contexts.find(context, session)
    return LaunchAccess(parts.contexts, parts.ehrs[launch.tenant], launch)


def read_for(
    settings: Settings,
    context: str,
    session: str,
    start: Barrier,
    seconds: float,
    outcomes: Queue[Outcome],
    *,
    heedless: bool = False,
) -> None:
    """Read the launched patient again and again for some seconds.

    `heedless` processes refresh without regard to each other.
    """
    parts = Parts.open(settings)
    access = access_of(parts, context, session)
    if heedless:
        access = replace(access, contexts=_EverybodyClaims(parts.store))
    reader = FhirReader(access.ehr.base, access.ehr.egress, access)
    reads, failures, tokens = 0, [], set()
    start.wait()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            reader.read("Patient", access.context.facts.patient)
            reads += 1
        except EhrError as error:
            failures.append(repr(error))
        tokens.add(access.contexts.tokens(context).access)
        time.sleep(PAUSE_SECONDS)
    outcomes.put(Outcome(reads, tuple(failures), frozenset(tokens)))


class _EverybodyClaims(LaunchContexts):
    def claim_refresh(self, identifier: str, version: int) -> bool:
        return True


class _KilledBeforeItCommits(LaunchContexts):
    def keep_tokens(self, context: LaunchContext, version: int, tokens: HeldTokens) -> HeldTokens:
        os.kill(os.getpid(), signal.SIGKILL)
        return tokens


def refresh_and_die(settings: Settings, context: str, session: str) -> None:
    """Refresh, and be killed when the answer has come and nothing is kept yet."""
    parts = Parts.open(settings)
    access = access_of(parts, context, session)
    doomed = LaunchAccess(_KilledBeforeItCommits(parts.store), access.ehr, access.context)
    doomed.renewed(doomed.contexts.tokens(context).access)
