"""Accuracy of the streaming QRS kernel on the MIT-BIH Arrhythmia Database.

    python -m bench.qrs_accuracy [--json] [--seconds 1.0]

Every record is streamed from its first to its last sample in chunks of so many seconds; beats
within 150 ms of a reference beat are right; stretches of ventricular flutter are left out.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.qrs_records import Matches, Record, match, mitdb, shared_ecg, stop_without_records
from wearable_agg.afib.state import new_shard
from wearable_agg.afib.step import trace
from wearable_agg.afib.types import Chunk


def stream(record: Record, seconds: float) -> NDArray[np.float64]:
    """Return the beats that the product finds in the record, as seconds from its start."""
    state, beats = new_shard(), []
    length = round(seconds * record.rate)
    for number, first in enumerate(range(0, len(record.signal), length)):
        samples = record.signal[first : first + length]
        chunk = Chunk(record.name, first / record.rate, record.rate, samples, number, False)
        state, _, found = trace(state, [chunk])
        beats += [time for _, time in found]
    return np.array(beats)


def score_records(folder: Path, seconds: float = 1.0) -> dict[str, Matches]:
    """Return how each record fared."""
    return {record.name: match(record, stream(record, seconds)) for record in mitdb(folder)}


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


def print_table(records: dict[str, Matches]) -> None:
    """Print one line per record and the gross line."""
    print(f"{'record':>8} {'beats':>7} {'missed':>7} {'false':>6} {'Se':>7} {'+P':>7} {'F1':>7}")
    for name, m in [*records.items(), ("gross", gross(records))]:
        print(
            f"{name:>8} {m.found + m.missed:7d} {m.missed:7d} {m.false:6d} "
            f"{m.sensitivity:7.2f} {m.positive_predictivity:7.2f} {m.f1:7.3f}"
        )


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print one line of JSON instead")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of a chunk")
    options = parser.parse_args()
    folder = shared_ecg() or stop_without_records()
    records = score_records(folder, options.seconds)
    if options.json:
        by_record = {name: figures(matches) for name, matches in records.items()}
        print(json.dumps({"gross": figures(gross(records)), "records": by_record}))
    else:
        print_table(records)


if __name__ == "__main__":
    main()
