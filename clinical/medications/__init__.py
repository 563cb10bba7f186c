"""What a patient takes: orders and statements in, lanes of dose intervals out."""

from clinical.medications.lanes import lanes
from clinical.medications.model import Code, DrugClass, Ending, Lane, Order, Segment, Source

__all__ = ["Code", "DrugClass", "Ending", "Lane", "Order", "Segment", "Source", "lanes"]
