"""Two records of one human: merged nothing is lost, taken apart everything is as it was."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from tests.support.backend import ISSUER, NEW_YEAR, OSLO, link_person, measured
from wearable_agg.delivery.detection import Detection
from wearable_agg.delivery.findings import list_findings, record_started
from wearable_agg.delivery.following import follow
from wearable_agg.delivery.outbox import take
from wearable_agg.delivery.patient_facts import MERGED
from wearable_agg.delivery.permission import send_refusal
from wearable_agg.intake.day_totals import tell_again
from wearable_agg.intake.withdrawal import withdraw
from wearable_agg.measurements.batch import batch_of
from wearable_agg.measurements.buckets import read_buckets
from wearable_agg.measurements.daily import local_days
from wearable_agg.measurements.localdays import midnight
from wearable_agg.measurements.types import TYPES
from wearable_agg.measurements.upsert import write_batch
from wearable_agg.people.accounts import accounts_of
from wearable_agg.people.merging import CannotMerge, merge, unmerge
from wearable_agg.people.registry import (
    EhrPatient,
    data_version,
    patients_of,
    person_for,
    timezone_of,
    touch,
)
from wearable_agg.store.database import writing
from wearable_agg.store.outbox_tables import outbox

OLD, NEW = "marit-old", "marit-solheim"
RETIRED = EhrPatient("sandbox", ISSUER, OLD)
DAY = NEW_YEAR.date()
TABLES = (
    "persons",
    "ehr_patients",
    "vendor_accounts",
    "consents",
    "findings",
    "episodes",
    "series",
)


@pytest.fixture
def two(world):
    """Two records of Marit, each with a wearable, an hour of heart rate and a finding."""
    people = []
    for number, patient in enumerate((OLD, NEW)):
        world.band.user = f"wearer-{number}"
        link_person(world, patient)
        with writing(world.engine) as connection:
            person = person_for(connection, "sandbox", ISSUER, patient)
            samples = [measured(60 * number + n, 60.0 + 10 * number) for n in range(60)]
            write_batch(connection, "sandbox", person, batch_of(samples, TYPES))
            record_started(connection, detection(person, number))
        people.append(person)
    return people


def detection(person, number):
    onset = NEW_YEAR + timedelta(hours=number)
    return Detection(
        tenant="sandbox",
        person_id=person,
        stream=f"patch-{number}/I",
        device="Patch",
        onset=onset,
        detected_at=onset,
        end=onset,
        mean_rate=110.0,
        max_rate=140.0,
        coverage=0.9,
        decider="wristchart",
        decider_version="1",
        signal="ECG",
        strip=None,
    )


QUEUED = "SELECT patient_id, person_id, state FROM outbox ORDER BY 1, 2"


def put(world, patient, person, **values):
    """Have the rows of a person for a record stand as delivery would leave them."""
    with writing(world.engine) as connection:
        rows = (outbox.c.patient_id == patient) & (outbox.c.person_id == person)
        connection.execute(update(outbox).where(rows).values(**values))


def merged(world):
    with writing(world.engine) as connection:
        merge(connection, RETIRED, NEW, "operator/ann")


def apart(world):
    with writing(world.engine) as connection:
        unmerge(connection, RETIRED, "operator/ann")


def everything(world):
    """All rows of what a merge could touch, but for the counters of change."""
    rows = {name: world.rows(f"SELECT * FROM {name} ORDER BY 1, 2") for name in TABLES}  # noqa: S608
    versions = {row[0]: row[4] for row in rows["persons"]}
    rows["persons"] = [row[:4] + row[5:] for row in rows["persons"]]
    assert versions
    return rows | {
        "outbox": world.rows("SELECT id, person_id, patient_id, state, reason FROM outbox")
    }


def test_both_records_open_one_person_with_the_data_of_both(world, two):
    merged(world)
    with world.engine.connect() as connection:
        for patient in (OLD, NEW):
            assert person_for(connection, "sandbox", ISSUER, patient) == two[1]
        assert len(list_findings(connection, two[1])) == 2
        assert len(accounts_of(connection, two[1])) == 2


def test_two_wearables_of_one_kind_are_not_added_up(world, two):
    merged(world)
    with world.engine.connect() as connection:
        zone = timezone_of(connection, two[1])
        [day] = local_days(connection, two[1], zone, DAY, DAY + timedelta(days=1), TYPES)
        end = NEW_YEAR + timedelta(days=1)
        buckets = read_buckets(connection, two[1], "heart_rate", NEW_YEAR, end).buckets
    assert day.heart_rate.n == 60
    assert sum(bucket.n for bucket in buckets) == 60


def test_what_waits_for_the_retired_chart_is_parked_and_goes_to_the_other_once(world, two):
    merged(world)
    assert world.rows(QUEUED) == [
        (OLD, two[0], "parked"),
        (NEW, two[0], "pending"),
        (NEW, two[1], "pending"),
    ]
    for _ in range(2):
        with writing(world.engine) as connection:
            follow(connection, RETIRED)
    assert len(world.rows(QUEUED)) == 3
    with world.engine.connect() as connection:
        for person in two:
            assert [one.patient_id for one in patients_of(connection, person)] == [NEW]


def test_taken_apart_everything_is_as_it_was(world, two):
    before = everything(world)
    merged(world)
    assert everything(world) != before
    apart(world)
    assert everything(world) == before


def test_what_the_ehr_refused_for_the_merge_goes_to_the_surviving_chart(world, two):
    put(world, OLD, two[0], state="parked", reason=MERGED)
    merged(world)
    assert (NEW, two[0], "pending") in world.rows(QUEUED)
    apart(world)
    assert world.rows(QUEUED) == [(OLD, two[0], "pending"), (NEW, two[1], "pending")]


@pytest.mark.parametrize("reason", ["The person no longer allows this data to be used", "In use"])
def test_what_was_refused_for_another_reason_stays_refused(world, two, reason):
    put(world, OLD, two[0], state="parked", reason=reason)
    merged(world)
    assert world.rows(QUEUED) == [(OLD, two[0], "parked"), (NEW, two[1], "pending")]
    apart(world)
    assert world.rows(QUEUED) == [(OLD, two[0], "parked"), (NEW, two[1], "pending")]


def test_what_a_chart_holds_or_somebody_closed_is_not_written_to_the_other(world, two):
    with writing(world.engine) as connection:
        connection.exec_driver_sql("UPDATE findings SET state = 'resolved'")
    merged(world)
    assert world.rows(QUEUED) == [(OLD, two[0], "parked"), (NEW, two[1], "pending")]


def test_taken_apart_nothing_of_one_is_sent_to_the_other(world, two):
    merged(world)
    put(world, NEW, two[0], state="unknown")  # perhaps it is in the chart already
    put(world, NEW, two[1], state="done")
    apart(world)
    put(world, NEW, two[0], state="pending")  # it was looked for and is not
    with writing(world.engine) as connection:
        soon = datetime.now(UTC) + timedelta(seconds=1)
        [one, other] = (
            take(connection, soon, timedelta(minutes=5), "a", send_refusal) for _ in range(2)
        )
    assert (one.patient.patient_id, one.person_id, other) == (OLD, two[0], None)
    assert (NEW, two[0], "parked") in world.rows(QUEUED)
    put(world, OLD, two[0], state="pending")
    merged(world)
    assert (NEW, two[0], "pending") in world.rows(QUEUED)


def test_a_finding_of_the_time_together_goes_to_its_own_record_afterwards(world, two):
    with writing(world.engine) as connection:
        connection.exec_driver_sql("UPDATE findings SET state = 'resolved'")
    merged(world)
    with writing(world.engine) as connection:
        found = record_started(connection, detection(two[0], 5))
    queued = "SELECT patient_id FROM outbox WHERE subject = ?"
    assert world.rows(queued, found) == [(NEW,)]
    apart(world)
    assert world.rows(queued, found) == [(OLD,)]
    listed = "SELECT patient_id FROM worklist WHERE finding_id = ?"
    assert world.rows(listed, found) == [(OLD,)]


def test_findings_that_reached_the_other_chart_are_named_in_the_audit_trail(world, two):
    merged(world)
    put(world, NEW, two[0], state="done")
    apart(world)
    [(finding,)] = world.rows("SELECT id FROM findings WHERE person_id = ?", two[0])
    [(detail,)] = world.rows("SELECT detail FROM audit WHERE action = 'people.unmerged'")
    assert json.loads(detail)["findings_in_its_chart"] == [finding]


def test_totals_go_where_the_person_is(world, two):
    day = datetime.now(OSLO).date() - timedelta(days=2)
    start, end = (midnight(day + timedelta(days=n), OSLO) for n in (0, 1))
    total = measured(value=9000.0, kind="steps", start=start, end=end)
    with writing(world.engine) as connection:
        write_batch(connection, "sandbox", two[0], batch_of([total], TYPES))
        tell_again(connection, two[0], {("steps", day)})
    queued = """
        SELECT patient_id, person_id, state, payload FROM outbox WHERE kind = 'day' ORDER BY id
    """

    def told():
        rows = world.rows(queued)
        return [(*row[:3], json.loads(row[3])["value"]) for row in rows]

    merged(world)
    old = (OLD, two[0])
    assert told() == [(*old, "parked", 9000), (NEW, two[1], "pending", 9000)]
    apart(world)
    assert told() == [(*old, "pending", 9000), (NEW, two[1], "pending", None)]


def test_what_came_meanwhile_stays_with_the_record_it_came_by(world, two):
    merged(world)
    with writing(world.engine) as connection:
        sample = [measured(600, 80.0)]
        write_batch(connection, "sandbox", two[0], batch_of(sample, TYPES))
    apart(world)
    counted = "SELECT person_id, count(*) FROM measurements JOIN series ON series.id = series_id"
    assert world.rows(f"{counted} GROUP BY 1 ORDER BY 1") == [(two[0], 61), (two[1], 60)]


def test_news_of_the_retired_changes_the_answers_of_the_survivor(world, two):
    merged(world)
    with writing(world.engine) as connection:
        before = data_version(connection, two[1])
        touch(connection, two[0])
        assert data_version(connection, two[1]) == before + 1


def test_who_withdraws_withdraws_for_both(world, two):
    merged(world)
    with writing(world.engine) as connection:
        topics = [row[0] for row in connection.exec_driver_sql("SELECT data_type FROM consents")]
        withdraw(connection, "sandbox", two[1], topics, "person/2")
    assert world.rows("SELECT DISTINCT status FROM vendor_accounts") == [("unlinked",)]
    assert world.rows("SELECT DISTINCT status FROM consents") == [("revoked",)]


def test_both_acts_are_in_the_audit_trail(world, two):
    merged(world)
    apart(world)
    kept = "SELECT actor, action FROM audit WHERE action LIKE 'people.%' ORDER BY sequence"
    assert world.rows(kept) == [
        ("operator/ann", "people.merged"),
        ("operator/ann", "people.unmerged"),
    ]


def test_what_makes_no_sense_is_refused(world, two):
    with writing(world.engine) as connection:
        with pytest.raises(CannotMerge, match="nothing is known"):
            merge(connection, EhrPatient("sandbox", ISSUER, "nobody"), NEW, "operator/ann")
        with pytest.raises(CannotMerge, match="is not merged"):
            unmerge(connection, RETIRED, "operator/ann")
        merge(connection, RETIRED, NEW, "operator/ann")
        with pytest.raises(CannotMerge, match="one person already"):
            merge(connection, RETIRED, NEW, "operator/ann")
        person_for(connection, "sandbox", ISSUER, "third", create=True)
        with pytest.raises(CannotMerge, match="take them apart first"):
            merge(connection, EhrPatient("sandbox", ISSUER, NEW), "third", "operator/ann")
