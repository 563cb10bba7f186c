"""Movesense: notifications of /Meas/ECG/RATE as the mobile library hands them over, in JSON."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

import numpy as np

from wearable_agg.ecg.recordings import NoRecording, Recording, checked_rate, counted
from wearable_agg.vendors.answers import Part, read
from wearable_agg.vendors.waveforms import counts

MICROVOLTS_PER_COUNT = 1e6 / 20 / 2**17
"""The medical sensor's resolution: 1/20/2^17 V a count (Movesense, on /Meas/ECG)."""

_URI = re.compile(r"/Meas/ECG/(\d+)$")
_SLACK = 0.4
"""Of a notification's length: a time may be off by less without one being lost or told twice."""
_REMEMBERED = 16


def recordings(raw: bytes) -> Iterator[Recording]:
    """Yield a recording for each stretch without lost notifications.

    A notification that came twice is taken once.
    Reads a list of `{"Body": {"Timestamp", "Samples"}, "Uri"}`; the rate is the URI's, `Timestamp`
    is milliseconds since the sensor started, so that `start` is not known. Raises NoRecording,
    Malformed and Unusable.
    """
    rate = 0.0
    run: list[float] = []
    due: float | None = None
    recent: deque[tuple[float, tuple[float, ...]]] = deque(maxlen=_REMEMBERED)
    for one in read(raw).items():
        body = one.member("Body")
        here = _rate(one.member("Uri"))
        at = float(body.member("Timestamp").number()) / 1000
        samples = counts(body.member("Samples"))
        if (at, samples) in recent:
            continue
        recent.append((at, samples))
        seconds = len(samples) / here
        lost = due is not None and abs(at - due) > _SLACK * seconds
        if run and (lost or here != rate):
            yield _recording(run, rate)
            run = []
        rate, due = here, at + seconds
        run += samples
    if not run:
        raise NoRecording("no notifications")
    yield _recording(run, rate)


def _rate(uri: Part) -> float:
    found = _URI.search(uri.text())
    if found is None:
        raise NoRecording(f"{uri.path}: not /Meas/ECG/RATE")
    return checked_rate(float(found.group(1)))


def _recording(samples: list[float], rate: float) -> Recording:
    microvolts = np.array(samples, np.float64) * MICROVOLTS_PER_COUNT
    gain, values = counted(microvolts, MICROVOLTS_PER_COUNT)
    return Recording("movesense", "", rate, gain, values, device="Movesense")
