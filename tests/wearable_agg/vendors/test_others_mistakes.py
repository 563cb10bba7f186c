"""What published mapping tables of other projects got wrong: each mistake is one test here."""

from __future__ import annotations

import json
import re

import pytest

from tests.wearable_agg.vendors.made_payloads import export, items_in, record, synced
from wearable_agg.measurements.batch import batch_of
from wearable_agg.measurements.types import TYPES
from wearable_agg.vendors.apple.quantities import IDENTIFIERS

UCUM = re.compile(
    r"(\{[a-z]+\}|%|/min|/h|ms|min|h|a|m|cm|kg|kg/m2|kcal|kcal/d|m/s|uS|Cel)|"
    r"mm\[Hg\]|mL/min/kg|mg/dL"
)


def one(kind: str, unit: str, value: str) -> tuple[str, str, float]:
    [item] = items_in("apple", export(record(kind, unit=unit, value=value)))
    return item.type, item.unit, round(item.value, 6)


def test_the_burden_of_fibrillation_is_not_a_wrist_temperature() -> None:
    """Keeps a share of time in fibrillation from standing in the chart as a temperature."""
    assert one("AtrialFibrillationBurden", "%", "0.02") == ("atrial_fibrillation_burden", "%", 2.0)
    assert one("AppleSleepingWristTemperature", "degC", "35.1") == ("skin_temperature", "Cel", 35.1)


def test_each_identifier_of_ours_means_one_thing() -> None:
    """Keeps a row copied from its neighbour (a speed coded as a power) from going unseen."""
    meanings = [(known.type, known.statistic) for known in IDENTIFIERS.values()]
    assert len(meanings) == len(set(meanings))
    assert not any("Cycling" in name for name in IDENTIFIERS)


def test_the_burden_is_a_percentage_with_its_window_and_is_never_added_up() -> None:
    """Keeps a week of 2 % from becoming a count, or 14 % when seven of them are summed."""
    kind = TYPES["atrial_fibrillation_burden"]
    assert (kind.unit, kind.rolled_up) == ("%", False)
    times = {"startDate": "2026-03-09 00:00:00 +0100", "endDate": "2026-03-16 00:00:00 +0100"}
    [item] = items_in(
        "apple", export(record("AtrialFibrillationBurden", unit="%", value="0.02", **times))
    )
    [(_, [row])] = batch_of([item], TYPES).rows.items()
    assert row[1] - row[0] == 7 * 86_400 * 1_000_000


@pytest.mark.parametrize("kind", TYPES.values(), ids=TYPES)
def test_units_are_written_in_ucum(kind: object) -> None:
    """Keeps "hertz", "in", "mmHg", "count/min" and "degC" out of codes that machines compare."""
    unit = kind.unit  # type: ignore[attr-defined]
    assert UCUM.fullmatch(unit) or unit == "{score}"
    assert unit not in ("hertz", "in", "mmHg", "count/min", "count", "degC", "bpm", "lb", "mi")


def test_both_statistics_of_variability_keep_apart() -> None:
    """Keeps an RMSSD from being read, trended or coded as an SDNN, and the other way round."""
    rows = [
        record(
            f"HeartRateVariability{of}",
            unit="ms",
            value="40",
            creationDate="2026-03-15 03:00:00 +0100",
        )
        for of in ("SDNN", "RMSSD")
    ]
    batch = batch_of(items_in("apple", export(*rows)), TYPES)
    assert sorted(key.statistic for key in batch.rows) == ["RMSSD", "SDNN"]


def test_a_diastolic_pressure_is_no_heart_rate() -> None:
    """Keeps a diastolic value from a table that codes it 8867-4 (heart rate) out of the rates."""
    pair = [
        record(f"BloodPressure{half}", unit="mmHg", value=value)
        for half, value in (("Systolic", "121"), ("Diastolic", "78"))
    ]
    [item] = items_in("apple", export(*pair))
    assert {one.type: one.value for one in item.measurements()} == {
        "blood_pressure_systolic": 121,
        "blood_pressure_diastolic": 78,
    }


@pytest.mark.parametrize(
    ("provider", "value", "expected"),
    [("apple", 0.97, 97.0), ("apple", 1, 100.0), ("samsung", 97, 97.0)],
)
def test_percentages_are_told_from_shares_of_one(
    provider: str, value: float, expected: float
) -> None:
    """Keeps HealthKit's 0.97 from becoming 0.97 %, and another provider's 97 from 9700 %."""
    kind = "HKQuantityTypeIdentifierOxygenSaturation"
    [item] = items_in("apple", synced(provider, type=kind, unit="%", value=value))
    assert (item.type, item.value) == ("oxygen_saturation", pytest.approx(expected))


def test_an_ecg_keeps_what_the_vendor_said_of_it() -> None:
    """Keeps a recording from losing its verdict, as a schema without that field does."""
    page = {
        "dataPoints": [
            {
                "electrocardiogram": {
                    "interval": {
                        "startTime": "2026-06-22T08:00:00Z",
                        "endTime": "2026-06-22T08:00:30Z",
                    },
                    "resultClassification": "INCONCLUSIVE_HIGH_HEART_RATE",
                    "samplingFrequencyHertz": 250,
                    "millivoltsScalingFactor": 10922,
                    "waveformSamples": [1, 2],
                }
            }
        ]
    }
    [item] = items_in("google_health", json.dumps(page))
    assert item.vendor_verdict == "INCONCLUSIVE_HIGH_HEART_RATE"
    assert item.verdict != "atrial_fibrillation"
