"""The tiles above the timeline: one number each, with what it rests on and how it changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import mean

import pandas as pd

from clinical.measures import Measure, NotEnoughData, afib_burden, change, typical
from dashboards import words
from dashboards.reading import Look
from dashboards.series import asleep, one_statistic, plain, worn_share
from dashboards.services import Analysed, Missing, RhythmRead

DASH = "–"


@dataclass(frozen=True, slots=True)
class Tile:
    """A label, a value in a unit, and a note; `alert` asks for attention."""

    label: str
    value: str
    unit: str
    note: str
    alert: bool = False


def tiles(seen: Look) -> list[Tile]:
    """Six tiles for the range; a number without enough days is not shown."""
    return [_rhythm(seen), _resting(seen), _hrv(seen), _sleep(seen), _steps(seen), _worn(seen)]


def _rhythm(seen: Look) -> Tile:
    rhythm = seen.rhythm
    if isinstance(rhythm, Missing):
        return Tile("AFib burden", DASH, "", "not available now")
    single = words.single_verdicts(seen.single_verdicts)
    if not rhythm.analysed.recorded_seconds and not rhythm.episodes:
        return _without_stream(single)
    burden = _burden(rhythm.analysed, seen)
    found = _episodes(rhythm)
    analysed = timedelta(seconds=rhythm.analysed.analysed_seconds)
    if isinstance(burden, NotEnoughData):
        has = f"{words.duration(analysed)} analysed (burden needs {_hours(burden.needed)})"
        note = _joined(has, single)
        return Tile("Possible AFib", *found, note, alert=bool(rhythm.episodes or single))
    note = _joined(_count(rhythm), single, _burden_change(burden, _burden(rhythm.before, seen)))
    value, unit = f"{burden.value:.1f}", f"% of {_hours(analysed)} analysed"
    return Tile("AFib burden", value, unit, note, bool(rhythm.episodes or single))


def _without_stream(single: str) -> Tile:
    """Verdicts on single recordings have no length that could be a share of time."""
    if not single:
        return Tile("AFib burden", DASH, "", "no ECG or beats recorded")
    count, said = single.split(" ", 1)
    return Tile("Possible AFib", count, said, "no stream of ECG or beats", alert=True)


def _burden(looked_at: Analysed, seen: Look) -> Measure | NotEnoughData:
    fibrillating = timedelta(seconds=looked_at.af_seconds)
    analysed = timedelta(seconds=looked_at.analysed_seconds)
    return afib_burden(fibrillating, analysed, timedelta(days=seen.days))


def _burden_change(burden: Measure, before: Measure | NotEnoughData) -> str:
    difference = change(burden, before)
    if difference is None:
        return "no prior period"
    return f"{words.signed(difference, 1)} vs prior"


def _count(rhythm: RhythmRead) -> str:
    count = len(rhythm.episodes)
    return f"{count} episode{'' if count == 1 else 's'}"


def _episodes(rhythm: RhythmRead) -> tuple[str, str]:
    count = len(rhythm.episodes)
    ended = [episode.end - episode.start for episode in rhythm.episodes if episode.end]
    ongoing = len(ended) < count
    noun = "episode" if count == 1 else "episodes"
    if ongoing:
        return str(count), f"{noun}, ongoing" if count == 1 else f"{noun}, one ongoing"
    return str(count), f"{noun} · longest {words.duration(max(ended))}" if ended else noun


def _resting(seen: Look) -> Tile:
    columns = seen.now["resting"], seen.before["resting"]
    return _typical("Resting HR", "bpm", *columns, seen, "resting_heart_rate")


def _hrv(seen: Look) -> Tile:
    now, statistic = one_statistic(seen.now)
    before, statistic_before = one_statistic(seen.before)
    if statistic_before != statistic:
        before = before * float("nan")
    return _typical(f"HRV ({statistic})" if statistic else "HRV", "ms", now, before, seen, "hrv")


def _steps(seen: Look) -> Tile:
    return _typical("Steps", "per day", seen.now["steps"], seen.before["steps"], seen, "steps")


def _sleep(seen: Look) -> Tile:
    measure = typical(plain(asleep(seen.now)), "h")
    if isinstance(measure, NotEnoughData):
        return _not_enough("Sleep", measure, seen, "sleep", "nights")
    minutes = round(measure.value * 60)
    nights = f"{measure.covered.days}/{seen.days} d"
    difference = change(measure, typical(plain(asleep(seen.before)), "h"))
    compared = "no prior period"
    if difference is not None:
        compared = f"{words.signed(60 * difference)} min vs prior"
    value = f"{minutes // 60} h {minutes % 60:02d}"
    return Tile("Sleep", value, "per night", f"{compared} · {nights}")


def _worn(seen: Look) -> Tile:
    if seen.known_from and seen.known_from > seen.first:
        return Tile("Wear time", DASH, "", words.HISTORY_COMING)
    shares = worn_share(seen.now, seen.today)
    if not any(shares):
        return Tile("Wear time", DASH, "", "no heart rate recorded")
    without = sum(gap.days for gap in seen.gaps)
    note = f"{without} day{'' if without == 1 else 's'} without data"
    return Tile("Wear time", f"{100 * mean(shares):.0f}", "%", note)


def _typical(
    label: str, unit: str, now: pd.Series, before: pd.Series, seen: Look, field: str
) -> Tile:
    measure = typical(plain(now), unit)
    if isinstance(measure, NotEnoughData):
        return _not_enough(label, measure, seen, field, "d")
    return Tile(label, f"{measure.value:,.0f}", unit, _note(measure, plain(before), seen))


def _note(measure: Measure, before: Sequence[float | None], seen: Look) -> str:
    days = f"{measure.covered.days}/{seen.days} d"
    difference = change(measure, typical(before, measure.unit))
    if difference is None:
        return f"no prior period · {days}"
    return f"{words.signed(difference)} vs prior · {days}"


def _not_enough(label: str, found: NotEnoughData, seen: Look, field: str, noun: str) -> Tile:
    """Why there is no number: `field` is that of a `Day`."""
    if devices := seen.unmeasured(field):
        return Tile(label, DASH, "", f"not measured by {devices}")
    if seen.known_from and seen.known_from > seen.first:
        return Tile(label, DASH, "", words.HISTORY_COMING)
    if not found.covered:
        return Tile(label, DASH, "", "no data")
    return Tile(label, DASH, "", f"not enough data: {found.covered.days} of {seen.days} {noun}")


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _hours(length: timedelta) -> str:
    return f"{length.total_seconds() / 3600:,.0f} h"
