"""The values of the medication part: what an order says, and what is drawn of it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Source(StrEnum):
    """Who says that the patient takes the drug."""

    ORDERED = "Ordered"
    REPORTED = "Patient reported"


class DrugClass(StrEnum):
    """What a drug means for atrial fibrillation, in order of relevance."""

    ANTICOAGULANT = "Anticoagulant"
    RATE_CONTROL = "Rate control"
    ANTIARRHYTHMIC = "Antiarrhythmic"
    OTHER = "Other drug"


class Ending(StrEnum):
    """What is known about the end of an interval."""

    KNOWN = "known"
    ONGOING = "ongoing"
    UNKNOWN = "unknown"  # no longer taken, but nobody wrote down since when


@dataclass(frozen=True, slots=True)
class Code:
    """A code of a drug or an ingredient; `system` is the FHIR URI of the code system."""

    system: str
    code: str
    display: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """What one MedicationRequest or MedicationStatement says; unknown facts are None or empty.

    `status` and `intent` hold the words of FHIR R4. `start` and `end` are the patient's local
    days, `end` the last day of the drug (as in a FHIR Period). `amount` is one dose in `unit`,
    taken `per_day` times a day (0.5 is every second day).
    """

    id: str  # "MedicationRequest/123"
    name: str
    status: str
    source: Source = Source.ORDERED
    intent: str = ""
    codes: tuple[Code, ...] = ()
    ingredients: tuple[Code, ...] = ()
    authored: datetime | None = None
    start: date | None = None
    end: date | None = None
    dosage: str = ""  # the text of the instruction, as written
    amount: float | None = None
    unit: str = ""
    per_day: float | None = None
    as_needed: bool = False
    reason_stopped: str = ""
    replaces: str = ""  # the id of the order that this one replaces (priorPrescription)


@dataclass(frozen=True, slots=True)
class Segment:
    """A span with one dose: `start` inclusive, `end` exclusive, both local days.

    `start` None: began on an unknown day. `end` None: see `ending`. `strength` is the daily dose
    as a share of the highest one in the lane (1.0 where doses cannot be compared).
    """

    start: date | None
    end: date | None
    ending: Ending
    label: str
    strength: float
    status: str
    remark: str
    orders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lane:
    """All that is known of one drug from one source, in order of time."""

    name: str
    drug_class: DrugClass
    source: Source
    segments: tuple[Segment, ...]
    remarks: tuple[str, ...] = ()
