"""What could not be worked on can be seen, and worked on again."""

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from app.cli import main
from tests.support.backend import measured, notice, written
from tests.support.exports import site
from wearable_agg.intake import dead_letters, inbox
from wearable_agg.intake.health import health_of
from wearable_agg.store.clock import to_micros
from wearable_agg.store.database import writing
from wearable_agg.store.people_tables import vendor_accounts

LATER = datetime.now(UTC) + timedelta(days=1, hours=1)


@pytest.fixture
def arrive(world, linked):
    def arrive(raw, account_id=linked, kind="beats", dead_because=None):
        with writing(world.engine) as connection:
            inbox.keep(
                connection,
                world.vault,
                tenant="sandbox",
                vendor="band",
                account_id=account_id,
                kind=kind,
                raw=raw,
                dead_because=dead_because,
            )

    return arrive


def run(world, *arguments):
    command = ["--config", str(site(world.settings.data)), "dead-letters", *arguments]
    return CliRunner().invoke(main, command)


def fault(*_):
    raise ValueError("a fault of ours")


def test_they_are_listed_with_reason_kind_account_and_arrival(world, arrive):
    arrive(b"{not json")
    world.worker().step()
    result = run(world, "list")
    assert "band  beats  account 1  Malformed: nested deeper" in result.output
    assert f"{datetime.now(UTC):%Y-%m-%d}" in result.output
    assert "0 dead letters" in run(world, "list", "--vendor", "scale").output


def test_the_payload_is_shown_only_when_asked_for_and_then_audited(world, arrive):
    arrive(b"{not json")
    world.worker().step()
    assert "{not json" not in run(world, "show", "1").output
    assert world.rows("SELECT count(*) FROM audit WHERE action LIKE 'dead-letter%'") == [(0,)]
    assert "{not json" in run(world, "show", "1", "--payload").output
    audited = "SELECT actor, entity FROM audit WHERE action = 'dead-letter.read'"
    assert world.rows(audited) == [("operator", "payload/1")]


def test_one_that_is_not_there(world):
    result = run(world, "show", "7")
    assert (result.exit_code, result.output) == (1, "Error: there is no dead letter 7\n")
    assert run(world, "replay").exit_code == 2
    assert run(world, "replay", "7").exit_code == 1


@pytest.mark.threat("T32")
def test_after_a_fix_a_replay_takes_it_in_once_however_often(world, arrive, monkeypatch):
    arrive(written([measured(1), measured(2)]))
    with monkeypatch.context() as broken:
        broken.setattr(world.band, "parse", fault)
        world.worker().step()
    assert world.rows("SELECT state FROM inbox") == [("dead",)]
    for expected in ("1 given back", "0 given back"):
        assert expected in run(world, "replay", "--all").output
        world.worker().step()
    assert world.rows("SELECT count(*), max(version) FROM measurements") == [(2, 1)]
    assert world.rows("SELECT state FROM inbox") == [("done",)]


def test_a_replay_does_not_overwrite_what_came_since(world, arrive, monkeypatch):
    arrive(written([measured(1, 60.0), measured(2, 61.0)]))
    with monkeypatch.context() as broken:
        broken.setattr(world.band, "parse", fault)
        world.worker().step()
    arrive(written([measured(1, 75.0)]))
    world.worker().step()
    run(world, "replay", "1")
    world.worker().step()
    assert world.rows("SELECT value, version FROM measurements ORDER BY start") == [
        (75.0, 1),
        (61.0, 1),
    ]


def test_a_notification_that_could_not_be_read_is_read_again(world, arrive):
    arrive(notice(), account_id=None, kind=inbox.WEBHOOK, dead_because="Unusable: $.user: missing")
    run(world, "replay", "--vendor", "band")
    world.worker().step()
    assert world.rows("SELECT state FROM inbox") == [("done",)]
    assert world.rows("SELECT kind FROM sync_jobs") == [("beats",)]


def test_one_that_stays_unreadable_is_dead_again(world, arrive):
    arrive(b"{not json")
    world.worker().step()
    run(world, "replay", "--all")
    world.worker().step()
    with world.engine.connect() as connection:
        [letter] = dead_letters.dead_letters(connection)
    assert letter.reason.startswith("Malformed")


@pytest.fixture
def health(world, linked):
    def health(now=None, **columns):
        with writing(world.engine) as connection:
            if columns:
                connection.execute(vendor_accounts.update().values(**columns))
            return health_of(connection, linked, 900, now).reason

    return health


def test_a_fresh_link_is_well(health):
    assert health() == ""


def test_a_sync_that_stopped_is_not_well(health):
    assert health(now=LATER) == "no sync has succeeded for 24 h"


def test_a_sync_that_succeeds_with_nothing_is_not_well(health):
    now = datetime.now(UTC) + timedelta(days=5)
    reason = health(now=now, last_sync_at=to_micros(now), last_data_at=to_micros(LATER))
    assert reason == "syncs succeed, and nothing new has come for 3 days"
    assert health(now=now, last_sync_at=to_micros(now), last_data_at=to_micros(now)) == ""


def test_a_broken_link_is_not_well(health):
    assert health(status="broken") == "the link is broken: link again"


def test_data_that_arrive_make_it_well(world, arrive, health):
    arrive(written([measured(1)]))
    world.worker().step()
    assert world.rows("SELECT last_data_at IS NOT NULL FROM vendor_accounts") == [(1,)]
