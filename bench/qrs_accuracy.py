"""Accuracy of the streaming QRS kernel on the MIT-BIH Arrhythmia Database.

    python -m bench.qrs_accuracy [--json] [--seconds 1.0] [--peers]

Every record is streamed from its first to its last sample in chunks of so many seconds, followed by
two seconds of its last value, since beats are told when their second is over. Beats within 150 ms
of a reference beat are right; stretches of ventricular flutter are left out. The peers are given
each record as a whole.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.qrs_peers import run_peers
from bench.qrs_records import Matches, Record, match, mitdb, shared_ecg, stop_without_records
from wearable_agg.afib.state import new_shard
from wearable_agg.afib.step import trace
from wearable_agg.afib.types import Chunk


def stream(record: Record, seconds: float) -> NDArray[np.float64]:
    """Return the beats that the product finds in the record, as seconds from its start."""
    state, beats = new_shard(), []
    length = round(seconds * record.rate)
    signal = np.pad(record.signal, (0, round(2.0 * record.rate)), mode="edge")
    for number, first in enumerate(range(0, len(signal), length)):
        samples = signal[first : first + length]
        chunk = Chunk(record.name, first / record.rate, record.rate, samples, number, False)
        state, _, found = trace(state, [chunk])
        beats += [time for _, time in found]
    return np.array(beats)


def score_records(folder: Path, seconds: float = 1.0) -> dict[str, Matches]:
    """Return how each record fared."""
    return {record.name: match(record, stream(record, seconds)) for record in mitdb(folder)}


def score_peers(folder: Path) -> dict[str, Matches]:
    """Return how each peer fared over all records."""
    records = list(mitdb(folder))
    runs = run_peers({record.name: record.signal for record in records}, records[0].rate)
    return {
        peer: gross({r.name: match(r, np.sort(run.beats[r.name])) for r in records})
        for peer, run in runs.items()
    }


def gross(records: dict[str, Matches]) -> Matches:
    """Return all records' beats together."""
    return Matches(*(sum(column) for column in zip(*records.values(), strict=True)))


def figures(matches: Matches) -> dict[str, float]:
    """Return the figures in percent."""
    return {
        "se": round(matches.sensitivity, 3),
        "ppv": round(matches.positive_predictivity, 3),
        "f1": round(matches.f1, 3),
    }


def print_table(rows: dict[str, Matches]) -> None:
    """Print one line per record or detector."""
    print(f"{'':>22} {'beats':>7} {'missed':>7} {'false':>6} {'Se':>7} {'+P':>7} {'F1':>7}")
    for name, m in rows.items():
        print(
            f"{name:>22} {m.found + m.missed:7d} {m.missed:7d} {m.false:6d} "
            f"{m.sensitivity:7.2f} {m.positive_predictivity:7.2f} {m.f1:7.3f}"
        )


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print one line of JSON instead")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of a chunk")
    parser.add_argument("--peers", action="store_true", help="score other detectors too")
    options = parser.parse_args()
    folder = shared_ecg() or stop_without_records()
    records = score_records(folder, options.seconds)
    peers = score_peers(folder) if options.peers else {}
    if options.json:
        tables = {"records": records, "peers": peers}
        named = {title: {k: figures(v) for k, v in rows.items()} for title, rows in tables.items()}
        print(json.dumps({"gross": figures(gross(records)), **named}))
    else:
        print_table({**records, "gross": gross(records), **peers})


if __name__ == "__main__":
    main()
