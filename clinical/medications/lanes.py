"""Orders of a patient as lanes to draw: one drug and source a lane, dose after dose."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise

from clinical.medications.doses import combined_label, daily_amount, relative
from clinical.medications.grouping import display_name, drug_class, drug_key
from clinical.medications.intervals import Span, counts, spans
from clinical.medications.model import DrugClass, Ending, Lane, Order, Segment, Source

_RELEVANCE = tuple(DrugClass)


def lanes(orders: Iterable[Order], today: date) -> list[Lane]:
    """Group, order and join what the chart says; most relevant class first, then by start."""
    groups: dict[str, list[Order]] = defaultdict(list)
    for order in orders:
        if counts(order):
            groups[drug_key(order)].append(order)
    drawn = [lane for group in groups.values() for lane in _lanes_of_drug(group, today)]
    return sorted(drawn, key=_place)


def _lanes_of_drug(orders: Sequence[Order], today: date) -> list[Lane]:
    ordered = _lane([order for order in orders if order.source is Source.ORDERED], today)
    reported = _lane([order for order in orders if order.source is Source.REPORTED], today)
    if ordered and reported and _agrees(reported, ordered):
        return [replace(ordered, remarks=("patient reports taking it",))]
    return [lane for lane in (ordered, reported) if lane]


def _agrees(reported: Lane, ordered: Lane) -> bool:
    """A statement that repeats doses of the order needs no lane of its own; others are shown."""
    known = {segment.label for segment in ordered.segments}
    return {segment.label for segment in reported.segments} <= known


def _lane(orders: Sequence[Order], today: date) -> Lane | None:
    drawn = spans(orders, today)
    if not drawn:
        return None
    newest = drawn[-1].order
    segments = tuple(_joined(_segments(drawn)))
    return Lane(display_name(newest), drug_class(newest), newest.source, segments)


def _segments(drawn: Sequence[Span]) -> list[Segment]:
    together = [(a, b, _during(drawn, a, b)) for a, b in pairwise(_boundaries(drawn))]
    taken = [(a, b, group) for a, b, group in together if group]
    strengths = relative([daily_amount([span.order for span in group]) for _, _, group in taken])
    return [
        _segment(a, b, group, strength)
        for (a, b, group), strength in zip(taken, strengths, strict=True)
    ]


def _boundaries(drawn: Sequence[Span]) -> list[date]:
    starts = {span.start or date.min for span in drawn}
    return sorted(starts | {span.end or date.max for span in drawn})


def _during(drawn: Sequence[Span], start: date, end: date) -> list[Span]:
    return [s for s in drawn if (s.start or date.min) <= start and end <= (s.end or date.max)]


def _segment(start: date, end: date, group: Sequence[Span], strength: float) -> Segment:
    last = max(group, key=lambda span: (span.end or date.max, span.ending is Ending.ONGOING))
    return Segment(
        start=None if start == date.min else start,
        end=None if end == date.max else end,
        ending=last.ending if end == date.max else Ending.KNOWN,
        label=combined_label([span.order for span in group]),
        strength=strength,
        status="on-hold" if _all_held(group) else last.order.status,
        remark="; ".join(dict.fromkeys(span.remark for span in group if span.remark)),
        orders=tuple(span.order.id for span in group),
    )


def _all_held(group: Sequence[Span]) -> bool:
    return all(span.order.status == "on-hold" for span in group)


def _joined(segments: Sequence[Segment]) -> list[Segment]:
    """Renewals of one dose become one segment: only a change of dose starts a new one."""
    joined: list[Segment] = []
    for segment in segments:
        if joined and _continues(joined[-1], segment):
            joined[-1] = replace(
                segment, start=joined[-1].start, orders=(*joined[-1].orders, *segment.orders)
            )
        else:
            joined.append(segment)
    return joined


def _continues(earlier: Segment, later: Segment) -> bool:
    held = "on-hold" in (earlier.status, later.status) and earlier.status != later.status
    return earlier.end == later.start and earlier.label == later.label and not held


def _place(lane: Lane) -> tuple[int, date, str]:
    first = min(segment.start or date.min for segment in lane.segments)
    return _RELEVANCE.index(lane.drug_class), first, lane.name
