"""What was really handed out and given: said beside the lane of the drug it is about."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from clinical.medications.grouping import display_name, drug_key
from clinical.medications.model import Code, Lane, Order

_HANDED_OUT = {"completed"}
_GIVEN = {"completed", "in-progress"}


@dataclass(frozen=True, slots=True)
class Dispense:
    """What one MedicationDispense says; `days` is how long the supply lasts, None if not said."""

    id: str  # "MedicationDispense/123"
    name: str
    status: str
    on: date | None
    days: float | None = None
    codes: tuple[Code, ...] = ()
    ingredients: tuple[Code, ...] = ()
    orders: tuple[str, ...] = ()  # "MedicationRequest/7", where it says which

    @property
    def lasts_to(self) -> date | None:
        """The last day of the supply, if one unit after the other is taken from that day on."""
        if self.on is None or self.days is None or self.days < 1:
            return None
        try:
            return self.on + timedelta(days=int(self.days) - 1)
        except OverflowError:
            return None


@dataclass(frozen=True, slots=True)
class Administration:
    """What one MedicationAdministration says: a drug given by staff, ending on a local day."""

    id: str  # "MedicationAdministration/123"
    name: str
    status: str
    on: date | None
    codes: tuple[Code, ...] = ()
    ingredients: tuple[Code, ...] = ()
    orders: tuple[str, ...] = ()


Event = Dispense | Administration


def with_events(
    lanes: Iterable[Lane], orders: Iterable[Order], events: Sequence[Event], today: date
) -> list[Lane]:
    """Add to each lane what was handed out and given of its drug."""
    known = {order.id: drug_key(order) for order in orders}
    remarked = []
    for lane in lanes:
        drugs = {known[order] for segment in lane.segments for order in segment.orders}
        said = _remarks([event for event in events if _drug(event, known) in drugs], today)
        remarked.append(replace(lane, remarks=(*lane.remarks, *said)) if said else lane)
    return remarked


def without_order(orders: Iterable[Order], events: Iterable[Event]) -> list[str]:
    """The drugs that were handed out or given, though no order or statement names them."""
    known = {order.id: drug_key(order) for order in orders}
    drugs = set(known.values())
    strange = [e for e in events if _happened(e) and _drug(e, known) not in drugs]
    return sorted({display_name(_as_order(event)) for event in strange})


def _drug(event: Event, known: dict[str, str]) -> str:
    """By the order it belongs to, where the chart shows that one; otherwise by name and codes."""
    named = next((known[order] for order in event.orders if order in known), "")
    return named or drug_key(_as_order(event))


def _as_order(event: Event) -> Order:
    return Order(
        event.id, event.name, event.status, codes=event.codes, ingredients=event.ingredients
    )


def _happened(event: Event) -> bool:
    return event.status in (_HANDED_OUT if isinstance(event, Dispense) else _GIVEN)


def _remarks(events: Sequence[Event], today: date) -> list[str]:
    happened = [event for event in events if _happened(event)]
    supplies = [event for event in happened if isinstance(event, Dispense)]
    given = [event.on for event in happened if isinstance(event, Administration) and event.on]
    said = [_supply(supplies, today)] if supplies else []
    return [part for part in (*said, f"last given {_day(max(given))}" if given else "") if part]


def _supply(supplies: Sequence[Dispense], today: date) -> str:
    """The longest supply counts: earlier packs may overlap with it, and are never added to it."""
    ends = [end for supply in supplies if (end := supply.lasts_to)]
    if ends:
        last = max(ends)
        return f"dispensed supply {'ended' if last < today else 'lasts to'} {_day(last)}"
    days = [supply.on for supply in supplies if supply.on]
    return f"last dispensed {_day(max(days))}" if days else ""


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
