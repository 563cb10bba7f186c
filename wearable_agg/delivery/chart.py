"""What delivery needs of an EHR: a narrow port, and what a chart can answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from wearable_agg.delivery.abilities import Personality

Resource: TypeAlias = Mapping[str, Any]
"""A FHIR R4 resource as parsed JSON."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """A business identifier by which a resource of ours is found again."""

    system: str
    value: str


@dataclass(frozen=True, slots=True)
class New:
    """A resource to create, unless the chart holds one with the identifier `unless` already.

    `full_url` is the urn:uuid by which resources created together refer to it; it is the same
    whenever the same thing is to be created, and where the EHR takes ids of ours, it is the id.
    """

    resource: Resource
    full_url: str
    unless: Identifier | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """It is in the chart now; `reference` is like "Flag/12"."""

    reference: str
    version: str


@dataclass(frozen=True, slots=True)
class Existed:
    """The chart held it already, and it is ours."""

    reference: str
    version: str


@dataclass(frozen=True, slots=True)
class Updated:
    """The change is in the chart now."""

    reference: str
    version: str


@dataclass(frozen=True, slots=True)
class Found:
    """Every resource of ours that a search brought."""

    resources: tuple[Resource, ...]


@dataclass(frozen=True, slots=True)
class Absent:
    """The chart does not hold what was looked for."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody changed the resource since it was read: read again, decide again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Several:
    """The chart holds more than one with our identifier: a person or a reconciler must choose."""

    reason: str


@dataclass(frozen=True, slots=True)
class Mismatched:
    """The chart answered with somebody else's resource: stop and raise an alarm."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """It may or may not be in the chart: wait, then look.

    `rejected` marks a server error that names a fault of our resource; three of them settle it.
    """

    reason: str
    rejected: bool = False


@dataclass(frozen=True, slots=True)
class Throttled:
    """The chart did not take it now; `after` seconds is what it asked for, if it said."""

    reason: str
    after: float | None = None


@dataclass(frozen=True, slots=True)
class NotSent:
    """Nothing reached the chart: the EHR or its token endpoint is out of reach."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The chart will not take it until a person changes something there or here."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The resource itself is wrong in the chart's eyes; sending it again cannot help."""

    reason: str


@dataclass(frozen=True, slots=True)
class Held:
    """Nothing was sent: the clinical rules hold it back, at least until `until` (None: it may be
    for good)."""

    reason: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Withheld:
    """Nothing was sent, and nothing will be: it stands on our own list only."""

    reason: str


Failure: TypeAlias = (
    Conflict | Several | Mismatched | Ambiguous | Throttled | NotSent | Refused | Rejected
)
Outcome: TypeAlias = Created | Existed | Updated | Absent | Held | Withheld | Failure


class Chart(Protocol):
    """One tenant's EHR, as far as delivery writes to it. No method raises for what an EHR does."""

    personality: Personality

    def create(self, new: Sequence[New]) -> Outcome:
        """Create `new` unless the first of them is there; the outcome is that of the first.

        Where the EHR has no transactions they are created one by one, those that the first
        refers to before it; a repetition creates what is missing. Types that this EHR does not
        take are left out, and so are references to them.
        """
        ...

    def look(self, new: Sequence[New]) -> Outcome:
        """Look whether what `create` does is done: Existed, Absent, or why that is not known."""
        ...

    def find(self, resource_type: str, identifier: Identifier, patient: str) -> Found | Failure:
        """Search for ours; resources about anyone but `patient` are Mismatched."""
        ...

    def held(self, resource_type: str, patient: str) -> Found | Failure:
        """Search for every resource of a type about a patient, all pages."""
        ...

    def is_deleted(self, reference: str) -> bool:
        """Tell whether a resource was deleted; False where that is not known."""
        ...

    def update(self, resource: Resource, version: str, also: Sequence[New] = ()) -> Outcome:
        """Replace the resource if it still has `version`, then create `also`.

        Both or neither where the EHR has transactions.
        """
        ...
