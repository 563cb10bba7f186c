"""Asking the backend for a launched patient: who asks, and what went wrong in plain words."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from app.contexts import LaunchContext
from dashboards.services import Missing
from safeguards.assertions import Asker
from wearable_agg.client.errors import BackendError, BackendSilent, NotAllowed

CLINICIANS = ("Practitioner/", "PractitionerRole/")
READ = frozenset({"chart.read"})
OPERATE = "delivery.operate"
SILENT = "The wearable service does not answer at the moment."
SPARED_SECONDS = 3.0
ACT = frozenset({"finding.act", "people.invite", "consent.revoke"})

Read = TypeVar("Read")


def asker(context: LaunchContext) -> Asker:
    """Who asks: only a clinician may act on findings and invite."""
    facts = context.facts
    clinician = facts.user.startswith(CLINICIANS)
    return Asker(
        tenant=context.tenant,
        issuer=facts.issuer,
        patient=facts.patient,
        user=facts.user,
        user_name=facts.user_name,
        context=context.id,
        scopes=READ | ACT if clinician else READ,
    )


def or_missing(part: str, read: Callable[[], Read]) -> Read | Missing:
    """What `read` brings, or which part is missing and why."""
    try:
        return read()
    except NotAllowed:
        return Missing(part, "You are not permitted to see this, or the patient does not share it.")
    except BackendError:
        return Missing(part, SILENT, passing=True)


class Silence:
    """Spares a page the wait for a backend that has just left one of its reads without an answer.

    Thread-safe; each launch is judged by its own reads.
    """

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()

    def or_missing(self, launch: str, part: str, read: Callable[[], Read]) -> Read | Missing:
        """As `or_missing`, without asking for some seconds after an answer failed to come."""
        with self._lock:
            if time.monotonic() < self._until.get(launch, 0.0):
                return Missing(part, SILENT, passing=True)

        def noted() -> Read:
            try:
                return read()
            except BackendSilent:
                self._note(launch)
                raise

        return or_missing(part, noted)

    def _note(self, launch: str) -> None:
        now = time.monotonic()
        with self._lock:
            self._until = {name: until for name, until in self._until.items() if until > now}
            self._until[launch] = now + SPARED_SECONDS
