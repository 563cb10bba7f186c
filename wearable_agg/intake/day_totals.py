"""Handing the totals of completed local days on to delivery."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, or_, select, update

from wearable_agg.delivery.uploads import day_changed, day_gone
from wearable_agg.measurements.daily import LocalDay, local_days
from wearable_agg.measurements.localdays import day_of_total
from wearable_agg.measurements.types import TYPES
from wearable_agg.measurements.upsert import ChangedDay
from wearable_agg.people.consents import permitted_types
from wearable_agg.people.registry import timezone_of
from wearable_agg.store.people_tables import persons

UPLOADED = frozenset({"steps", "resting_heart_rate"})
_ONE_DAY = timedelta(days=1)


class DayTotals:
    """Tells delivery of completed days: when they complete, are corrected later, or taken back.

    `upload_days` says by tenant how many days back a day is still uploaded. Telling a total twice
    changes nothing.
    """

    def __init__(self, upload_days: Mapping[str, int]) -> None:
        self._upload_days = upload_days

    def __call__(
        self, connection: Connection, person_id: int, changed: Sequence[ChangedDay]
    ) -> None:
        """Tell of the completed days among those that changed, in the caller's transaction."""
        zone = timezone_of(connection, person_id)
        today = _today(zone)
        oldest = today - timedelta(days=self._reach(connection, person_id))
        wanted = {
            (one.type, day)
            for one in changed
            if one.type in UPLOADED and oldest <= (day := day_of_total(one.start, zone)) < today
        }
        _tell(connection, person_id, zone, wanted)

    def close_days(self, connection: Connection) -> None:
        """Tell of the days that have completed since the last call, for every person."""
        for person_id, zone_name, closed_before in connection.execute(_not_closed()).all():
            zone = ZoneInfo(zone_name)
            today = _today(zone)
            first = today - timedelta(days=self._reach(connection, person_id))
            if closed_before is not None:
                first = max(first, date.fromisoformat(closed_before))
            if first < today:
                days = [first + n * _ONE_DAY for n in range((today - first).days)]
                _tell(connection, person_id, zone, {(t, day) for t in UPLOADED for day in days})
            connection.execute(
                update(persons)
                .where(persons.c.id == person_id)
                .values(days_closed_before=today.isoformat())
            )

    def _reach(self, connection: Connection, person_id: int) -> int:
        tenant = connection.execute(
            select(persons.c.tenant).where(persons.c.id == person_id)
        ).scalar_one()
        return self._upload_days.get(tenant, 0)


def tell_again(
    connection: Connection, person_id: int, wanted: Collection[tuple[str, date]]
) -> None:
    """Tell of the totals of (type, day) anew: another record stands for the person now."""
    _tell(connection, person_id, timezone_of(connection, person_id), wanted)


def _tell(
    connection: Connection, person_id: int, zone: ZoneInfo, wanted: Collection[tuple[str, date]]
) -> None:
    if not wanted:
        return
    first, last = min(day for _, day in wanted), max(day for _, day in wanted)
    allowed = permitted_types(connection, person_id) & UPLOADED
    for day in local_days(connection, person_id, zone, first, last + _ONE_DAY, allowed):
        for kind in sorted(kind for kind in allowed if (kind, day.date) in wanted):
            value = _total(day, kind)
            if value is None:
                day_gone(connection, person_id, day.date, kind)
            else:
                day_changed(connection, person_id, day.date, kind, value, TYPES[kind].unit)


def _total(day: LocalDay, kind: str) -> float | None:
    return day.steps if kind == "steps" else day.resting_heart_rate


def _not_closed() -> Select[int, str, str | None]:
    latest = (datetime.now(UTC) + timedelta(hours=14)).date().isoformat()
    columns = persons.c
    return select(columns.id, columns.timezone, columns.days_closed_before).where(
        columns.merged_into.is_(None),
        or_(columns.days_closed_before.is_(None), columns.days_closed_before < latest),
    )


def _today(zone: ZoneInfo) -> date:
    return datetime.now(zone).date()
