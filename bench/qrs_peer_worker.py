"""Find beats with another detector; runs in the peers' own environment, so it imports nothing here.

    python bench/qrs_peer_worker.py PEER SIGNALS.npz RESULT.npz

SIGNALS holds `rate` and one array of millivolts per record, RESULT the sample numbers of the beats
per record and `seconds`, the CPU time they took.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np


def _sleepecg() -> Callable[[Any, float], Any]:
    import sleepecg

    return lambda signal, rate: sleepecg.detect_heartbeats(signal, rate)


def _gqrs() -> Callable[[Any, float], Any]:
    from wfdb.processing import gqrs_detect

    return lambda signal, rate: gqrs_detect(sig=signal, fs=rate)


def _xqrs() -> Callable[[Any, float], Any]:
    from wfdb.processing import xqrs_detect

    return lambda signal, rate: xqrs_detect(sig=signal, fs=rate, verbose=False)


def _neurokit(method: str) -> Callable[[Any, float], Any]:
    import neurokit2

    def detect(signal: Any, rate: float) -> Any:
        clean = neurokit2.ecg_clean(signal, sampling_rate=int(rate), method=method)
        return neurokit2.ecg_findpeaks(clean, sampling_rate=int(rate), method=method)["ECG_R_Peaks"]

    return detect


PEERS: dict[str, Callable[[], Callable[[Any, float], Any]]] = {
    "sleepecg": _sleepecg,
    "neurokit2": lambda: _neurokit("neurokit"),
    "neurokit2 pantompkins": lambda: _neurokit("pantompkins1985"),
    "wfdb gqrs": _gqrs,
    "wfdb xqrs": _xqrs,
}


def main(peer: str, source: str, target: str) -> None:
    """Detect in every record of `source` and write `target`."""
    with np.load(source) as archive:
        signals = {name: archive[name].astype(np.float64) for name in archive.files}
    rate = float(signals.pop("rate"))
    detect = PEERS[peer]()
    detect(next(iter(signals.values()))[: int(30 * rate)], rate)
    begin = time.process_time()
    found = {name: np.asarray(detect(signal, rate)) for name, signal in signals.items()}
    np.savez(target, seconds=time.process_time() - begin, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
