"""Asking the backend for a launched patient: who asks, and what went wrong in plain words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from app.contexts import LaunchContext
from dashboards.services import Missing
from safeguards.assertions import Asker
from wearable_agg.client.errors import BackendError, NotAllowed

CLINICIANS = ("Practitioner/", "PractitionerRole/")
READ = frozenset({"chart.read"})
OPERATE = "delivery.operate"
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
        return Missing(part, "The wearable service does not answer at the moment.")
