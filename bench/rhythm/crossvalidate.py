"""What the rhythm models reach on patients they do not know, through the product's own path.

    python -m bench.rhythm.crossvalidate [--json] [--page FILE] [PART ...]

The parts are ecg, noise, beats, calibration, zhou, spot and, only where it is named, spread.

Every record runs through `step` or `step_beats` with models that were fitted without its patient,
and is scored by the rules of `wristchart validate`. Noise is the half of NSTDB that training does
not see, as loud as WFDB's `nst` makes it, and as loud as in training. Needs the annotated
records (WRISTCHART_SHARED_DATA). "spread" says how much the figure of the spot recordings hangs on
how they were split: five splits, of which the first is the one quoted.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.rhythm import data, models
from bench.rhythm.beside_zhou import beside_zhou
from bench.rhythm.calibration import deciles, intervals, shown
from bench.rhythm.certainty import certainty
from bench.rhythm.data import Labelled, Waveform
from bench.rhythm.explaining import explaining
from bench.rhythm.models import CrossValidated
from bench.rhythm.page import beside_table, calibration_table, page, spread_table
from bench.rhythm.rows import chunks_of
from bench.rhythm.spot_rows import spot_rows
from wearable_agg.afib import beats_only, step
from wearable_agg.afib.events import events_of
from wearable_agg.afib.features import BEATS, ECG
from wearable_agg.afib.rules import Rules, configured
from wearable_agg.afib.state import new_shard
from wearable_agg.afib.trees import Models
from wearable_agg.afib.types import Analysed, Event
from wearable_agg.afib.zhou import entropy
from wearable_agg.validation.annotations import Reference
from wearable_agg.validation.detecting import alarms_in
from wearable_agg.validation.figures import figures
from wearable_agg.validation.scoring import ALARMS, Detected, Tally, added, score
from wearable_agg.validation.tables import rhythm_table

_ZHOU_WORDS = 127
_NOISE_SEED = 23
_SPLITS = 5


def detected(
    label: Labelled, run: Callable[[Rules], list[Event]], beats: NDArray[np.float64] | None = None
) -> Tally:
    """Run a record with every minimum duration and score it."""
    events = run(configured()._replace(minimum_duration=0.0, report_seconds=1.0))
    analysed = [event for event in events if isinstance(event, Analysed)]
    fit = [e for e in analysed if e.analysable_seconds >= e.recorded_seconds / 2]
    found = Detected(
        seconds=label.seconds,
        beats=beats,
        episodes=tuple((alarm.onset, alarm.end) for alarm in alarms_in(events)),
        alarms={
            at: alarms_in(run(configured()._replace(minimum_duration=float(at)))) for at in ALARMS
        },
        analysable=tuple((event.start, event.end) for event in fit),
        recorded_seconds=sum(event.recorded_seconds for event in analysed),
        analysable_seconds=sum(event.analysable_seconds for event in analysed),
    )
    return score(Reference(None, label.fibrillation, label.excluded), found)


def of_waveform(record: Waveform, model: Models) -> Tally:
    """Score a waveform."""
    chunks = chunks_of(record.signal, record.rate)

    def run(rules: Rules) -> list[Event]:
        state, out = step.advance(new_shard(), chunks, rules, model)
        return events_of(out, state.streams) + step.finish(state, state.streams)[1]

    return detected(record.label, run)


def of_beats(record: data.Intervals, model: Models, kinds: bool) -> Tally:
    """Score annotated beats, with or without their kinds."""
    ectopic = record.ectopic if kinds else None
    chunk = beats_only.BeatChunk("s", record.beats, ectopic, 1)

    def run(rules: Rules) -> list[Event]:
        state, out = beats_only.advance(new_shard(), [chunk], rules, model)
        return events_of(out, state.streams) + step.finish(state, state.streams)[1]

    return detected(record.label, run)


def model_for(made: CrossValidated, patient: str) -> Models:
    """Return the models that do not know a patient."""
    known = made.rows.patient == patient
    return made.by_fold[int(made.folds[known][0])] if known.any() else made.final


def ecg(made: CrossValidated, database: str) -> dict[Labelled, Tally]:
    """Score every waveform of a database."""
    return {
        one.label: of_waveform(one, model_for(made, one.label.patient))
        for one in data.waveforms(database)
    }


def noisy(made: CrossValidated, kind: str, decibels: float, by_nst: bool) -> dict[Labelled, Tally]:
    """Score MITDB with noise that no model has seen, scaled by WFDB's `nst` or by all its power."""
    random = np.random.default_rng(_NOISE_SEED)
    tallies = {}
    for one, marked in zip(data.waveforms("mitdb"), data.intervals("mitdb"), strict=True):
        sound = data.noise(kind, one.rate, 1)
        at = int(random.integers(len(sound)))
        if by_nst:
            spoilt = data.noisy_by_nst(one, marked.beats, sound, decibels, at)
        else:
            spoilt = data.noisy(one, sound, decibels, at)
        tallies[one.label] = of_waveform(spoilt, model_for(made, one.label.patient))
    return tallies


def beats(made: CrossValidated, database: str, kinds: bool = False) -> dict[Labelled, Tally]:
    """Score the annotated beats of every record of a database."""
    return {
        one.label: of_beats(one, model_for(made, one.label.patient), kinds)
        for one in data.intervals(database)
    }


def false_share(tallies: Sequence[Tally]) -> float:
    """Return false AF in percent of the analysed 30-s windows without AF."""
    windows = added(tallies).windows
    assert windows is not None
    return 100.0 * windows.false_positive / (windows.false_positive + windows.true_negative)


def calibration(made: CrossValidated) -> list[tuple[int, float, tuple[float, float]]]:
    """Return rows, error and its 95 % interval by tenth shown, each by a model that was apart."""
    given = np.empty(len(made.chances))
    for k, model in enumerate(made.by_fold):
        here = made.folds == k
        given[here] = shown(model.rhythm.calibration, made.chances[here])
    seen = made.legible
    return by_tenth(given[seen], made.rows.fibrillation[seen], made.rows.patient[seen])


def by_tenth(
    probability: NDArray[np.float64], truth: NDArray[np.int64], patients: NDArray[np.str_]
) -> list[tuple[int, float, tuple[float, float]]]:
    """Return rows, error and its 95 % interval by tenth of a probability."""
    tenths, ends = deciles(probability, truth), intervals(probability, truth, patients)
    return [(*tenth, between) for tenth, between in zip(tenths, ends, strict=True)]


def zhou() -> tuple[float, float]:
    """Return Se and Sp, beat by beat, of the published rule centred on the AFDB records."""
    counts = np.zeros((2, 2))
    for record in data.intervals("afdb"):
        intervals = np.diff(record.beats).astype(np.float32)
        joined = np.ones(len(intervals), bool)
        length = _ZHOU_WORDS + 2
        for last in range(length, len(intervals) + 1):
            value = entropy(intervals[last - length : last], joined[:length], _ZHOU_WORDS)
            at = record.beats[last - _ZHOU_WORDS // 2]
            if any(start <= at < end for start, end in record.label.excluded):
                continue
            truth = any(start <= at < end for start, end in record.label.fibrillation)
            counts[int(truth), int(value > 0.639)] += 1
    return 100.0 * counts[1, 1] / counts[1].sum(), 100.0 * counts[0, 0] / counts[0].sum()


def f1(chances: NDArray[np.float64], kinds: NDArray[np.int64]) -> dict[str, float]:
    """Return F1 by kind and the mean of N, A and O."""
    called = chances.argmax(1)
    each = [
        2.0 * np.sum((called == k) & (kinds == k)) / (np.sum(called == k) + np.sum(kinds == k))
        for k in range(4)
    ]
    names = dict(zip(data.SPOT_KINDS, (round(float(v), 4) for v in each), strict=True))
    return names | {"mean_NAO": round(float(np.mean(each[:3])), 4)}


def spot_calibration(
    chances: NDArray[np.float64], kinds: NDArray[np.int64]
) -> list[tuple[int, float, tuple[float, float]]]:
    """Return what `calibration` does, of the recordings that are not called too noisy."""
    readable = chances.argmax(1) != data.SPOT_KINDS.index("~")
    fibrillating = data.SPOT_KINDS.index("A")
    each = np.arange(len(kinds)).astype(str)[readable]
    truth = (kinds[readable] == fibrillating).astype(np.int64)
    return by_tenth(chances[readable, fibrillating], truth, each)


class Report:
    """What was found, as figures by title and as tables, which are printed as they come."""

    def __init__(self, quiet: bool) -> None:
        self.figures: dict[str, Any] = {}
        self.sections: list[tuple[str, str]] = []
        self._quiet = quiet

    def take(self, title: str, scored: Mapping[Labelled, Tally]) -> None:
        """Add what was reached on records."""
        table = rhythm_table({label.name: tally for label, tally in scored.items()})
        gross = figures(added(list(scored.values())))
        self.add(title, gross, f"{table}\n\n{certainty(scored)}")

    def add(self, title: str, found: object, text: str = "") -> None:
        """Add anything else, and its table where it has one."""
        self.figures[title] = found
        if text:
            self.sections.append((title, text))
            if not self._quiet:
                print(f"\n== {title}\n{text}", flush=True)


def on_ecg(report: Report, parts: Collection[str]) -> None:
    """Report on ECG, in noise too, by models that are fitted once for all of these parts."""
    made = models.ecg()
    if "ecg" in parts:
        for database in data.WAVEFORMS:
            report.take(database, ecg(made, database))
        _beside(report, made, ECG, "ECG")
        spread = explaining(made.rows)
        report.add("numbers that explain, ECG", spread, spread_table(spread))
    if "noise" in parts:
        for by_nst, kind, decibels in product((True, False), ("em", "ma"), (6, 3, 0)):
            tallies = noisy(made, kind, decibels, by_nst)
            title = f"mitdb + {kind} {decibels} dB by {'nst' if by_nst else 'all its power'}"
            report.take(title, tallies)
            report.figures[title]["false_af_pct"] = false_share(list(tallies.values()))
    if "calibration" in parts:
        _calibrated(report, made, "ECG")


def on_beats(report: Report) -> None:
    """Report on annotated beats without any ECG."""
    alone = models.beats()
    for database in data.INTERVALS:
        report.take(f"{database}, beats", beats(alone, database))
    report.take("mitdb, beats + kinds", beats(alone, "mitdb", True))
    _beside(report, alone, BEATS, "beats")
    _calibrated(report, alone, "beats")


def on_spots(report: Report) -> None:
    """Report on single recordings; their probability is not shown, and this is why."""
    rows = spot_rows()
    chances = models.spot_apart(rows)
    report.add("cinc2017, F1", f1(chances, rows.kinds))
    tenths = spot_calibration(chances, rows.kinds)
    report.add("calibration, single recordings", tenths, calibration_table(tenths))


def _beside(report: Report, made: CrossValidated, names: Sequence[str], what: str) -> None:
    compared = beside_zhou(made, names)
    report.add(f"beside Zhou, {what}", compared, beside_table(compared))


def _calibrated(report: Report, made: CrossValidated, what: str) -> None:
    tenths = calibration(made)
    report.add(f"calibration, {what}", tenths, calibration_table(tenths))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    every = ("ecg", "noise", "beats", "calibration", "zhou", "spot")
    parser.add_argument("parts", nargs="*", default=every)
    parser.add_argument("--json", action="store_true", help="the figures alone, on one line")
    parser.add_argument("--page", type=Path, help="write the tables to this file too")
    options = parser.parse_args()
    report = Report(options.json)
    if {"ecg", "noise", "calibration"} & set(options.parts):
        on_ecg(report, options.parts)
    if "beats" in options.parts:
        on_beats(report)
    if "zhou" in options.parts:
        report.add("Zhou 2015 centred on AFDB, Se and Sp", zhou())
    if "spot" in options.parts:
        on_spots(report)
    if "spread" in options.parts:
        rows = spot_rows()
        splits = [f1(models.spot_apart(rows, split), rows.kinds) for split in range(_SPLITS)]
        report.add("cinc2017, F1, other splits too", splits)
    print(json.dumps(report.figures, indent=None if options.json else 1))
    if options.page:
        options.page.write_text(page(report.sections))


if __name__ == "__main__":
    main()
