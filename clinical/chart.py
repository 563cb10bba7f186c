"""What a chart says of a patient besides drugs; unknown facts are None or empty."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from clinical.medications import Code

_REFUTED = {"refuted", "entered-in-error"}
_PRESENT = {"active", "recurrence", "relapse", ""}


@dataclass(frozen=True, slots=True)
class Problem:
    """What one Condition says; the words of both statuses are those of FHIR R4."""

    id: str  # "Condition/123"
    name: str
    codes: tuple[Code, ...] = ()
    clinical_status: str = ""
    verification: str = ""
    categories: tuple[str, ...] = ()
    onset: date | None = None
    abated: date | None = None

    @property
    def is_present(self) -> bool:
        """Whether the patient has it now: not resolved, not refuted, not entered in error."""
        present = self.clinical_status in _PRESENT and self.abated is None
        return present and self.verification not in _REFUTED


@dataclass(frozen=True, slots=True)
class Allergy:
    """What one AllergyIntolerance says."""

    id: str  # "AllergyIntolerance/123"
    name: str
    codes: tuple[Code, ...] = ()
    clinical_status: str = ""
    verification: str = ""
    criticality: str = ""  # "low", "high", "unable-to-assess"
    reactions: tuple[str, ...] = ()

    @property
    def is_present(self) -> bool:
        """Whether it counts now: not resolved, not refuted, not entered in error."""
        present = self.clinical_status in _PRESENT
        return present and self.verification not in _REFUTED


@dataclass(frozen=True, slots=True)
class Visit:
    """What one Encounter says; `setting` is the code of its class ("AMB", "IMP", "EMER")."""

    id: str  # "Encounter/123"
    name: str
    status: str
    setting: str = ""
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Background:
    """Problems, allergies and visits, and in `gaps` a sentence for each part that is missing.

    `complete` names the kinds of resource that were read to the end: of these the chart holds no
    more than is here.
    """

    problems: tuple[Problem, ...] = ()
    allergies: tuple[Allergy, ...] = ()
    visits: tuple[Visit, ...] = ()
    gaps: tuple[str, ...] = ()
    complete: frozenset[str] = frozenset()

    def has(self, codes: Iterable[tuple[str, str]]) -> bool:
        """Whether a problem that is present carries one of these codes (system, code)."""
        wanted = set(codes)
        return any(
            (code.system, code.code) in wanted
            for problem in self.problems
            if problem.is_present
            for code in problem.codes
        )
