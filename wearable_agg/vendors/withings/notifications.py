"""Withings' notifications: an unsigned form that says whose data changed, and when."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from urllib.parse import parse_qsl

from safeguards.strict_json import Malformed
from wearable_agg.vendors.answers import Part
from wearable_agg.vendors.protocol import Notification, Window
from wearable_agg.vendors.withings.kinds import ACTIVITY, HEART, INTRADAY, MEASURES, SLEEP
from wearable_agg.vendors.withings.values import date_of, instant

BODY, TEMPERATURE, PRESSURE_AND_OXYGEN = 1, 2, 4
DAY, NIGHT, USER_EVENT, ECG = 16, 44, 46, 54

KINDS_OF: dict[int, tuple[str, ...]] = {
    BODY: (MEASURES,),
    TEMPERATURE: (MEASURES,),
    PRESSURE_AND_OXYGEN: (MEASURES,),
    ECG: (HEART, MEASURES),
    DAY: (ACTIVITY, INTRADAY),
    NIGHT: (SLEEP, INTRADAY),
    USER_EVENT: (),
}
"""What to fetch when a category changes."""

_GONE = frozenset({"delete", "unlink"})
_MOST_FIELDS = 20
_ANY_ZONE = timedelta(hours=14)


def notifications(raw: bytes) -> list[Notification]:
    """Read a notification; of a category that we do not read nothing comes.

    Raises Malformed where it is no form, Unusable where a field is missing or wrong.
    """
    form = form_of(raw)
    user = str(_field(form, "userid").integer())
    appli = _field(form, "appli").integer()
    if appli == USER_EVENT:
        gone = form.get("action") in _GONE
        return [Notification(user, (), None, "unlinked")] if gone else []
    kinds = KINDS_OF.get(appli, ())
    return [Notification(user, kinds, _window(form), "changed")] if kinds else []


def notification(raw: bytes) -> Notification:
    """Read a notification of any category; `kinds` holds the category's number.

    Raises Malformed and Unusable.
    """
    form = form_of(raw)
    appli = _field(form, "appli").integer()
    gone = appli == USER_EVENT and form.get("action") in _GONE
    return Notification(
        vendor_user_id=str(_field(form, "userid").integer()),
        kinds=(str(appli),),
        window=_window(form),
        action="unlinked" if gone else "changed",
    )


def form_of(raw: bytes) -> dict[str, str]:
    """Read a form in which every field stands once; raises Malformed."""
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), strict_parsing=True, errors="strict", max_num_fields=_MOST_FIELDS
        )
    except ValueError as error:
        raise Malformed("not a form") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise Malformed("a field stands twice")
    return form


def _field(form: dict[str, str], name: str) -> Part:
    return Part(form).member(name)


def _window(form: dict[str, str]) -> Window | None:
    """Return the notified time; a date is that day in whatever time zone the person is."""
    if "date" in form:
        midnight = datetime.combine(date_of(_field(form, "date")), time(), UTC)
        return Window(midnight - _ANY_ZONE, midnight + timedelta(days=1) + _ANY_ZONE)
    if "startdate" not in form:
        return None
    start, end = (instant(_field(form, name)) for name in ("startdate", "enddate"))
    return Window(start, max(end, start) + timedelta(seconds=1))
