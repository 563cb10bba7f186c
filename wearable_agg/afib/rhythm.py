"""From beats to episodes: intervals, decision with hysteresis, minimum duration, reports."""

from __future__ import annotations

import math

from wearable_agg.afib.compiled import compiled
from wearable_agg.afib.events import (
    ANALYSED,
    CONTINUED,
    ENDED,
    STARTED,
    Output,
    put_beat,
    put_event,
)
from wearable_agg.afib.history import (
    add_beat,
    clear_beats,
    episode_rates,
    forget_older,
    turning_point,
)
from wearable_agg.afib.rules import Rules
from wearable_agg.afib.state import HISTORY, Row
from wearable_agg.afib.zhou import add_interval, clear_words, entropy


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
    if row.reported:
        _put_ended(row, stream, end, out)
    _forget_episode(row)
    row.ended = -math.inf
    clear_words(row)
    clear_beats(row)
    break_chain(row)


@compiled
def take_beats(row: Row, stream: int, usable: bool, out: Output, rules: Rules) -> None:
    """Hand the beats of the second that is complete to the rhythm, if it was usable."""
    for i in range(row.pending_count):
        beat = row.pending[i]
        put_beat(out, stream, time_of(row, beat))
        if usable:
            _take_beat(row, stream, beat, out, rules)
    row.pending_count = 0
    if not usable:
        break_chain(row)


@compiled
def close_second(row: Row, stream: int, usable: bool, out: Output, rules: Rules) -> None:
    """Account for one second of signal and report what is due."""
    now = time_of(row, row.index)
    seconds = row.block / row.rate
    heard = row.chain >= 0 and (row.index - row.last_beat) / row.rate < rules.rr_longest
    analysable = seconds if usable and heard else 0.0
    row.recorded += seconds
    row.analysable += analysable
    if now - last_beat_time(row) >= rules.lasting_gap:
        forget_rhythm(row, stream, last_beat_time(row), out, rules)
    if row.fibrillating:
        row.fibrillated += analysable
        row.lasted += analysable
        _report_episode(row, stream, now, seconds, out, rules)
    if row.recorded >= rules.report_seconds:
        report_analysed(row, stream, now, out)


@compiled
def report_analysed(row: Row, stream: int, end: float, out: Output) -> None:
    """Report the time since the last such report and start the next one at `end`."""
    if row.recorded > 0.0:
        start, recorded = row.analysed_from, row.recorded
        put_event(
            out, ANALYSED, stream, (start, end, recorded, row.analysable, row.fibrillated, 0.0)
        )
    row.analysed_from = end
    row.recorded = row.analysable = row.fibrillated = 0.0


@compiled
def _take_beat(row: Row, stream: int, beat: int, out: Output, rules: Rules) -> None:
    interval = (beat - row.last_beat) / row.rate
    known = row.chain >= 0
    row.last_beat = beat
    row.chain = max(row.chain, 0)
    if not known:
        return
    if rules.rr_shortest <= interval <= rules.rr_longest:
        row.chain += 1
        take_interval(row, stream, time_of(row, beat), interval, out, rules)
    else:
        row.chain = 0


@compiled
def take_interval(
    row: Row, stream: int, time: float, interval: float, out: Output, rules: Rules
) -> None:
    """Take one RR interval (s) that ended with the beat at `time`, and decide anew."""
    add_beat(row, time, interval)
    add_interval(row, interval, rules)
    score = entropy(row, rules)
    if math.isnan(row.onset):
        if score > rules.leave_below:
            row.onset = max(turning_point(row, True, rules), row.ended)
            forget_older(row)
    elif score <= rules.leave_below:
        if row.reported:
            end = max(turning_point(row, False, rules), row.onset)
            _put_ended(row, stream, end, out)
        _forget_episode(row)
    if score > rules.enter_above:
        row.fibrillating = True


@compiled
def _report_episode(
    row: Row, stream: int, now: float, seconds: float, out: Output, rules: Rules
) -> None:
    row.unreported += seconds
    until = last_beat_time(row)
    if not row.reported and row.lasted >= rules.minimum_duration:
        mean, highest, coverage = episode_rates(row, until)
        score = entropy(row, rules)
        put_event(out, STARTED, stream, (row.onset, now, mean, highest, coverage, score))
        row.reported, row.unreported = True, 0.0
    elif row.reported and row.unreported >= rules.report_seconds:
        mean, highest, coverage = episode_rates(row, until)
        put_event(out, CONTINUED, stream, (row.onset, until, mean, highest, coverage, 0.0))
        row.unreported = 0.0


@compiled
def _put_ended(row: Row, stream: int, end: float, out: Output) -> None:
    row.ended = end
    mean, highest, coverage = episode_rates(row, end)
    put_event(out, ENDED, stream, (row.onset, end, mean, highest, coverage, 0.0))


@compiled
def _forget_episode(row: Row) -> None:
    row.onset = math.nan
    row.fibrillating = row.reported = False
    row.lasted = row.unreported = 0.0
    forget_older(row)
