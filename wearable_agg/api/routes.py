"""What a route of the API is: declared once, and served, checked and documented from that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from safeguards.assertions import Asker
from wearable_agg.api.backend import Backend
from wearable_agg.api.problems import (
    BAD_REQUEST,
    IN_FLIGHT,
    INTERNAL,
    KEY_REUSED,
    NOT_ALLOWED,
    NOT_AUTHENTIC,
    TRY_AGAIN,
    Kind,
)
from wearable_agg.people.registry import person_for

PREFIX = "/api/v1"
CHART_READ, FINDING_ACT = "chart.read", "finding.act"
PEOPLE_INVITE, CONSENT_REVOKE, ECG_WRITE = "people.invite", "consent.revoke", "ecg.write"
DELIVERY_OPERATE = "delivery.operate"
SCOPES = {
    CHART_READ: "See what is known of the assertion's patient.",
    FINDING_ACT: "Decide about the patient's findings.",
    PEOPLE_INVITE: "Invite the patient to link wearables, and settle what linking left open.",
    CONSENT_REVOKE: "Record that the patient withdraws consent.",
    ECG_WRITE: "Pair an ECG device with the patient.",
    DELIVERY_OPERATE: "See what waits to be written in the hospital, and send it again.",
}
BY_ASSERTION, BY_DEVICE = "assertion", "device"
"""What a route's caller shows: who asks, signed for this request, or a device's own token."""

NO_PERSON = -1
"""A person that no row belongs to: reading for an unknown patient finds nothing."""

_ALWAYS = (NOT_AUTHENTIC, NOT_ALLOWED, INTERNAL, TRY_AGAIN)
_OF_POSTS = (BAD_REQUEST, IN_FLIGHT, KEY_REUSED)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a query or a path; `read` raises ValueError for what it cannot be.

    `default` is what an absent one stands for; None makes it needed.
    """

    name: str
    description: str
    schema: Mapping[str, Any]
    read: Callable[[str], Any] = str
    default: Any = None
    where: str = "query"


@dataclass(frozen=True, slots=True)
class Nothing:
    """An empty object."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request as a handler sees it: who asks is verified, its parameters and body are read.

    `connection` is a read transaction for GET, and the write transaction of the act for POST.
    """

    backend: Backend
    connection: Connection
    asker: Asker
    person_id: int
    values: Mapping[str, Any]
    body: Any = None
    key: str = ""

    def person(self) -> int:
        """Return the patient's person, made where there is none yet; needs a write transaction."""
        asker = self.asker
        zone = self.backend.settings.tenant(asker.tenant).timezone
        found = person_for(
            self.connection, asker.tenant, asker.issuer, asker.patient, create=True, timezone=zone
        )
        if found is None:
            raise LookupError(asker.patient)
        return found


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of the API.

    `answer` and `body` are types from which their JSON schemas are made. `tagged` answers change
    only with the person's data version and consent, so that their ETag costs nothing. `recorded`
    names the reading in the audit trail. A device's route has no scope: its `body` says what may be
    sent, at most `most_bytes` of it, and the handler is given it as it came.
    """

    method: str
    path: str
    name: str
    summary: str
    scope: str
    handler: Callable[[Call], Any]
    answer: Any
    parameters: tuple[Parameter, ...] = ()
    body: Any = None
    status: int = 200
    problems: tuple[Kind, ...] = ()
    tagged: bool = False
    recorded: str = ""
    media_type: str = "application/json"
    credential: str = BY_ASSERTION
    most_bytes: int = 0

    @property
    def rule(self) -> str:
        """The path as Flask writes it."""
        return PREFIX + self.path.replace("{", "<").replace("}", ">")

    @property
    def every_problem(self) -> tuple[Kind, ...]:
        """Each kind of problem that the route may answer with."""
        posts = _OF_POSTS if self.method == "POST" else ()
        query = (BAD_REQUEST,) if any(one.where == "query" for one in self.parameters) else ()
        kinds = {kind.name: kind for kind in (*_ALWAYS, *posts, *query, *self.problems)}
        return tuple(sorted(kinds.values(), key=lambda kind: (kind.status, kind.name)))
