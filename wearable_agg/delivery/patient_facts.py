"""What delivery asks an EHR about a patient at the moment of sending: a narrow port."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeAlias

from wearable_agg.delivery.chart import Failure

MERGED = "The patient's record was merged into another one"
"""Why nothing is written to a record that another one stands for."""


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """A patient as the EHR has them now.

    `unusable` says in words why nothing may be written to this record (merged into another one,
    entered in error), or is "". `replaced_by` is the one record of the same EHR that it names in
    its place, or "". `problems` are the codes of the problem list, as (system, code);
    None where delivery may not read it.
    """

    unusable: str
    birth_date: date | None
    problems: frozenset[tuple[str, str]] | None
    replaced_by: str = ""


Answer: TypeAlias = PatientRecord | Failure


class PatientFacts(Protocol):
    """One tenant's EHR, as far as delivery reads patients in it. Nothing is raised."""

    def of(self, patient: str) -> Answer:
        """Read a patient as they are now."""
        ...
