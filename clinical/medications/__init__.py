"""What a patient takes: orders and statements in, lanes of dose intervals out."""

from clinical.medications.given import Administration, Dispense, Event, with_events, without_order
from clinical.medications.lanes import lanes
from clinical.medications.model import Code, DrugClass, Ending, Lane, Order, Segment, Source

__all__ = [
    "Administration",
    "Code",
    "Dispense",
    "DrugClass",
    "Ending",
    "Event",
    "Lane",
    "Order",
    "Segment",
    "Source",
    "lanes",
    "with_events",
    "without_order",
]
