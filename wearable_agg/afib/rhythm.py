"""From beats to episodes: intervals, decision with hysteresis, minimum duration, reports."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from wearable_agg.afib.compiled import compiled
from wearable_agg.afib.events import (
    ANALYSED,
    CONTINUED,
    ENDED,
    STARTED,
    Output,
    put_beat,
    put_decision,
    put_event,
)
from wearable_agg.afib.features import BEATS, ECG, beats_features, ecg_features
from wearable_agg.afib.history import (
    add_beat,
    clear_beats,
    episode_rates,
    forget_older,
    turning_point,
)
from wearable_agg.afib.kinds import FLAGS, LOOK_AHEAD, look_at
from wearable_agg.afib.rules import Rules
from wearable_agg.afib.state import HISTORY, MARKS, Row
from wearable_agg.afib.trees import Models, probability

_MODE_SHARE, _COSEN = ECG.index("paired_mode_share_4"), ECG.index("paired_cosen")
_OTHER_SHARE, _ATRIAL = ECG.index("other_share"), ECG.index("atrial_consistency")
_LIKENESS, _LIKENESS_LOW = ECG.index("likeness"), ECG.index("likeness_low")
_ENTROPY = ECG.index("entropy")
_BEATS_MODE_SHARE, _BEATS_COSEN = (
    BEATS.index("last_32_mode_share_4"),
    BEATS.index("last_32_cosen"),
)
_BEATS_OTHER_SHARE, _BEATS_ENTROPY = BEATS.index("other_share"), BEATS.index("entropy")


@compiled
def time_of(row: Row, index: int) -> float:
    """Return the UTC epoch second of a sample counted from the last restart."""
    return float(row.anchor_time + (index - row.anchor_index) / row.rate)


@compiled
def break_chain(row: Row) -> None:
    """Let no interval span what comes next."""
    row.chain = -1


@compiled
def last_beat_time(row: Row) -> float:
    """Return when the last beat with a usable interval was, NaN if none is remembered."""
    if row.beat_count == 0:
        return math.nan
    return float(row.times[(row.beat_head + row.beat_count - 1) % HISTORY])


@compiled
def forget_rhythm(row: Row, stream: int, end: float, out: Output, rules: Rules) -> None:
    """End what is going on at `end` and start the rhythm anew."""
    _account(row, row.fit)
    if row.reported:
        _put_ended(row, stream, end, out)
    _forget_episode(row)
    row.ended = -math.inf
    row.since_decision = row.probability = row.level = 0.0
    row.fit = False
    clear_beats(row)
    break_chain(row)


@compiled
def hear_beats(row: Row, stream: int, usable: bool, out: Output, rules: Rules) -> None:
    """Hand the beats whose shape is complete to the rhythm; `usable` is the second just over."""
    if not usable:
        if row.unfit_to < row.index - row.block:
            row.unfit_from = row.index - row.block
        row.unfit_to = row.index
    complete = row.index - int(LOOK_AHEAD * row.design_rate)
    marks: NDArray[np.uint8] = np.zeros(MARKS, np.uint8)
    done = 0
    while done < row.pending_count and row.pending[done] <= complete:
        beat = row.pending[done]
        put_beat(out, stream, time_of(row, beat))
        if row.unfit_from <= beat < row.unfit_to or row.last_beat < row.unfit_from <= beat:
            break_chain(row)
        if not row.unfit_from <= beat < row.unfit_to:
            look_at(row, beat, marks)
            _take_beat(row, beat, marks, rules)
        done += 1
    for i in range(done, row.pending_count):
        row.pending[i - done] = row.pending[i]
    row.pending_count -= done


@compiled
def close_second(
    row: Row, stream: int, usable: bool, out: Output, rules: Rules, models: Models
) -> None:
    """Account for one second of signal, decide when it is time, and report what is due."""
    now = time_of(row, row.index)
    seconds = row.block / row.rate
    silence = (row.index - row.last_beat) / row.rate
    row.recorded += seconds
    row.since_decision += seconds
    if usable and row.chain >= 0 and silence < rules.rr_longest + LOOK_AHEAD:
        row.fresh += seconds
    if now - last_beat_time(row) >= rules.lasting_gap:
        forget_rhythm(row, stream, last_beat_time(row), out, rules)
    if row.since_decision >= rules.decide_seconds - 0.5 * seconds:
        _decide_on_signal(row, stream, now, out, rules, models)


@compiled
def _decide_on_signal(
    row: Row, stream: int, now: float, out: Output, rules: Rules, models: Models
) -> None:
    features: NDArray[np.float64] = np.zeros(len(ECG))
    since = now - LOOK_AHEAD - rules.look_back
    beats = ecg_features(row, since, rules.window, features)
    row.fit = beats >= rules.fewest_beats
    if row.fit:
        row.probability = probability(models.rhythm, features)
        row.evidence[0] = features[_MODE_SHARE]
        row.evidence[1] = features[_COSEN]
        row.evidence[2] = features[_OTHER_SHARE]
        row.evidence[3] = features[_ATRIAL]
        row.evidence[4] = features[_LIKENESS]
        row.evidence[5] = features[_ENTROPY]
        row.fit = _is_legible(row, features, rules, models)
    put_decision(out, stream, row, now, features)
    settle(row, stream, now, out, rules)


@compiled
def _is_legible(row: Row, features: NDArray[np.float64], rules: Rules, models: Models) -> bool:
    """Judge the window: QRS that are nearly all alike are no noise, whatever lies between them.

    Where fibrillation is suspected, less noise is let pass.
    """
    if features[_LIKENESS_LOW] >= rules.clear_likeness:
        return True
    suspected = max(row.probability, row.level) > rules.suspected
    limit = rules.noise_suspected if suspected else rules.noise
    return probability(models.quality, features) <= limit


@compiled
def hear_beat(
    row: Row, stream: int, time: float, kind: int, out: Output, rules: Rules, models: Models
) -> None:
    """Take one beat of a stream that carries nothing else; `kind` is OTHER or 0.

    No interval spans what broke the chain.
    """
    if row.rate == 0.0:
        row.rate, row.anchor_time, row.analysed_from, row.chain = 1.0, time, time, 0
        return
    interval = time - row.anchor_time
    if interval >= rules.lasting_gap or interval < -rules.gap_seconds:
        interrupt(row, stream, row.anchor_time, out, rules)
        row.analysed_from, row.anchor_time, row.chain = time, time, 0
        return
    if interval <= 0.0:
        return
    row.anchor_time = time
    if row.chain < 0 or not rules.rr_shortest <= interval <= rules.rr_longest:
        row.chain = 0
        return
    row.chain += 1
    row.recorded += interval
    row.fresh += interval
    row.since_decision += interval
    marks: NDArray[np.uint8] = np.zeros(MARKS, np.uint8)
    marks[FLAGS] = kind
    add_beat(row, time, interval, marks)
    if row.since_decision >= rules.decide_seconds:
        _decide_on_beats(row, stream, time, out, rules, models)


@compiled
def hear_silence(row: Row, stream: int, until: float, out: Output, rules: Rules) -> None:
    """Let what is going on end at the last beat, where none came for long before `until`."""
    if row.rate > 0.0 and until - row.anchor_time >= rules.lasting_gap:
        interrupt(row, stream, row.anchor_time, out, rules)


@compiled
def _decide_on_beats(
    row: Row, stream: int, now: float, out: Output, rules: Rules, models: Models
) -> None:
    features: NDArray[np.float64] = np.zeros(len(BEATS))
    row.fit = beats_features(row, rules.window, features) >= rules.fewest_beats_alone
    if row.fit:
        row.probability = probability(models.rhythm, features)
        row.evidence[0] = features[_BEATS_MODE_SHARE]
        row.evidence[1] = features[_BEATS_COSEN]
        row.evidence[2] = features[_BEATS_OTHER_SHARE]
        row.evidence[3] = row.evidence[4] = math.nan
        row.evidence[5] = features[_BEATS_ENTROPY]
    put_decision(out, stream, row, now, features)
    settle(row, stream, now, out, rules)


@compiled
def settle(row: Row, stream: int, now: float, out: Output, rules: Rules) -> None:
    """Draw the consequences of a decision; one about illegible signal changes nothing."""
    passed = row.since_decision
    heard = _account(row, row.fit)
    row.since_decision = 0.0
    if row.fit:
        row.level += rules.smoothing * (row.probability - row.level)
        _follow_episode(row, stream, out, rules)
    if row.fibrillating:
        if row.fit:
            row.fibrillated += heard
        _report_episode(row, stream, now, passed, out, rules)
    if row.recorded >= rules.report_seconds - 0.5:
        report_analysed(row, stream, now, out)


@compiled
def interrupt(row: Row, stream: int, end: float, out: Output, rules: Rules) -> None:
    """Let nothing go on beyond the last sample or beat, at `end`."""
    forget_rhythm(row, stream, end, out, rules)
    report_analysed(row, stream, end, out)


@compiled
def _account(row: Row, fit: bool) -> float:
    """Count the seconds heard since the last decision as analysable, if they are; return them."""
    heard = row.fresh
    row.fresh = 0.0
    if fit:
        row.analysable += heard
    return float(heard)


@compiled
def _follow_episode(row: Row, stream: int, out: Output, rules: Rules) -> None:
    if math.isnan(row.onset):
        if row.level > rules.leave_below:
            row.onset = max(turning_point(row, True, rules), row.ended)
            forget_older(row)
    elif row.level <= rules.leave_below:
        if row.reported:
            end = max(turning_point(row, False, rules), row.onset)
            _put_ended(row, stream, end, out)
        _forget_episode(row)
    if row.level > rules.enter_above:
        row.fibrillating = True


@compiled
def report_analysed(row: Row, stream: int, end: float, out: Output) -> None:
    """Report the time since the last such report and start the next one at `end`."""
    if row.recorded > 0.0:
        start, recorded = row.analysed_from, row.recorded
        put_event(
            out, ANALYSED, stream, row, (start, end, recorded, row.analysable, row.fibrillated, 0.0)
        )
    row.analysed_from = end
    row.recorded = row.analysable = row.fibrillated = 0.0


@compiled
def _take_beat(row: Row, beat: int, marks: NDArray[np.uint8], rules: Rules) -> None:
    interval = (beat - row.last_beat) / row.rate
    known = row.chain >= 0
    row.last_beat = beat
    row.chain = max(row.chain, 0)
    if not known:
        return
    if rules.rr_shortest <= interval <= rules.rr_longest:
        row.chain += 1
        add_beat(row, time_of(row, beat), interval, marks)
    else:
        row.chain = 0


@compiled
def _report_episode(
    row: Row, stream: int, now: float, seconds: float, out: Output, rules: Rules
) -> None:
    row.unreported += seconds
    until = last_beat_time(row)
    if not row.reported and _lasted(row, rules) >= rules.minimum_duration:
        mean, highest, coverage = episode_rates(row, until)
        put_event(
            out, STARTED, stream, row, (row.onset, now, mean, highest, coverage, row.probability)
        )
        row.reported, row.unreported = True, 0.0
    elif row.reported and row.unreported >= rules.report_seconds:
        mean, highest, coverage = episode_rates(row, until)
        put_event(out, CONTINUED, stream, row, (row.onset, until, mean, highest, coverage, 0.0))
        row.unreported = 0.0


@compiled
def _lasted(row: Row, rules: Rules) -> float:
    """Return how long the episode has lasted, to where it ended if regularity has come back."""
    return float(turning_point(row, False, rules) - row.onset)


@compiled
def _put_ended(row: Row, stream: int, end: float, out: Output) -> None:
    row.ended = end
    mean, highest, coverage = episode_rates(row, end)
    put_event(out, ENDED, stream, row, (row.onset, end, mean, highest, coverage, 0.0))


@compiled
def _forget_episode(row: Row) -> None:
    row.onset = math.nan
    row.fibrillating = row.reported = False
    row.unreported = 0.0
    forget_older(row)
