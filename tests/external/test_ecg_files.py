"""Vendors' own ECG files are read by the common reader."""

from __future__ import annotations

from pathlib import Path

import pytest

from wearable_agg.ecg.formats.detecting import format_of
from wearable_agg.ecg.formats.reading import read_recordings
from wearable_agg.ecg.recordings import NoRecording

pytestmark = pytest.mark.external

GOOGLE = "google_health/synthetic-electrocardiogram.json"


@pytest.mark.parametrize(
    ("kind", "name", "rate", "samples", "verdict"),
    [
        ("apple", "apple/ecg-1.csv", 512.0, 4, "sinus_rhythm"),
        ("apple", "apple/synthetic-ecg-afib.json", 512.0, 15360, "atrial_fibrillation"),
        ("google_health", GOOGLE, 250.0, 7500, "sinus_rhythm"),
        ("withings", "withings/synthetic-heart-v2-get.json", 300.0, 9000, "not_analyzed"),
        ("kardia", "kardia/recording-2.json", 300.0, 4, "sinus_rhythm"),
    ],
)
def test_a_vendors_file_gives_a_recording(
    records: Path, kind: str, name: str, rate: float, samples: int, verdict: str
) -> None:
    file = records.parent / "vendors" / name
    assert format_of(file) == kind
    made = read_recordings(file)[0]
    assert (made.rate, len(made.counts), made.verdict) == (rate, samples, verdict)
    assert made.lead == "I"


def test_samples_that_do_not_follow_each_other_are_refused(records: Path) -> None:
    file = records.parent / "vendors" / "apple/react-native-health-ecg-1.json"
    with pytest.raises(NoRecording, match="samples are missing between"):
        read_recordings(file, "apple")
