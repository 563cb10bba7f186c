"""When a device's samples were taken: true sampling rate, clock offset and drift. Pure.

A device says when each frame began by its own clock. Three things are wrong with that: its crystal
makes the true rate differ from the nominal one, its clock may be off or drift, and single time
stamps jitter. The rate is estimated from device time against sample count (median of slopes over
up to ten minutes, so a few bad stamps do not matter), the clock from device time against arrival
(lowest lag in each minute, for a network can only make frames late), and stamps are smoothed.
Beats are told by their time and not counted: there is no rate to measure, and nothing is smoothed.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from wearable_agg.ecg.frames import Code, ProtocolError

MICROS = 1_000_000
JUMP = 500_000
"""Microseconds by which device time may miss the sample count before it is a gap."""

TRUSTED = 2 * MICROS
"""A device clock this close to ours at hello is taken as right."""

_ANCHOR_SPACING = 5 * MICROS
_ANCHORS = 120
_ANCHORS_NEEDED = 12
_NOTICEABLE = 20_000
_PLAUSIBLE_RATE_ERROR = 0.05
_SMOOTHING = 0.05

_LIVE = 5 * MICROS
_SLEW = 500e-6
_USUAL_LAG = JUMP
_LAG_SPACING = 60 * MICROS
_LAGS = 60
_LAGS_NEEDED = 10
_MOST_AHEAD = 60 * MICROS
_OLDEST = 400 * 86_400 * MICROS

Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Timing:
    """When a slice began (UTC microseconds), the true rate in force, and whether signal is lost."""

    start: int
    rate: float
    gap_before: bool


@dataclass(frozen=True, slots=True)
class Clock:
    """What is known of a device's clock and rate; `advance` returns the next one.

    `offset` is added to device time to get UTC, in microseconds. `drift` is how much slower than
    ours the device's clock runs, in parts per million, or None while not enough was seen.
    """

    nominal: float
    rate: float
    offset: int
    drift: float | None = None
    last: Point | None = None
    """Device time and sample count of the latest slice."""
    start: int = 0
    """UTC of the latest slice, smoothed."""
    counted: int = 0
    anchors: tuple[Point, ...] = ()
    lags: tuple[Point, ...] = ()
    sampled: bool = True
    """Whether samples are counted, at a rate that the device's crystal makes."""

    @property
    def rate_is_implausible(self) -> bool:
        """Whether device time and sample count contradict the nominal rate by more than 5 %."""
        measured = measured_rate(self.anchors)
        return measured is not None and abs(measured / self.nominal - 1) > _PLAUSIBLE_RATE_ERROR


def first_clock(nominal: float, device_time: int, now: int, *, sampled: bool = True) -> Clock:
    """Start from the clock the device showed in its hello, received at `now`."""
    ahead = now - device_time
    return Clock(nominal, nominal, 0 if abs(ahead) <= TRUSTED else ahead, sampled=sampled)


def check_clock(clock: Clock, device_time: int, now: int) -> None:
    """Refuse a device that comes back to its session with another clock.

    Raises ProtocolError (clock_reset) where it moved by more than a minute since the session began.
    """
    if abs(now - device_time - clock.offset) > _MOST_AHEAD:
        raise ProtocolError(Code.CLOCK_RESET, "the device's clock was set: start a new session")


def advance(
    clock: Clock, device_time: int, count: int, declared_gap: bool, now: int
) -> tuple[Clock, Timing]:
    """Place the next slice, `count` samples from `device_time` on, on the UTC axis.

    Raises ProtocolError where device time goes back, or lies in the future or the distant past.
    """
    jump = 0 if clock.last is None else device_time - _following(clock)
    if jump < -JUMP:
        raise ProtocolError(Code.CLOCK_RESET, "device time went back: start a new session")
    broken = declared_gap or jump > JUMP
    start, counted = device_time + clock.offset, 0
    anchors: tuple[Point, ...] = ()
    if clock.sampled and clock.last is not None and not broken:
        start, counted, anchors = _smoothed(clock, device_time), clock.counted, clock.anchors
    _check_plausible(start, now)
    moved = replace(
        clock,
        last=(device_time, count),
        start=start,
        counted=counted + count,
        anchors=_with_anchor(anchors, device_time, counted),
    )
    if moved.anchors is not clock.anchors:
        moved = replace(moved, rate=_rate(moved))
    return _follow_arrivals(moved, now), Timing(start, clock.rate, broken)


def measured_rate(anchors: Sequence[Point]) -> float | None:
    """Estimate the rate in Hz from (device time, samples so far), or None while it is early."""
    return None if len(anchors) < _ANCHORS_NEEDED else MICROS * _median_slope(anchors)


def _following(clock: Clock) -> int:
    """Return the device time at which the next slice is due."""
    if clock.last is None:
        raise ValueError("nothing follows before the first slice")
    device_time, count = clock.last
    return device_time + round(count * MICROS / clock.rate)


def _smoothed(clock: Clock, device_time: int) -> int:
    due = clock.start + _following(clock) - (clock.last[0] if clock.last else 0)
    return due + round(_SMOOTHING * (device_time + clock.offset - due))


def _check_plausible(start: int, now: int) -> None:
    if not now - _OLDEST <= start <= now + _MOST_AHEAD:
        raise ProtocolError(Code.IMPLAUSIBLE_TIME, "samples from the future or long ago")


def _with_anchor(anchors: tuple[Point, ...], device_time: int, counted: int) -> tuple[Point, ...]:
    if anchors and device_time - anchors[-1][0] < _ANCHOR_SPACING:
        return anchors
    return (*anchors[-_ANCHORS + 1 :], (device_time, counted))


def _rate(clock: Clock) -> float:
    """Return the measured rate where it differs noticeably from the one in force.

    A rate that changed with each slice would only carry the stamps' jitter into the RR intervals.
    """
    measured = measured_rate(clock.anchors)
    if measured is None or clock.rate_is_implausible:
        return clock.rate
    baseline = (clock.anchors[-1][0] - clock.anchors[0][0]) / 2
    if abs(measured / clock.rate - 1) * baseline < _NOTICEABLE:
        return clock.rate
    return round(measured, 3)


def _follow_arrivals(clock: Clock, now: int) -> Clock:
    """Learn from how late a live slice came; a stored one says nothing about the clock."""
    end = clock.start + round(clock.last[1] * MICROS / clock.rate) if clock.last else clock.start
    lag = now - end
    if abs(lag) > _LIVE:
        return clock
    lags = _with_lag(clock.lags, clock.start, now - end + clock.offset)
    drift = clock.drift
    if lags is not clock.lags and len(lags) >= _LAGS_NEEDED:
        drift = 1e6 * _median_slope(lags)
    return replace(clock, lags=lags, drift=drift, offset=_slewed(clock, lags[-1][1]))


def _with_lag(lags: tuple[Point, ...], at: int, lag: int) -> tuple[Point, ...]:
    if not lags or at - lags[-1][0] >= _LAG_SPACING:
        return (*lags[-_LAGS + 1 :], (at, lag))
    return lags if lag >= lags[-1][1] else (*lags[:-1], (lags[-1][0], lag))


def _slewed(clock: Clock, lowest: int) -> int:
    """Move the offset slowly to where live slices arrive 0 to 0.5 s after their end."""
    beyond = lowest - clock.offset
    wanted = beyond if beyond < 0 else max(0, beyond - _USUAL_LAG)
    step = round(_SLEW * (clock.last[1] if clock.last else 0) * MICROS / clock.rate)
    return clock.offset + max(-step, min(step, wanted))


def _median_slope(points: Sequence[Point]) -> float:
    half = len(points) // 2
    return statistics.median(
        (late[1] - early[1]) / (late[0] - early[0])
        for early, late in zip(points, points[half:], strict=False)
    )
