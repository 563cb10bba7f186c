"""A slice of an export on its way into the store: plain rows go straight to their series."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta

from wearable_agg.intake.keeping import RHYTHM
from wearable_agg.measurements.batch import EARLIEST, NO_CONSENT, Batch, Row, batch_of, series_key
from wearable_agg.measurements.model import (
    BloodPressure,
    EcgRecording,
    Measurement,
    RhythmNotification,
    Workout,
)
from wearable_agg.measurements.types import FUTURE, TYPES, bounds
from wearable_agg.store.clock import to_micros
from wearable_agg.vendors.apple.export import Entry
from wearable_agg.vendors.apple.export_rows import SOURCE
from wearable_agg.vendors.apple.nights import minutes_of
from wearable_agg.vendors.apple.samples import Sample, measurement
from wearable_agg.vendors.findings import Found, Quarantined, with_doubts

MOST_REASONS, LONGEST_REASON = 40, 80
OTHER_REASONS = "for other reasons"

_BOUNDS = {kind: bounds(kind) for kind in TYPES}
_DAY = timedelta(hours=22) // timedelta(microseconds=1)


class Slice:
    """What was read since the last commit."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC)
        self._earliest, self._latest = to_micros(EARLIEST), to_micros(self._now + FUTURE)
        self._series: dict[tuple[str, str, str, bool], list[Row]] = {}
        self._others: list[Measurement] = []
        self._recordings: list[EcgRecording] = []
        self._notices: list[RhythmNotification] = []
        self._refused: Counter[str] = Counter()
        self.rows = 0

    def add(self, entries: Iterable[Entry]) -> None:
        """Take entries in their order; marks are passed over."""
        for one in entries:
            if type(one) is tuple:
                self._sample(one)
            elif isinstance(one, Found):
                self._found(one)

    def batch(self, permitted: Collection[str]) -> Batch:
        """Return the rows whose types are permitted, and what was refused."""
        batch = batch_of(self._others, permitted)
        batch.refused.update(self._refused)
        for (kind, statistic, device, spans), rows in self._series.items():
            if kind not in permitted:
                batch.refused[NO_CONSENT] += len(rows)
                continue
            length = timedelta(seconds=1) if spans else timedelta()
            key = series_key(kind, statistic, SOURCE, device, length)
            batch.rows.setdefault(key, []).extend(rows)
        if RHYTHM not in permitted and (withheld := len(self._recordings) + len(self._notices)):
            batch.refused[NO_CONSENT] += withheld
        return batch

    def recordings(self, permitted: Collection[str]) -> list[EcgRecording]:
        """Return the ECGs, none where they are not permitted."""
        return self._recordings if RHYTHM in permitted else []

    def notices(self, permitted: Collection[str]) -> list[RhythmNotification]:
        """Return the notices about rhythm, none where they are not permitted."""
        return self._notices if RHYTHM in permitted else []

    def _sample(self, one: Sample) -> None:
        known, value, start, end, offset, device, method, told, _ = one
        low, high = _BOUNDS[known.type]
        if (
            not low <= value <= high
            or start < self._earliest
            or end > self._latest
            or end - start >= _DAY
        ):
            self._measurement(measurement(one))
            return
        key = (known.type, known.statistic, device, end > start)
        row = (start, end, value, offset, device, method, "", told)
        series = self._series.get(key)
        if series is None:
            self._series[key] = [row]
        else:
            series.append(row)
        self.rows += 1

    def _measurement(self, one: Measurement) -> None:
        self._others.append(one)
        self.rows += 1

    def _found(self, found: Found) -> None:
        [checked] = with_doubts([found], self._now)
        item = checked.item
        if isinstance(item, Quarantined) and not isinstance(item.record, Measurement):
            self._refuse(item)
        elif isinstance(found.item, EcgRecording):
            self._recordings.append(found.item)
            self.rows += 1
        elif isinstance(found.item, RhythmNotification):
            self._notices.append(found.item)
        elif isinstance(found.item, BloodPressure | Workout):
            for one in found.item.measurements():
                self._measurement(one)
        else:
            for one in minutes_of(found.item):
                self._measurement(one)

    def _refuse(self, item: Quarantined) -> None:
        """Count a refusal by its reason; a document cannot make up reasons without end."""
        reason = "cannot be true" if item.record else item.reason[:LONGEST_REASON]
        if reason not in self._refused and len(self._refused) >= MOST_REASONS:
            reason = OTHER_REASONS
        self._refused[reason] += 1
