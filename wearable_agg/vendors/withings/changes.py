"""What Withings says of its own changes: when it made them, and what else they touch."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from wearable_agg.vendors.answers import Part
from wearable_agg.vendors.days import Span, day_bounds
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.protocol import Window
from wearable_agg.vendors.withings.kinds import ACTIVITY, HEART, INTRADAY, MEASURES, SLEEP
from wearable_agg.vendors.withings.quantities import RESULT_OF_ECG
from wearable_agg.vendors.withings.values import date_of, instant, moment, own_zone, span_between

ROWS = {ACTIVITY: "activities", SLEEP: "series", MEASURES: "measuregrps"}
"""By kind, the member that holds rows with `modified`."""

AHEAD = timedelta(days=1)
"""A change that is said to be made later than this from now is not believed."""

_MOMENT = timedelta(seconds=1)
_UNNAMED = ZoneInfo("UTC")


def changed_until(kind: str, body: Part) -> datetime | None:
    """Return the latest `modified` of a page's rows, None where no row has one."""
    latest = datetime.now(UTC) + AHEAD
    told = (_modified(row) for row in _rows(kind, body))
    return max((one for one in told if one is not None and one <= latest), default=None)


def leads_to(kind: str, body: Part) -> tuple[tuple[str, Window], ...]:
    """Return what has to be fetched of kinds that cannot be asked for their changes.

    A day or night whose sums changed has other samples within; the result of an ECG has its ECG.
    """
    found = dict.fromkeys(one for row in _rows(kind, body) for one in _beside(kind, row))
    return tuple(found)


def _rows(kind: str, body: Part) -> Iterator[Part]:
    listed = body.find(ROWS[kind]) if kind in ROWS else None
    if listed is not None and isinstance(listed.value, list):
        yield from listed.items()


def _modified(row: Part) -> datetime | None:
    try:
        told = row.find("modified")
        return instant(told) if told else None
    except Unusable:  # the worker says what is wrong with the page
        return None


def _beside(kind: str, row: Part) -> Iterator[tuple[str, Window]]:
    try:
        if kind == ACTIVITY:
            start, end = day_bounds(date_of(row.member("date")), own_zone(row) or _UNNAMED)
            yield INTRADAY, Window(start, end)
        elif kind == SLEEP:
            yield INTRADAY, _window(span_between(row.member("startdate"), row.member("enddate")))
        elif kind == MEASURES and _tells_of_ecg(row):
            yield HEART, _window(moment(row.member("date")))
    except Unusable:  # the same
        return


def _tells_of_ecg(group: Part) -> bool:
    measures = group.member("measures").items()
    return any(one.member("type").integer() == RESULT_OF_ECG for one in measures)


def _window(span: Span) -> Window:
    return Window(span.start, max(span.end, span.start + _MOMENT))
