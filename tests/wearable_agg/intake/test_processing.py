from datetime import UTC, datetime, timedelta

import pytest

from tests.support.backend import OSLO, measured, notice, written
from wearable_agg.intake import inbox
from wearable_agg.intake.notices import pack, unpack
from wearable_agg.measurements.localdays import midnight
from wearable_agg.people import consents
from wearable_agg.store.database import writing
from wearable_agg.vendors.protocol import Notification, Window

STATES = "SELECT state, reason FROM inbox ORDER BY id"
TODAY = datetime.now(OSLO).date()


@pytest.fixture
def arrive(world, linked):
    """Put a page, or a notification, into the inbox."""

    def arrive(raw, account_id=linked):
        with writing(world.engine) as connection:
            inbox.keep(
                connection,
                world.vault,
                tenant="sandbox",
                vendor="band",
                account_id=account_id,
                kind="beats",
                raw=raw,
            )

    return arrive


def notify(world, arrive, **said):
    raw = notice(**said)
    arrive(pack(raw, world.band.notifications({}, raw, b"")), account_id=None)


def total(days_ago, value):
    start, end = (midnight(TODAY - timedelta(days=n), OSLO) for n in (days_ago, days_ago - 1))
    return measured(value=value, kind="steps", start=start, end=end)


def test_a_page_becomes_measurements(world, arrive):
    arrive(written([measured(n) for n in range(40)]))
    assert world.worker().step() == 1
    assert world.rows("SELECT count(*) FROM measurements") == [(40,)]
    assert world.rows(STATES) == [("done", None)]


@pytest.mark.threat("T32")
def test_a_poisoned_page_is_put_aside_and_the_next_goes_on(world, arrive):
    arrive(b"{not json")
    arrive(b'[{"no": "start"}]')
    arrive(b'[{"start": 5, "end": 6}]')
    arrive(written([measured(1)]))
    world.worker().step()
    states = world.rows(STATES)
    assert [state for state, _ in states] == ["dead", "dead", "dead", "done"]
    assert [reason.split(":")[0] for _, reason in states[:3]] == [
        "Malformed",
        "Unusable",
        "parser failed",
    ]


def test_what_was_left_out_of_a_page_is_said(world, arrive):
    arrive(written([measured(1), measured(2, unit="Hz"), measured(3, unit="Hz")]))
    world.worker().step()
    assert world.rows(STATES) == [("done", "2 x wrong unit")]


def test_a_page_that_arrives_again_changes_nothing(world, arrive):
    page = written([measured(n) for n in range(5)])
    for _ in range(2):
        arrive(page)
        world.worker().step()
    assert world.rows("SELECT count(*) FROM inbox") == [(1,)]
    assert world.rows("SELECT count(*), max(version) FROM measurements") == [(5, 1)]


def test_a_value_corrected_there_and_back_ends_as_the_vendor_has_it(world, arrive):
    for value in (60.0, 75.0, 60.0):
        arrive(written([measured(1, value)]))
        world.worker().step()
    assert world.rows("SELECT value, version FROM measurements") == [(60.0, 3)]


def test_data_without_consent_is_not_taken_in(world, arrive):
    with writing(world.engine) as connection:
        consents.revoke(connection, 1, ["heart_rate"])
    arrive(written([measured(1)]))
    world.worker().step()
    assert world.rows("SELECT count(*) FROM measurements") == [(0,)]
    assert world.rows(STATES) == [("done", "1 x no consent")]


def test_two_workers_do_not_count_a_page_twice(world, arrive):
    arrive(written([measured(1, 60.0)]))
    with world.engine.connect() as connection:
        [payload] = inbox.waiting(connection, world.vault, 10)
    world.worker().step()
    with writing(world.engine) as connection:
        assert not inbox.settle(connection, payload, inbox.DONE)


def test_a_notification_leads_to_fetching(world, arrive):
    window = [datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)]
    notify(world, arrive, window=[one.isoformat() for one in window])
    world.worker().step()
    assert world.rows("SELECT kind, state FROM sync_jobs") == [("beats", "due")]


def test_kinds_that_are_not_read_lead_to_nothing(world, arrive):
    notify(world, arrive, kinds=["weight"])
    world.worker().step()
    assert world.rows("SELECT count(*) FROM sync_jobs") == [(0,)]


def test_a_notification_about_somebody_unknown_is_said_and_dropped(world, arrive):
    notify(world, arrive, user="stranger")
    world.worker().step()
    assert world.rows(STATES) == [("done", "unknown user")]
    assert world.rows("SELECT count(*) FROM sync_jobs") == [(0,)]


def test_unlinking_at_the_vendor_ends_the_fetching(world, arrive):
    notify(world, arrive)
    world.worker().step()
    notify(world, arrive, action="unlinked")
    world.worker().step()
    assert world.rows("SELECT status FROM vendor_accounts") == [("unlinked",)]
    assert world.rows("SELECT count(*) FROM sync_jobs") == [(0,)]


def test_notifications_read_back_as_they_were():
    window = Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, 0, 0, 0, 7, tzinfo=UTC))
    said = [
        Notification("7", ("beats",), window, "changed"),
        Notification("8", (), None, "unlinked"),
    ]
    assert unpack(pack(b"raw", said)) == said


def test_completed_days_go_to_the_chart_and_today_does_not(world, arrive):
    arrive(written([total(days, 1000.0 * days) for days in (0, 1, 3, 40)]))
    world.worker().step()
    queued = world.rows("SELECT subject FROM outbox ORDER BY subject DESC")
    assert queued == [(f"steps|{TODAY - timedelta(days=n)}",) for n in (1, 3)]


def test_a_day_is_told_when_it_completes(world, arrive):
    totals = world.worker()._on_days
    arrive(written([total(1, 4000.0)]))
    world.worker().step()
    with writing(world.engine) as connection:
        connection.exec_driver_sql("DELETE FROM outbox")
        totals.close_days(connection)
    assert world.rows("SELECT count(*) FROM outbox") == [(1,)]
    assert world.rows("SELECT days_closed_before FROM persons") == [(TODAY.isoformat(),)]


def test_a_corrected_day_is_told_again(world, arrive):
    for steps in (4000.0, 4100.0):
        arrive(written([total(1, steps)]))
        world.worker().step()
    [(payload,)] = world.rows("SELECT payload FROM outbox")
    assert "4100" in payload
