"""What hovering over a day reads out: its own values, episodes and verdicts, in few lines.

Every day of the window has a point at noon, also one without values: Plotly reads out whatever
is near, and would take what a day lacks from the day next to it.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from html import escape

import pandas as pd

from clinical.verdicts import RhythmEvent, basis, on_beats_alone
from dashboards import words
from dashboards.figures.view import Sheet, TimelineData, View, clock, noons
from dashboards.series import SLEEP_STAGES, VALUES, asleep, dates, one_statistic, plain
from dashboards.services import Episode

MOST_SAID = 3
"""Episodes and verdicts of a day that are read out; the others are counted."""


def draw_read_out(sheet: Sheet, data: TimelineData, view: View, axis: str) -> None:
    """Put the words of each day on `axis`, unseen."""
    days = _by_day(data, view)
    sheet.traces.append(
        {
            "type": "scatter",
            "mode": "lines",  # a marker would be an element of its own, for each day
            "line": {"width": 0},
            "yaxis": axis,
            **noons(view.first),
            "y": [0.5] * len(days),
            "hoverinfo": ["x+text" if lines else "none" for lines in days.values()],
            "text": ["<br>".join(lines) for lines in days.values()],
        }
    )


def _by_day(data: TimelineData, view: View) -> dict[date, list[str]]:
    rhythm, values = _rhythm(data, view), _values(data.frame)
    away = {gap.first + timedelta(days=number) for gap in data.gaps for number in range(gap.days)}
    return {
        day: [*_most(said), *(["Not worn"] if day in away else []), *values.get(day, [])]
        for day, said in rhythm.items()
    }


def _rhythm(data: TimelineData, view: View) -> dict[date, list[str]]:
    """For each day of the window its episodes, then its verdicts."""
    said: dict[date, list[str]] = {
        view.first + timedelta(days=number): [] for number in range(view.length.days)
    }
    for episode in data.episodes:
        first = clock(episode.start, data).date()
        last = clock(episode.end or data.now, data).date()
        for number in range((last - first).days + 1):
            said.get(first + timedelta(days=number), []).append(_episode(episode, data))
    for one in reversed(data.verdicts):
        said.get(clock(one.start, data).date(), []).append(_verdict(one, data))
    return said


def _most(said: list[str]) -> list[str]:
    more = [f"and {len(said) - MOST_SAID} more"] if len(said) > MOST_SAID else []
    return [*said[:MOST_SAID], *more]


def _episode(episode: Episode, data: TimelineData) -> str:
    start = clock(episode.start, data)
    end = clock(episode.end, data) if episode.end else None
    lasted = words.duration((episode.end or data.now) - episode.start)
    rests_on = basis(episode.signal, beats_alone=on_beats_alone(episode.decider))
    parts = [words.span(start, end), lasted, f"{rests_on}, {episode.decider}"]
    return f"<b>Possible AFib, not confirmed</b><br>{escape(' · '.join(parts))}"


def _verdict(one: RhythmEvent, data: TimelineData) -> str:
    when = words.moment(clock(one.start, data))
    return f"<b>{escape(one.text)}</b><br>{escape(f'{when} · {one.basis}, {one.decided_by}')}"


def _values(frame: pd.DataFrame) -> dict[date, list[str]]:
    hrv, statistic = one_statistic(frame)
    shown = {name: frame[name] for name in VALUES} | {"hrv": hrv, "asleep": asleep(frame)}
    rows = zip(*map(plain, shown.values()), strict=True)
    days = zip(dates(frame), rows, strict=True)
    return {day: _lines(_known(shown, row), statistic) for day, row in days}


def _known(names: Iterable[str], values: Iterable[float | None]) -> dict[str, float]:
    pairs = zip(names, values, strict=True)
    return {name: value for name, value in pairs if value is not None}


def _lines(known: Mapping[str, float], statistic: str) -> list[str]:
    """What was measured on one day, by the names of `series.VALUES`."""
    heart = [f"Heart rate {known['min']:.0f}–{known['max']:.0f} bpm"] if "min" in known else []
    resting = [f"resting {known['resting']:.0f} bpm"] if "resting" in known else []
    varied = [f"HRV ({statistic}) {known['hrv']:.0f} ms"] if "hrv" in known else []
    oxygen = [f"SpO₂ {known['oxygen']:.0f} %"] if "oxygen" in known else []
    steps = [f"Steps {known['steps']:,.0f}"] if "steps" in known else []
    lines = (", ".join([*heart, *resting]), " · ".join([*varied, *oxygen]), _night(known), *steps)
    return [line[:1].upper() + line[1:] for line in lines if line]


def _night(known: Mapping[str, float]) -> str:
    stages: Iterable[str] = (
        f"{'REM' if name == 'rem' else name} {known[name]:.1f}"
        for name in SLEEP_STAGES
        if name in known
    )
    said = ", ".join(stages)
    total = f"Asleep {known['asleep']:.1f} h" if "asleep" in known else "Sleep"
    return f"{total}: {said} h" if said else total if "asleep" in known else ""
