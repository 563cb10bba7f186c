"""The Health app's export.xml, row by row."""

from __future__ import annotations

import io
import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from safeguards.strict_json import Malformed
from tests.wearable_agg.vendors.made_payloads import ZONE, export, found_in, items_in, record
from wearable_agg.measurements.model import BloodPressure, Measurement
from wearable_agg.vendors.apple.export import read_export
from wearable_agg.vendors.findings import Quarantined

SYSTOLIC = record("BloodPressureSystolic", unit="mmHg", value="121")
DIASTOLIC = record("BloodPressureDiastolic", unit="mmHg", value="78")
PAIR = (
    '<Correlation type="HKCorrelationTypeIdentifierBloodPressure" sourceName="Watch" '
    'startDate="2026-03-15 03:00:00 +0100" endDate="2026-03-15 03:00:00 +0100">'
    f"{SYSTOLIC}{DIASTOLIC}</Correlation>"
)


def only(*rows: str) -> Any:
    [item] = items_in("apple", export(*rows))
    return item


@pytest.mark.parametrize(
    ("kind", "unit", "value", "canonical", "expected"),
    [
        ("OxygenSaturation", "%", "0.97", "oxygen_saturation", 97.0),
        ("BodyFatPercentage", "%", "0.304", "body_fat", 30.4),
        ("AtrialFibrillationBurden", "%", "0.02", "atrial_fibrillation_burden", 2.0),
        ("BodyMass", "lb", "154.3236", "weight", 154.3236 * 0.45359237),
        ("Height", "ft", "6", "height", 182.88),
        ("DistanceWalkingRunning", "mi", "1", "distance", 1609.344),
        ("ActiveEnergyBurned", "kJ", "418.4", "active_energy", 100.0),
        ("BodyTemperature", "degF", "98.6", "body_temperature", 37.0),
        ("BloodGlucose", "mmol&lt;180.1558800000541&gt;/L", "5", "blood_glucose", 90.07794),
        ("HeartRateVariabilitySDNN", "ms", "71.3", "hrv", 71.3),
        ("VO2Max", "mL/min·kg", "38.2", "vo2_max", 38.2),
        ("StepCount", "count", "66", "steps", 66.0),
    ],
)
def test_units_become_ours_exactly(
    kind: str, unit: str, value: str, canonical: str, expected: float
) -> None:
    one = only(record(kind, unit=unit, value=value))
    assert one.type == canonical
    assert one.value == pytest.approx(expected, rel=1e-9)


def test_both_variabilities_are_told_apart() -> None:
    kinds = [record(f"HeartRateVariability{of}", unit="ms", value="40") for of in ("SDNN", "RMSSD")]
    assert [one.statistic for one in items_in("apple", export(*kinds))] == ["SDNN", "RMSSD"]


def test_a_pressure_alone_and_in_a_pair_counts_once() -> None:
    for rows in ((SYSTOLIC, DIASTOLIC, PAIR), (PAIR, SYSTOLIC, DIASTOLIC), (PAIR,)):
        one = only(*rows)
        assert isinstance(one, BloodPressure)
        assert (one.systolic, one.diastolic) == (121, 78)


def test_half_a_pressure_is_set_apart() -> None:
    one = only(SYSTOLIC)
    assert one == Quarantined("a blood pressure without its diastolic value")


def test_a_pressure_in_kilopascal() -> None:
    one = only(SYSTOLIC.replace("mmHg", "kPa").replace("121", "16"), DIASTOLIC)
    assert one.systolic == pytest.approx(120.0098691)


def test_metadata_tell_the_zone_and_that_a_value_was_typed_in() -> None:
    inside = (
        '<MetadataEntry key="HKTimeZone" value="Asia/Kathmandu"/>'
        '<MetadataEntry key="HKWasUserEntered" value="1"/>'
    )
    one = only(record(inside=inside))
    assert (one.offset_seconds, one.method) == (20_700, "manual")
    assert one.start == datetime(2026, 3, 15, 2, tzinfo=UTC)


def test_without_a_zone_the_offset_is_the_one_written() -> None:
    assert only(record()).offset_seconds == 3600


@pytest.mark.parametrize(
    ("word", "stage"),
    [
        ("HKCategoryValueSleepAnalysisInBed", "in_bed"),
        ("HKCategoryValueSleepAnalysisAsleepUnspecified", "asleep"),
        ("HKCategoryValueSleepAnalysisAsleep", "asleep"),
        ("HKCategoryValueSleepAnalysisAwake", "awake"),
        ("HKCategoryValueSleepAnalysisAsleepCore", "light"),
        ("HKCategoryValueSleepAnalysisAsleepDeep", "deep"),
        ("HKCategoryValueSleepAnalysisAsleepREM", "rem"),
        ("4", "deep"),
    ],
)
def test_sleep(word: str, stage: str) -> None:
    row = record(
        "HKCategoryTypeIdentifierSleepAnalysis", value=word, endDate="2026-03-15 04:00:00 +0100"
    )
    one = only(row)
    assert (one.stage, one.end - one.start) == (stage, timedelta(hours=1))


def test_heart_rate_events_keep_their_threshold() -> None:
    inside = '<MetadataEntry key="HKHeartRateEventThreshold" value="120 count/min"/>'
    high = only(record("HKCategoryTypeIdentifierHighHeartRateEvent", inside))
    irregular = only(record("HKCategoryTypeIdentifierIrregularHeartRhythmEvent"))
    assert (high.rhythm, high.threshold) == ("high_rate", 120)
    assert (irregular.rhythm, irregular.threshold) == ("irregular", None)


def test_a_workout_with_statistics_inside() -> None:
    statistics = (
        '<WorkoutStatistics type="HKQuantityTypeIdentifierHeartRate" average="128" minimum="90" '
        'maximum="161" unit="count/min"/>'
        '<WorkoutStatistics type="HKQuantityTypeIdentifierDistanceWalkingRunning" sum="5" '
        'unit="km"/>'
    )
    one = only(
        '<Workout workoutActivityType="HKWorkoutActivityTypeWalking" duration="30" '
        'durationUnit="min" startDate="2026-03-15 03:00:00 +0100" '
        f'endDate="2026-03-15 03:30:00 +0100">{statistics}</Workout>'
    )
    assert one.activity == "walking"
    assert one.values == {
        "duration": (1800, "s"),
        "heart_rate_mean": (128, "/min"),
        "heart_rate_min": (90, "/min"),
        "heart_rate_max": (161, "/min"),
        "distance": (5000, "m"),
    }


def test_a_days_rings_are_placed_in_the_persons_zone() -> None:
    one = only(
        '<ActivitySummary dateComponents="2026-03-29" activeEnergyBurned="418.4" '
        'activeEnergyBurnedUnit="kJ"/>'
    )
    assert (one.type, one.value, one.end - one.start) == ("active_energy", 100, timedelta(hours=23))


def test_types_we_do_not_keep_are_passed_over() -> None:
    assert items_in("apple", export(record("DietaryWater", unit="mL"))) == []


BROKEN_TYPE = """<!DOCTYPE HealthData [
<!-- HealthKit Export Version: 12 -->
<!ELEMENT HealthData (ExportDate,Me,(Record|Correlation)*)>
<!ATTLIST HealthData locale CDATA #REQUIRED>
<!ATTLIST startDate CDATA #REQUIRED endDate
]>"""


def test_the_malformed_type_and_the_control_characters_of_real_exports() -> None:
    text = export(record(sourceName="Ola\x0bs Watch&#11;&#x0B;"), head=BROKEN_TYPE)
    [one] = items_in("apple", text)
    assert one.device == "Olas Watch"


def test_a_reference_cut_in_two_by_the_reading() -> None:
    class Drops(io.RawIOBase):
        def __init__(self, data: bytes) -> None:
            self._data = data

        def read(self, size: int = -1) -> bytes:
            piece, self._data = self._data[:7], self._data[7:]
            return piece

    text = export(record(sourceName="a&#11;b &amp; c")).encode()
    [one] = [found.item for found in read_export(Drops(text), ZONE)]  # type: ignore[arg-type]
    assert isinstance(one, Measurement)
    assert one.device == "ab & c"


def test_no_entity_is_expanded_and_no_file_is_read() -> None:
    bomb = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))
    with pytest.raises(Malformed, match="undefined entity"):
        found_in(
            "apple", export(record(value="&l8;"), head=f'<!DOCTYPE a [<!ENTITY l0 "l">{bomb}]>')
        )


def test_an_element_of_absurd_length_is_refused() -> None:
    with pytest.raises(Malformed, match="absurd length"):
        found_in("apple", export(record(sourceName="x" * 6_000_000)))


class Endless(io.RawIOBase):
    """An export of many records that never stands in memory as a whole."""

    def __init__(self, records: int) -> None:
        row = record(
            device="&lt;&lt;HKDevice&gt;, name:Apple Watch, hardware:Watch6,1&gt;"
        ).encode()
        self._left = [b"</HealthData>", *[row * 1000] * (records // 1000), b"<HealthData>"]

    def read(self, size: int = -1) -> bytes:
        return self._left.pop() if self._left else b""


def test_memory_does_not_grow_with_the_export() -> None:
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_export(Endless(50_000), ZONE))  # type: ignore[arg-type]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 50_000
    assert peak < 12_000_000
