"""CPU time of the rhythm analysis per second of ECG on one core, beside other QRS detectors.

    python -m bench.qrs_cost [--json] [--no-peers]

The product is given what a live system gives it: one chunk of one second per stream and step, and
does the whole of `step` (quality, beats, kinds of beats, rhythm, episodes). "Beats only" is the
compiled part of it that finds R peaks, over the same chunks. The peers get whole records, find
beats only, and cannot stream. All at 250 Hz, in one run, in CPU time of one thread.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bench.qrs_peers import run_peers
from bench.qrs_records import Record, mitdb, shared_ecg, stop_without_records
from wearable_agg.afib.beats import copy, fade, find_beats, integrate, restart
from wearable_agg.afib.quality import begin_block
from wearable_agg.afib.quality import measure as measure_quality
from wearable_agg.afib.rules import Rules, configured
from wearable_agg.afib.state import RAW, extended, new_shard
from wearable_agg.afib.step import step, warm_up
from wearable_agg.afib.types import Chunk

RATE = 250.0
LIMIT, BEATS_LIMIT = 15.0, 10.0
STREAMS, SECONDS = 1000, 60
WHOLE, BEATS = "wristchart, 1000 streams", "the same, beats only"
RECORDS = ("101", "106", "119", "202")


def at_rate(record: Record) -> NDArray[np.float32]:
    """Return the record resampled to RATE."""
    times = np.arange(0.0, record.seconds, 1.0 / RATE)
    own = np.arange(len(record.signal)) / record.rate
    return np.interp(times, own, record.signal).astype(np.float32)


def batches(signals: list[NDArray[np.float32]], streams: int, seconds: int) -> list[list[Chunk]]:
    """Return the chunks of so many streams, one list per second."""
    length = int(RATE)
    return [
        [
            Chunk(str(i), float(second), RATE, _cut(signals, i, second * length), second, False)
            for i in range(streams)
        ]
        for second in range(seconds)
    ]


def microseconds(signals: list[NDArray[np.float32]], streams: int, seconds: int) -> float:
    """Return CPU microseconds per second of ECG, the median of three runs."""
    steps = batches(signals, streams, seconds)
    return statistics.median(_run(steps) / (streams * seconds) * 1e6 for _ in range(3))


def microseconds_of_beats(signals: list[NDArray[np.float32]]) -> float:
    """Return CPU microseconds per second of ECG for finding beats, the median of three runs."""
    length = int(RATE) * SECONDS
    samples = np.stack([signals[i % len(signals)][:length] for i in range(STREAMS)])
    rules = configured()
    _find_alone(_started(samples[:1], rules), samples[:1], int(RATE), rules)
    spent = []
    for _ in range(3):
        rows = _started(samples, rules)
        begin = time.process_time()
        _find_alone(rows, samples, int(RATE), rules)
        spent.append(time.process_time() - begin)
    return statistics.median(spent) / (STREAMS * SECONDS) * 1e6


def _started(samples: NDArray[np.float32], rules: Rules) -> NDArray[np.void]:
    rows = extended(new_shard(), (str(i) for i in range(len(samples)))).rows
    _start(rows, samples, RATE, rules)
    return rows


@njit
def _start(rows, samples, rate, rules):
    for i in range(len(rows)):
        row = rows[i]
        restart(row, rate, samples[i, 0], rules)
        begin_block(row)


@njit
def _find_alone(rows, samples, second, rules):
    """Find the beats of all streams, a second of each at a time, and forget them."""
    raw = np.empty(RAW + second, np.float32)
    level = np.empty(second)
    for first in range(0, samples.shape[1], second):
        for i in range(len(rows)):
            row = rows[i]
            copy(row.raw, 0, raw, RAW)
            measure_quality(row, samples[i, first : first + second], raw[RAW:], rules)
            integrate(row, raw, level, True)
            find_beats(row, raw, level, rules)
            copy(raw, second, row.raw, RAW)
            row.pending_count = 0
            fade(row, rules)
            begin_block(row)


def _cut(signals: list[NDArray[np.float32]], stream: int, first: int) -> NDArray[np.float32]:
    return signals[stream % len(signals)][first : first + int(RATE)]


def _run(steps: list[list[Chunk]]) -> float:
    state = new_shard()
    begin = time.process_time()
    for chunks in steps:
        state, _ = step(state, chunks)
    return time.process_time() - begin


def measure(records: list[Record], with_peers: bool) -> dict[str, float]:
    """Return microseconds per second of ECG by name."""
    warm_up()
    signals = {record.name: at_rate(record) for record in records}
    arrays = list(signals.values())
    costs = {
        WHOLE: microseconds(arrays, STREAMS, SECONDS),
        BEATS: microseconds_of_beats(arrays),
        "wristchart, 1 stream": microseconds(arrays, 1, 1500),
    }
    total = sum(len(array) for array in arrays) / RATE
    peers = run_peers(signals, RATE) if with_peers else {}
    return costs | {name: run.cpu_seconds / total * 1e6 for name, run in peers.items()}


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print one line of JSON instead")
    parser.add_argument("--no-peers", action="store_true", help="leave other detectors out")
    options = parser.parse_args()
    folder = shared_ecg() or stop_without_records()
    records = [record for record in mitdb(folder) if record.name in RECORDS]
    costs = measure(records, not options.no_peers)
    if options.json:
        print(json.dumps({"us_per_ecg_second": {k: round(v, 2) for k, v in costs.items()}}))
        return
    base = costs[WHOLE]
    print(f"{'us per ECG-second at 250 Hz, one core':>40} {'':>10} {'ratio':>7}")
    for name, cost in costs.items():
        print(f"{name:>40} {cost:10.2f} {cost / base:7.1f}")
    for name, limit in ((WHOLE, LIMIT), (BEATS, BEATS_LIMIT)):
        met = "met" if costs[name] <= limit else "NOT met"
        print(f"Bar, {name}: at most {limit:g} us: {met}")


if __name__ == "__main__":
    main()
