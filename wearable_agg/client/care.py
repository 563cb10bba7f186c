"""The backend's answers to care teams and operators, and what devices and their apps send it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Invitation:
    """An address to hand to the patient, as text and as QR code (SVG), and how long it is good.

    `code` is to be told to the patient in person; "" where they sign in at the EHR instead.
    """

    url: str
    qr: str
    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class WorkItem:
    """Something only people can settle.

    `kind` is shared-account (`subject` is a vendor), replaced-record or replacing-record: by the
    EHR's word the record `subject` stands for this one, or this one for it.
    """

    id: str
    kind: str
    subject: str
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class WorkItems:
    """What is open about the patient, the oldest first."""

    items: tuple[WorkItem, ...]


@dataclass(frozen=True, slots=True)
class Sharing:
    """The topics that the patient shares, after a change."""

    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A write to a chart: for whom, what, how far it came and why no further."""

    number: int
    patient: str
    kind: str
    state: str
    reason: str
    attempts: int
    queued_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class StateCount:
    """How many writes are in a state."""

    state: str
    count: int


@dataclass(frozen=True, slots=True)
class Reconciled:
    """One comparison of the EHR with what should be there; `ended_at` None: cut off, or running.

    `strange` are named like ours but not known to be, and were left alone.
    """

    occasion: str
    started_at: datetime
    ended_at: datetime | None
    patients: int
    expected: int
    held: int
    sent_again: int
    taken_back: int
    strange: int
    problem: str


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What waits in a hospital: `waiting` for a person, `held` for the site's rules to let it go.

    `route` is "" where its EHR was not probed yet.
    """

    write_mode: str
    route: str
    waiting: tuple[Delivery, ...]
    held: tuple[Delivery, ...]
    states: tuple[StateCount, ...]
    reconciled: Reconciled | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be sent now, as FHIR JSON; `refusal` says why it would not be, or is ""."""

    delivery: Delivery
    resources: tuple[str, ...]
    refusal: str


@dataclass(frozen=True, slots=True)
class EcgToken:
    """What a patient's ECG device needs to stream."""

    token: str
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Push:
    """What a companion app sends: `data` as Health Auto Export or a mobile SDK writes it."""

    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kept:
    """How many bytes are kept; reading them comes later."""

    bytes: int
