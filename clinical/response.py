"""What the resting heart rate did after a change of a rate-control drug: a fact, not a cause."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from statistics import median

from clinical.measures import Measure, NotEnoughData, Threshold, change
from clinical.medications import DrugClass, Lane


@dataclass(frozen=True, slots=True)
class DoseChange:
    """From `on`, a local day, the patient takes `label` of `drug`; `first`: it was begun then."""

    drug: str
    drug_class: DrugClass
    label: str
    on: date
    first: bool


@dataclass(frozen=True, slots=True)
class Response:
    """Median resting heart rate (bpm) in equal windows before and after a dose change."""

    to: DoseChange
    before: Measure | NotEnoughData
    after: Measure | NotEnoughData

    @property
    def difference(self) -> float | None:
        """After minus before, in bpm: negative is slower; None if one side has too few days."""
        return change(self.after, self.before)


def dose_changes(lane: Lane) -> list[DoseChange]:
    """Each known start of a dose in a lane, oldest first."""
    starts = [
        DoseChange(lane.name, lane.drug_class, segment.label, segment.start, index == 0)
        for index, segment in enumerate(lane.segments)
        if segment.start is not None
    ]
    same = [(a, b) for a, b in pairwise(lane.segments) if a.label == b.label]
    unchanged = {b.start for a, b in same if a.end == b.start}
    return [start for start in starts if start.on not in unchanged]


def rate_responses(
    lanes: Iterable[Lane], resting: Mapping[date, float], today: date
) -> list[Response]:
    """The response to the latest dose change of each rate-control drug taken now, newest first.

    A change with another rate-control change within `response_window` days is left out: what
    followed could be due to either.
    """
    rate_lanes = [lane for lane in lanes if lane.drug_class is DrugClass.RATE_CONTROL]
    events = {event for lane in rate_lanes for event in _events(lane)}
    latest = [_latest(lane, today) for lane in rate_lanes if _taken_now(lane, today)]
    clear = [found for found in latest if found and not _crowded(found, events)]
    newest_first = sorted(clear, key=lambda found: found.on, reverse=True)
    return [_response(found, resting) for found in newest_first]


def baseline(lanes: Iterable[Lane], resting: Mapping[date, float]) -> Measure | NotEnoughData:
    """The patient's own resting heart rate (bpm) before the first rate-control drug."""
    days = int(Threshold.named("baseline_days").value)
    starts = [
        s.start
        for lane in lanes
        if lane.drug_class is DrugClass.RATE_CONTROL
        for s in lane.segments
    ]
    known = [start for start in starts if start is not None]
    if not known or len(known) != len(starts):
        return NotEnoughData(timedelta(0), timedelta(days=days))
    return _median(resting, min(known) - timedelta(days=days), days)


def _taken_now(lane: Lane, today: date) -> bool:
    return any(s.end is None or s.end > today for s in lane.segments)


def _latest(lane: Lane, today: date) -> DoseChange | None:
    past = [found for found in dose_changes(lane) if found.on <= today]
    return past[-1] if past else None


def _events(lane: Lane) -> set[tuple[str, date]]:
    days = {day for segment in lane.segments for day in (segment.start, segment.end) if day}
    return {(lane.name, day) for day in days}


def _crowded(found: DoseChange, events: set[tuple[str, date]]) -> bool:
    window = timedelta(days=Threshold.named("response_window").value)
    others = events - {(found.drug, found.on)}
    return any(abs(day - found.on) < window for _, day in others)


def _response(found: DoseChange, resting: Mapping[date, float]) -> Response:
    days = int(Threshold.named("response_window").value)
    before = _median(resting, found.on - timedelta(days=days), days)
    after = _median(resting, found.on + timedelta(days=1), days)
    return Response(found, before, after)


def _median(resting: Mapping[date, float], first: date, days: int) -> Measure | NotEnoughData:
    needed = timedelta(days=Threshold.named("response_needs").value)
    window = [first + timedelta(days=offset) for offset in range(days)]
    known = [resting[day] for day in window if day in resting]
    if timedelta(days=len(known)) < needed:
        return NotEnoughData(timedelta(days=len(known)), needed)
    return Measure(median(known), "bpm", timedelta(days=len(known)), timedelta(days=days))
