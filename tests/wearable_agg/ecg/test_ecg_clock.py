"""What is learnt of a device's rate and clock from its time stamps."""

import random
from itertools import pairwise

import pytest

from wearable_agg.ecg.clock import advance, check_clock, first_clock
from wearable_agg.ecg.frames import Code, ProtocolError

NOW = 1_795_298_400_000_000
SECOND = 1_000_000


def run(clock, seconds, *, rate, nominal, start=NOW, drift=0.0, jitter=0.0, latency=None, seed=1):
    """Feed slices of a nominal second and return the clock and all timings."""
    chance = random.Random(seed)  # noqa: S311
    count, timings = round(nominal), []
    for number in range(seconds):
        true = number * count / rate
        stamp = start + round((true * (1 - drift * 1e-6) + chance.uniform(-jitter, jitter)) * 1e6)
        late = 0.05 if latency is None else chance.expovariate(1 / latency)
        arrival = start + round((true + count / rate + late) * 1e6)
        clock, timing = advance(clock, stamp, count, False, arrival)
        timings.append(timing)
    return clock, timings


@pytest.mark.parametrize(("nominal", "true"), [(130, 130.2), (512, 512.617), (250, 249.95)])
def test_true_rate_is_found_under_jittered_stamps(nominal, true):
    clock, timings = run(
        first_clock(nominal, NOW, NOW), 900, rate=true, nominal=nominal, jitter=0.02
    )
    assert clock.rate == pytest.approx(true, rel=1e-4)
    assert not any(timing.gap_before for timing in timings)


def test_rate_stays_put_when_nothing_is_learnt():
    _, timings = run(first_clock(250, NOW, NOW), 600, rate=250, nominal=250, jitter=0.02)
    assert {timing.rate for timing in timings} == {250}


def test_stamps_are_smoothed():
    _, timings = run(first_clock(250, NOW, NOW), 300, rate=250, nominal=250, jitter=0.1)
    steps = [b.start - a.start for a, b in pairwise(timings)]
    assert max(abs(step - SECOND) for step in steps) < 15_000


def test_drift_of_a_live_clock_is_measured():
    clock, _ = run(first_clock(250, NOW, NOW), 3600, rate=250, nominal=250, drift=100, latency=0.05)
    assert clock.drift == pytest.approx(100, abs=10)


def test_hours_of_drift_do_not_move_the_signal():
    _, timings = run(
        first_clock(250, NOW, NOW), 8 * 3600, rate=250, nominal=250, drift=100, latency=0.05
    )
    true = NOW + (8 * 3600 - 1) * SECOND
    assert abs(timings[-1].start - true) < 0.6 * SECOND
    assert not any(timing.gap_before for timing in timings)


def test_wrong_clock_is_corrected_from_the_hello():
    device = NOW - 86_400 * SECOND
    clock, _ = advance(first_clock(250, device, NOW), device, 250, False, NOW + SECOND)
    assert clock.start == NOW


def test_clock_within_two_seconds_is_trusted():
    assert first_clock(250, NOW - 1_500_000, NOW).offset == 0


@pytest.mark.parametrize(("jump", "is_gap"), [(0.4, False), (-0.4, False), (0.6, True), (90, True)])
def test_gap_is_a_jump_beyond_half_a_second(jump, is_gap):
    clock, _ = run(first_clock(250, NOW, NOW), 5, rate=250, nominal=250)
    stamp = NOW + round((5 + jump) * 1e6)
    _, timing = advance(clock, stamp, 250, False, NOW + 100 * SECOND)
    assert timing.gap_before is is_gap
    assert (timing.start == stamp) is is_gap


def test_declared_gap_is_a_gap():
    clock, _ = run(first_clock(250, NOW, NOW), 5, rate=250, nominal=250)
    _, timing = advance(clock, NOW + 5 * SECOND, 250, True, NOW + 6 * SECOND)
    assert timing.gap_before


def test_rate_survives_a_gap():
    clock, _ = run(first_clock(130, NOW, NOW), 900, rate=130.2, nominal=130)
    after, _ = advance(clock, NOW + 2000 * SECOND, 130, False, NOW + 2001 * SECOND)
    assert after.rate == clock.rate != 130


def code_of(call, *arguments):
    with pytest.raises(ProtocolError) as refused:
        call(*arguments)
    return refused.value.code


@pytest.mark.threat("T26")
def test_device_time_that_goes_back_is_refused():
    clock, _ = run(first_clock(250, NOW, NOW), 5, rate=250, nominal=250)
    assert code_of(advance, clock, NOW, 250, False, NOW + 6 * SECOND) is Code.CLOCK_RESET


@pytest.mark.threat("T26")
@pytest.mark.parametrize("days", [-401, 1])
def test_time_out_of_all_bounds_is_refused(days):
    clock = first_clock(250, NOW, NOW)
    stamp = NOW + days * 86_400 * SECOND
    assert code_of(advance, clock, stamp, 250, False, NOW) is Code.IMPLAUSIBLE_TIME


def test_clock_set_between_two_connections_is_refused():
    clock = first_clock(250, NOW, NOW)
    check_clock(clock, NOW + 30 * SECOND, NOW)
    assert code_of(check_clock, clock, NOW + 90 * SECOND, NOW) is Code.CLOCK_RESET


def test_rate_far_from_the_announced_one_is_noticed_and_not_taken():
    clock, _ = run(first_clock(250, NOW, NOW), 10, rate=250, nominal=250)
    for number in range(10, 300):
        stamp = NOW + round(number * 1.1 * 1e6)
        clock, _ = advance(clock, stamp, 250, False, stamp + SECOND)
    assert clock.rate_is_implausible
    assert clock.rate == 250
