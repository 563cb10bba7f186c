"""From orders of one drug to spans of time: what counts, when it began, when it ended."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from clinical.medications.model import Ending, Order, Source

_NEVER_TAKEN = {"entered-in-error", "draft", "cancelled", "not-taken"}
_NOT_ORDERED = {"proposal", "plan", "option"}
_OVER = {"stopped", "completed", "unknown"}
_ONE_DAY = timedelta(days=1)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Span:
    """One order in time: `start` inclusive, `end` exclusive, None where unknown or open."""

    order: Order
    start: date | None
    end: date | None
    ending: Ending
    remark: str


def counts(order: Order) -> bool:
    """Whether an order means that the drug was, is or will be taken.

    Left out: what was entered in error, never started (draft, cancelled, not-taken), or only
    thought of (proposal, plan, option). An intended drug counts only from a stated day on.
    """
    if order.status in _NEVER_TAKEN or order.intent in _NOT_ORDERED:
        return False
    return order.status != "intended" or order.start is not None


def spans(orders: Sequence[Order], today: date) -> list[Span]:
    """The spans of one drug in order of time, each cut where the next one takes its place."""
    ordered = sorted((_span(order, today) for order in orders), key=_by_time)
    cut = [_cut(span, ordered[index + 1 :]) for index, span in enumerate(ordered)]
    return [span for span in cut if not _is_empty(span)]


def _span(order: Order, today: date) -> Span:
    start, remark = _start(order)
    after_last = order.end + _ONE_DAY if order.end else None
    over = order.status in _OVER
    if after_last and not (over and after_last > today + _ONE_DAY):
        still = order.status == "active" and after_last <= today
        said = _joined(remark, "end date has passed, still active in the chart" if still else "")
        return Span(order, start, after_last, Ending.KNOWN, _joined(said, _reason(order)))
    if over:
        said = (
            f"{order.status}, date not recorded" if order.status != "unknown" else "status unknown"
        )
        return Span(order, start, None, Ending.UNKNOWN, _joined(remark, said, _reason(order)))
    held = "on hold" if order.status == "on-hold" else ""
    return Span(order, start, None, Ending.ONGOING, _joined(remark, held, _reason(order)))


def _start(order: Order) -> tuple[date | None, str]:
    if order.start:
        return order.start, ""
    if order.authored and order.source is Source.ORDERED:
        return order.authored.date(), "start not stated, drawn from the order date"
    return None, "start not recorded"


def _cut(span: Span, later: Sequence[Span]) -> Span:
    for following in later:
        if following.start is None or not _takes_over(span, following):
            continue
        if span.end is None or following.start < span.end:
            known = following.order.replaces == span.order.id or span.ending is not Ending.UNKNOWN
            said = "" if known else "drawn to the next dose"
            remark = _joined(span.remark, said)
            return replace(span, end=following.start, ending=Ending.KNOWN, remark=remark)
    return span


def _takes_over(span: Span, following: Span) -> bool:
    """Named as the replacement, or next after an order that is over; else both are taken."""
    if following.order.replaces == span.order.id or span.ending is Ending.UNKNOWN:
        return True
    same_day = span.end is not None and following.start == span.end - _ONE_DAY
    return span.order.status in _OVER and same_day


def _is_empty(span: Span) -> bool:
    return span.start is not None and span.end is not None and span.end <= span.start


def _by_time(span: Span) -> tuple[date, datetime, str]:
    return span.start or date.min, span.order.authored or _LONG_AGO, span.order.id


def _reason(order: Order) -> str:
    return f"stopped: {order.reason_stopped}" if order.reason_stopped else ""


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
