"""ECGs and notices about the rhythm, read from the simulated vendors as the poller reads them."""

from __future__ import annotations

from datetime import timedelta

from tests.sandbox_vendors.conftest import Simulators
from tests.sandbox_vendors.reading import OSLO, everything, last
from wearable_agg.measurements.model import EcgRecording, RhythmNotification
from wearable_agg.vendors.protocol import Vendor


def test_google_ecgs_come_by_polling_with_their_waveforms(
    simulators: Simulators, google: Vendor
) -> None:
    tokens = simulators.link(google.id, "marit")
    found = everything(google, simulators, tokens, "electrocardiogram", last(365))
    assert {one.verdict for one in found if isinstance(one, EcgRecording)} >= {
        "atrial_fibrillation",
        "sinus_rhythm",
    }
    for one in found:
        assert isinstance(one, EcgRecording)
        assert one.signal is not None
        assert (one.signal.rate, one.end - one.start) == (250.0, timedelta(seconds=30))


def test_google_ecgs_before_the_window_are_not_asked_for(
    simulators: Simulators, google: Vendor
) -> None:
    tokens = simulators.link(google.id, "marit")
    recent = everything(google, simulators, tokens, "electrocardiogram", last(7))
    assert recent
    assert all(one.start >= last(7.1).start for one in recent)


def test_google_notices_of_an_irregular_rhythm_keep_their_windows(
    simulators: Simulators, google: Vendor
) -> None:
    tokens = simulators.link(google.id, "marit")
    found = everything(google, simulators, tokens, "irregular-rhythm-notification", last(365))
    assert found
    for one in found:
        assert isinstance(one, RhythmNotification)
        assert len(one.windows) == 5
        assert all(window.positive and window.beats for window in one.windows)


def test_withings_ecgs_have_the_lists_verdict_and_their_waveform(
    simulators: Simulators, withings: Vendor
) -> None:
    tokens = simulators.link(withings.id, "jonas")
    found = everything(withings, simulators, tokens, "heart", last(365))
    assert len(found) == len({one.vendor_id for one in found}) > 1
    assert {one.vendor_verdict for one in found} <= {"0", "1", "2"}
    for one in found:
        assert one.signal is not None
        assert (one.signal.rate, len(one.signal.samples)) == (300.0, 9000)
        assert one.end - one.start == timedelta(seconds=30)


def test_a_withings_waveform_that_cannot_be_used_leaves_the_verdict(withings: Vendor) -> None:
    raw = (
        b'{"list": {"status": 0, "body": {"series": [{"deviceid": "d", "model": 93, "ecg":'
        b' {"signalid": 7, "afib": 2}, "heart_rate": 71, "timestamp": 1767225600}]}},'
        b' "signals": {"7": {"status": 0, "body": {"signal": ["x"], "sampling_frequency": 300}}}}'
    )
    (one,) = withings.parse("heart", raw, OSLO)
    assert isinstance(one, EcgRecording)
    assert (one.vendor_verdict, one.verdict, one.signal) == ("2", "inconclusive", None)
    assert one.flaw.startswith("unusable waveform")
