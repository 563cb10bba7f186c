"""An export of the Health app on its way into the store."""

from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from app.cli import main
from tests.support.backend import PATIENT
from tests.support.exports import (
    PHONE,
    WATCH,
    beats,
    imported,
    importer,
    packed,
    sharing_person,
    site,
    state,
)
from tests.wearable_agg.vendors.made_payloads import ZONE, ecg_file, export, record
from wearable_agg.intake import imports
from wearable_agg.measurements.daily import local_days
from wearable_agg.measurements.recordings import recordings_of
from wearable_agg.measurements.types import TYPES
from wearable_agg.people import consents
from wearable_agg.store.database import writing
from wearable_agg.vendors.apple.export_rows import record as read_in_full
from wearable_agg.vendors.apple.samples import measurement, sample
from wearable_agg.vendors.errors import Unusable

PRESSURES = [
    record(
        f"BloodPressure{half}", unit="mmHg", value=value, creationDate="2026-03-15 03:00:00 +0100"
    )
    for half, value in (("Systolic", "121"), ("Diastolic", "78"))
]
IRREGULAR = record("HKCategoryTypeIdentifierIrregularHeartRhythmEvent")
SLEEP = record(
    "HKCategoryTypeIdentifierSleepAnalysis",
    value="HKCategoryValueSleepAnalysisAsleepDeep",
    startDate="2026-03-15 01:00:00 +0100",
    endDate="2026-03-15 02:30:00 +0100",
)


@pytest.fixture
def person(world):
    return sharing_person(world)


@pytest.fixture
def whole(tmp_path):
    """An export with something of everything."""
    rows = [*beats(300), PRESSURES[0], *beats(300, 300), PRESSURES[1], IRREGULAR, SLEEP]
    return packed(
        tmp_path / "export.zip",
        {
            "apple_health_export/export.xml": export(*rows),
            "apple_health_export/electrocardiograms/ecg_1.csv": ecg_file(),
            "apple_health_export/electrocardiograms/ecg_2.csv": "Name,x\nborn,y\nnonsense",
        },
    )


@pytest.fixture
def small_slices(monkeypatch):
    monkeypatch.setattr(imports, "ROWS_AT_ONCE", 50)
    monkeypatch.setattr("wearable_agg.vendors.apple.xml_source.CHUNK", 4096)
    monkeypatch.setattr("wearable_agg.vendors.apple.xml_source.LONGEST_DOCTYPE", 4096)


def test_everything_in_an_export_is_taken_in(world, person, whole):
    tally = imported(world, person, whole)
    assert (tally.new, tally.recordings, tally.notices) == (603, 1, 1)
    assert dict(tally.refused) == {"neither a field nor a sample": 1}
    assert world.rows("SELECT sum(n) FROM rollups WHERE level = 86400") == [(600,)]
    with world.engine.connect() as connection:
        [ecg] = recordings_of(
            connection,
            world.vault,
            person,
            datetime(2026, 3, 14, tzinfo=UTC),
            datetime(2026, 3, 15, tzinfo=UTC),
        )
    assert (ecg.verdict, ecg.signal.samples) == ("atrial_fibrillation", (-48.673, 12.0))


def test_a_repeated_import_changes_nothing(world, person, whole):
    imported(world, person, whole)
    before = state(world)
    tally = imported(world, person, whole)
    assert (tally.new, tally.amended, tally.same, tally.recordings) == (0, 0, 603, 0)
    assert state(world) == before
    assert world.rows("SELECT count(*) FROM measurement_history") == [(0,)]


def test_an_import_that_was_interrupted_goes_on_where_it_was(world, person, whole, small_slices):
    places = []

    def stop(done, _):
        places.append(done)
        if len(places) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importer(world, person).run(whole, stop)
    kept = world.rows("SELECT count(*) FROM measurements")[0][0]
    assert 0 < kept < 603
    tally = imported(world, person, whole)
    assert (tally.new, tally.same, tally.recordings) == (603, 0, 1)
    assert world.rows("SELECT state FROM imports") == [("done",)]
    resumed = state(world)
    assert imported(world, person, whole).new == 0
    assert state(world) == resumed


def test_a_pressure_whose_halves_lie_apart_survives_the_interruption(
    world, person, whole, small_slices
):
    def stop(done, _):
        if world.rows("SELECT count(*) FROM measurements")[0][0] > 350:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importer(world, person).run(whole, stop)
    imported(world, person, whole)
    pressures = (
        "SELECT value FROM measurements JOIN series ON id = series_id WHERE type LIKE 'blood%'"
    )
    assert sorted(world.rows(pressures)) == [(78.0,), (121.0,)]


def test_two_at_once_do_not_both_import(world, person, whole, small_slices):
    def second(done, _):
        if not started:
            started.append(True)
            imported(world, person, whole)

    started = []
    with pytest.raises(imports.ImportElsewhere):
        importer(world, person).run(whole, second)
    assert world.rows("SELECT sum(n) FROM rollups WHERE level = 86400") == [(600,)]


def test_consent_withdrawn_on_the_way_ends_the_taking_in(world, person, whole, small_slices):
    def withdraw(done, _):
        with writing(world.engine) as connection:
            consents.revoke(connection, person, ["heart_rate"])

    tally = importer(world, person).run(whole, withdraw)
    kept = world.rows("SELECT sum(n) FROM rollups WHERE level = 86400")[0][0]
    assert 0 < kept < 150
    assert tally.refused["no consent"] == 600 - kept


def test_a_phone_and_a_watch_are_not_added_up(world, person, tmp_path):
    steps = [
        record("StepCount", unit="count", value=value, device=device)
        for value, device in (("900", PHONE), ("1000", WATCH))
    ]
    imported(world, person, packed(tmp_path / "e.zip", {"export.xml": export(*steps)}))
    day = datetime(2026, 3, 15).date()
    with world.engine.connect() as connection:
        [found] = local_days(connection, person, ZONE, day, day.replace(day=16), TYPES)
    assert found.steps == 1000


def test_of_two_values_for_one_time_the_later_made_counts_whatever_their_order(
    world, person, tmp_path
):
    rows = [
        record(value=value, device=WATCH, creationDate=f"2026-03-15 0{hour}:00:00 +0100")
        for value, hour in (("70", 4), ("80", 5), ("90", 3))
    ]
    for number, order in enumerate((rows, rows[::-1])):
        path = packed(tmp_path / f"{number}.zip", {"export.xml": export(*order)})
        imported(world, person, path)
        assert world.rows("SELECT value, version FROM measurements") == [(80.0, 1)]


def test_a_type_that_the_person_does_not_share_is_not_taken_in(world, tmp_path):
    person = sharing_person(world, "heart_rate", "rhythm")
    entries = {"export.xml": export(*beats(5), IRREGULAR), "e/ecg.csv": ecg_file()}
    tally = imported(world, person, packed(tmp_path / "e.zip", entries))
    assert (tally.new, tally.recordings, tally.notices) == (0, 0, 0)
    assert tally.refused == {"no consent": 7}


NUMBERS = st.one_of(
    st.from_regex(r"[0-9]{1,13}(\.[0-9]{1,16})?", fullmatch=True),
    st.sampled_from(["", "nan", "-1", "1e3", "1,5", "٣", "0x10", " 5", "1_0", "007"]),
)
TIMES = st.one_of(
    st.datetimes(datetime(1999, 1, 1), datetime(2027, 1, 1)).map(
        lambda at: f"{at:%Y-%m-%d %H:%M:%S} +0530"
    ),
    st.sampled_from(
        ["2026-06-30 23:59:60 +0000", "2026-03-15 3:00:00 +0100", "2026-03-15T03:00:00Z", "x" * 25]
    ),
)
KINDS = st.sampled_from(
    [
        ("HeartRate", "count/min"),
        ("OxygenSaturation", "%"),
        ("DistanceWalkingRunning", "mi"),
        ("ActiveEnergyBurned", "kJ"),
        ("BodyMass", "lb"),
        ("BodyTemperature", "degF"),
        ("StepCount", "furlong"),
    ]
)


@settings(max_examples=300)
@given(KINDS, NUMBERS, TIMES, TIMES, TIMES, st.booleans())
def test_what_is_read_fast_is_read_in_full_to_the_same(kind, value, start, end, made, typed_in):
    row = {
        "type": f"HKQuantityTypeIdentifier{kind[0]}",
        "unit": kind[1],
        "value": value,
        "startDate": start,
        "endDate": end,
        "creationDate": made,
        "sourceName": "Ada’s Apple Watch",
    }
    metadata = {"HKWasUserEntered": "1"} if typed_in else {}
    fast = sample(row, metadata, 7)
    if fast is None:
        return
    try:
        full = read_in_full(row, metadata, "/x").item
    except Unusable as fault:
        pytest.fail(f"{row} was read fast, and in full it is refused: {fault}")
    assert measurement(fast) == full


def run(world, *arguments):
    config = site(world.settings.data)
    return CliRunner().invoke(main, ["--config", str(config), *arguments])


def test_the_command_says_what_came_of_it_and_leaves_a_trace(world, person, whole):
    result = run(world, "import", str(whole), "--patient", PATIENT)
    assert result.exit_code == 0, result.output
    assert "603 measurements new" in result.output
    assert "1 set apart: neither a field nor a sample" in result.output
    assert world.rows("SELECT entity FROM audit WHERE action = 'export.imported'") == [
        (f"person/{person}",)
    ]


def test_the_command_refuses_who_has_agreed_to_nothing(world, whole):
    result = run(world, "import", str(whole), "--patient", "stranger")
    assert result.exit_code == 1
    assert "has not agreed to share anything" in result.output


def test_the_command_names_the_fault_of_a_spoiled_file(world, person, tmp_path):
    spoiled = packed(tmp_path / "export.zip", {"export.xml": export(*beats(5))[:-9]})
    result = run(world, "import", str(spoiled), "--patient", PATIENT)
    assert result.exit_code == 1
    assert "line 1" in result.output
