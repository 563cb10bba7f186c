"""Apple's ECGs: files, HealthKit's JSON, companion apps'."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.wearable_agg.vendors.made_payloads import ecg_file, items_in
from wearable_agg.measurements.model import EcgRecording

TIMES = {"startDate": "2026-03-15T08:00:00Z", "endDate": "2026-03-15T08:00:30Z"}


def recording(raw: str) -> EcgRecording:
    [one] = items_in("apple", raw)
    assert isinstance(one, EcgRecording)
    return one


def json_ecg(**members: Any) -> EcgRecording:
    usual = {**TIMES, "uuid": "U", "classification": "atrialFibrillation", "samplingFrequency": 512}
    return recording(json.dumps({**usual, **members}))


def test_decimal_commas_and_odd_blank_lines() -> None:
    text = ecg_file("-12,345", "0,5", '"7,25"', **{"Sample Rate": "512,844 hertz"})
    one = recording(text.replace("\n\n\n", "\n\n"))
    assert one.signal is not None
    assert one.signal.samples == (-12.345, 0.5, 7.25)
    assert one.signal.rate == 512.844


def test_name_and_date_of_birth_are_nowhere() -> None:
    assert "Nordmann" not in repr(recording(ecg_file()))
    assert "1950" not in repr(recording(ecg_file()))


def test_a_file_in_another_language_is_read_by_the_order_of_its_lines() -> None:
    german = "\n".join(
        [
            "Vorname,Kari Nordmann",
            'Geburtsdatum,"15. Jan. 1950"',
            "Aufzeichnungsdatum,2026-03-14 09:15:00 +0100",
            "Klassifizierung,Vorhofflimmern",
            "Symptome,Schwindel",
            "Softwareversion,1.90",
            'Gerät,"Watch6,7"',
            "Messrate,512 Hertz",
            "",
            "Ableitung,Ableitung I",
            "Einheit,µV",
            "",
            "-48,673",
        ]
    )
    one = recording(german)
    assert (one.verdict, one.vendor_verdict) == ("unknown", "Vorhofflimmern")
    assert (one.device, one.offset_seconds) == ("Watch6,7", 3600)
    assert one.signal is not None
    assert (one.signal.lead, one.signal.samples) == ("I", (-48.673,))


def test_mean_rate_of_a_file_that_has_one() -> None:
    assert recording(ecg_file(**{"Average Heart Rate": "84 BPM"})).mean_heart_rate == 84


def test_a_recording_lasts_as_long_as_its_samples() -> None:
    one = recording(ecg_file(*["1.0"] * 1024))
    assert (one.end - one.start).total_seconds() == 2


@pytest.mark.parametrize(
    ("unit", "microvolts"),
    [("uV", 2.0), ("µV", 2.0), ("mcV", 2.0), ("mV", 2_000.0), ("V", 2_000_000.0)],
)
def test_voltages_become_microvolts(unit: str, microvolts: float) -> None:
    one = json_ecg(voltageUnit=unit, voltages=[2])
    assert one.signal is not None
    assert one.signal.microvolts() == (microvolts,)


@pytest.mark.parametrize("unit", ["", "counts"])
def test_a_unit_is_not_guessed(unit: str) -> None:
    one = json_ecg(voltageUnit=unit, voltages=[2])
    assert one.signal is None
    assert one.flaw.startswith("a waveform in")
    assert one.verdict == "atrial_fibrillation"


@pytest.mark.parametrize(
    ("word", "verdict"),
    [
        ("sinusRhythm", "sinus_rhythm"),
        ("Sinus Rhythm", "sinus_rhythm"),
        (1, "sinus_rhythm"),
        (2, "atrial_fibrillation"),
        (3, "inconclusive_low_hr"),
        (4, "inconclusive_high_hr"),
        (5, "poor_recording"),
        (100, "inconclusive"),
        ("notSet", "not_analyzed"),
        ("High Heart Rate", "inconclusive_high_hr"),
        ("Poor Recording", "poor_recording"),
        ("ventricularTachycardia", "unknown"),
    ],
)
def test_verdicts(word: str | int, verdict: str) -> None:
    one = json_ecg(classification=word)
    assert (one.verdict, one.vendor_verdict) == (verdict, str(word))


def test_pairs_of_seconds_and_volts() -> None:
    one = json_ecg(samplingFrequency=500, voltageMeasurements=[[0, 1e-6], [0.002, 2e-6]])
    assert one.signal is not None
    assert one.signal.microvolts() == (1, 2)
    assert one.flaw == ""


@pytest.mark.parametrize(
    ("members", "algorithm"),
    [
        ({"algorithmVersion": 2}, "algorithm 2"),
        ({"metadata": {"HKMetadataKeyAppleECGAlgorithmVersion": "1"}}, "algorithm 1"),
        ({"metadata": {}}, ""),
        ({"algorithmVersion": [], "metadata": 7}, ""),
    ],
)
def test_the_version_of_the_algorithm_is_kept_and_nothing_hangs_on_it(
    members: dict[str, Any], algorithm: str
) -> None:
    assert json_ecg(**members).algorithm == algorithm


def test_auto_exports_form_with_its_unit_and_missing_samples() -> None:
    measured = [{"date": "x", "voltage": v, "units": "mcV"} for v in (1.5, 2.5)]
    ecg = {
        "start": "2026-06-17 08:00:00 +0200",
        "end": "2026-06-17 08:00:30 +0200",
        "classification": "Atrial Fibrillation",
        "averageHeartRate": 101,
        "numberOfVoltageMeasurements": 3,
        "samplingFrequency": 512,
        "source": "Watch",
        "voltageMeasurements": measured,
    }
    one = recording(json.dumps({"data": {"ecg": [ecg]}}))
    assert one.signal is not None
    assert one.signal.samples == (1.5, 2.5)
    assert (one.flaw, one.mean_heart_rate) == ("2 samples of 3", 101)
