"""Figures as the tables that EC57 asks for, with the rules they were made by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wearable_agg.validation.ec57 import Beats, Episodes
from wearable_agg.validation.figures import Figure, figures, percent
from wearable_agg.validation.scoring import ALARMS, Tally, added

BEAT_RULES = """\
Rules: a found beat matches a reference beat within 150 ms, each once (EC57); ventricular flutter
is left out; the whole record counts. The signal runs through the product's own streaming path."""

RHYTHM_RULES = """\
Rules: the signal (the annotated beats where there is no waveform) runs through the product's own
streaming path. Beats match within 150 ms. Truth is "(AFIB" up to the next rhythm label; flutter
"(AFL" and junctional rhythm "(J" are excluded, and a second figure counts flutter as not AF.
Episodes, durations, alarms: the first five minutes are skipped (EC57), any overlap is a match.
  Duration: the list of episodes without a minimum duration, onsets and ends as written back.
  Episode: reference episodes of 2 min or longer, and the 2-min alarms.
  False alarms: alarms of 30 s, 2 min and 6 min without overlap with AF, per recorded day.
  Latency: from the reference onset to the 30-s alarm, for episodes of 30 s or longer.
Windows: 30 s from the record's start by majority; left out where under half could be analysed or
over a fifth is flutter or junctional rhythm. Not analysable time never counts as not AF."""

SPOT_RULES = """\
Rules: each whole record goes through the product's classification of short recordings; F1 by class
from the confusion table in percent, as the CinC 2017 Challenge scores (mean over N, A and O)."""


def beats_table(tallies: Mapping[str, Tally]) -> str:
    """Return the beat-by-beat table, record by record and gross."""
    rows: list[Sequence[str]] = [("Record", "TP", "FN", "FP", "Se", "+P", "F1")]
    for name, tally in _with_gross(tallies):
        beats = tally.beats
        if beats is not None:
            rows.append((name, *map(str, beats), *_beat_figures(beats)))
    return _aligned(rows)


def rhythm_table(tallies: Mapping[str, Tally]) -> str:
    """Return the episode-by-episode table and that of windows and alarms."""
    return "\n\n".join((_episode_table(tallies), _window_table(tallies)))


def _episode_table(tallies: Mapping[str, Tally]) -> str:
    head = "Record TPs FN TPp FP ESe E+P DSe D+P E2Se E2+P Ref Test"
    rows: list[Sequence[str]] = [head.split()]
    for name, tally in _with_gross(tallies):
        every, alarmed = tally.all_episodes, tally.episodes
        if every is None or alarmed is None:
            continue
        counts = (every.found, every.missed, every.right, every.false)
        rows.append(
            (
                _label(name, tally),
                *map(str, counts),
                *_episode_figures(every),
                _shown(percent(every.overlap, every.reference)),
                _shown(percent(every.overlap, every.test)),
                *_episode_figures(alarmed),
                clock_time(every.reference),
                clock_time(every.test),
            )
        )
    caption = "E, D: episodes and durations without a minimum; E2: of 2 min and their alarms\n"
    return caption + _aligned(rows)


def _window_table(tallies: Mapping[str, Tally]) -> str:
    head = "Record WSe WSp WSp(fl) "
    false = " ".join(f"FP{at}s/day" for at in ALARMS)
    rows: list[Sequence[str]] = [(head + false + " lat50 lat90 unfit%").split()]
    for name, tally in _with_gross(tallies):
        made = figures(tally)
        groups = (made["window"], made["false_per_patient_day"], made["latency_s"])
        values = [value for group in groups for value in group.values()]
        rows.append((_label(name, tally), *map(_shown, [*values, made["not_analysable_pct"]])))
    return _aligned(rows)


def without_waveform(tallies: Mapping[str, Tally], became: str) -> str:
    """Say which records have no waveform and what `became` of them, empty where all have one."""
    names = [name for name, tally in tallies.items() if tally.on_beats]
    if not names:
        return ""
    return f"No waveform, {became} ({len(names)} of {len(tallies)} records): {', '.join(names)}"


def _label(name: str, tally: Tally) -> str:
    return f"{name} (beats)" if tally.on_beats else name


def spot_table(gross: Mapping[str, Figure]) -> str:
    """Return the F1 of each class and their mean."""
    return _aligned([list(gross), [_shown(value) for value in gross.values()]])


def clock_time(seconds: float) -> str:
    """Return a duration as EC57 tables write it, for example 2:11:59.704."""
    hours, rest = divmod(round(seconds * 1000), 3_600_000)
    minutes, milliseconds = divmod(rest, 60_000)
    tail = f"{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


def as_json(tallies: Mapping[str, Tally]) -> dict[str, Any]:
    """Return the figures, gross and by record."""
    return {
        "gross": figures(added(list(tallies.values()))),
        "records": {name: figures(tally) for name, tally in tallies.items()},
    }


def _with_gross(tallies: Mapping[str, Tally]) -> list[tuple[str, Tally]]:
    return [*tallies.items(), ("Gross", added(list(tallies.values())))]


def _beat_figures(beats: Beats) -> list[str]:
    made = figures(Tally(beats=beats))["beats"]
    return [_shown(value) for value in made.values()]


def _episode_figures(episodes: Episodes) -> list[str]:
    return [
        _shown(percent(episodes.found, episodes.found + episodes.missed)),
        _shown(percent(episodes.right, episodes.right + episodes.false)),
    ]


def _shown(value: Figure) -> str:
    return "-" if value is None else f"{value:g}"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
