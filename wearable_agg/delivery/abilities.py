"""What an EHR has been seen to be able to do, and the route by which findings reach its chart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

LADDER = ("Flag", "Observation", "Communication", "DocumentReference")
"""Routes of a finding into a chart, best first."""

WORKLIST = "worklist"
"""The route that is always there: Wristchart's own table."""


class CreateBy(StrEnum):
    """How a resource is created so that a repetition has no effect, best first."""

    TRANSACTION = "transaction"  # all or nothing, with ifNoneExist
    PUT = "put"  # under an id of our choice
    CONDITION = "condition"  # If-None-Exist
    SEARCH = "search"  # looked for first; only our lease keeps others away meanwhile


@dataclass(frozen=True, slots=True)
class Abilities:
    """What an EHR does with one type of resource.

    `searchable_by` is "identifier", "patient" or "". `atomic`: of eight that create one thing at
    once, one did. `etag`: a stale update is refused, so that nobody's edit is lost.
    """

    can_create: bool
    stores_identifier: bool
    searchable_by: str
    atomic: bool
    update: bool
    etag: bool
    create_by: CreateBy

    @property
    def carries_findings(self) -> bool:
        """Whether a finding can be created here, and found again."""
        return self.can_create and self.searchable_by != ""

    @property
    def changeable(self) -> bool:
        """Whether a resource can be changed without overwriting somebody's edit."""
        return self.update and self.etag


ABLE = Abilities(True, True, "identifier", True, True, True, CreateBy.TRANSACTION)
"""All that FHIR R4 describes."""

_KINDS = (*LADDER, "Device", "Provenance")


@dataclass(frozen=True, slots=True)
class Personality:
    """An EHR's abilities by type; a type that is not named is never created."""

    kinds: Mapping[str, Abilities] = field(default_factory=lambda: dict.fromkeys(_KINDS, ABLE))

    @property
    def route(self) -> str:
        """The type that findings are written as, or WORKLIST."""
        carrying = (kind for kind in LADDER if self.can_carry(kind))
        return next(carrying, WORKLIST)

    def can_carry(self, kind: str) -> bool:
        """Whether a finding could go by this type; a Flag has no text to hold our reference."""
        able = self.kinds.get(kind)
        if able is None or not able.carries_findings:
            return False
        return able.stores_identifier or kind != "Flag"

    def creates(self, kind: str) -> bool:
        """Whether resources of this type can be created."""
        able = self.kinds.get(kind)
        return able is not None and able.can_create

    def to_document(self) -> dict[str, Any]:
        """A form for keeping."""
        return {kind: asdict(able) for kind, able in self.kinds.items()}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Personality:
        """What `to_document` gave."""
        kinds = {
            kind: Abilities(**{**able, "create_by": CreateBy(able["create_by"])})
            for kind, able in document.items()
        }
        return cls(kinds)


WORKLIST_ONLY = Personality({})
"""An EHR that takes nothing."""
