"""What a restored database may not do."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from wearable_agg.delivery.fence import FencedOff, WrongIdentityKey, raise_fence, read_mark
from wearable_agg.delivery.identity import Identity
from wearable_agg.delivery.worker import Delivery
from wearable_agg.store.all_tables import metadata
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.outbox_tables import outbox

NOW = datetime(2026, 3, 1, tzinfo=UTC)
QUARANTINE = timedelta(seconds=121)


@pytest.fixture
def fenced(tmp_path):
    """A store in a file of its own: restoring it is copying a file."""
    engine = open_database(tmp_path / "store" / "wearables.db")
    metadata.create_all(engine)
    yield engine, tmp_path / "delivery.mark"
    engine.dispose()


def send(engine, fence):
    with writing(engine) as connection:
        sends = fence.pass_through(connection)
    fence.note(sends)


@pytest.fixture
def identity():
    return Identity(b"k" * 32)


def test_a_store_goes_on_where_it_was(fenced, identity):
    engine, mark = fenced
    fence, restored = raise_fence(engine, mark, identity, NOW)
    send(engine, fence)
    again, restored_again = raise_fence(engine, mark, identity, NOW)
    assert (restored, restored_again, again.epoch) == (False, False, fence.epoch)
    assert read_mark(mark) == (1, 1)


@pytest.mark.threat("T34", "T47")
def test_an_older_store_begins_a_new_epoch(fenced, identity):
    engine, mark = fenced
    fence, _ = raise_fence(engine, mark, identity, NOW)
    with writing(engine) as connection:
        before = fence.pass_through(connection) - 1
    mark.write_text('{"epoch": 1, "sends": 7}')
    newer, restored = raise_fence(engine, mark, identity, NOW)
    assert (restored, newer.epoch, before) == (True, fence.epoch + 1, 0)
    with writing(engine) as connection, pytest.raises(FencedOff):
        fence.pass_through(connection)


@pytest.mark.threat("T34", "T47")
def test_who_works_on_a_store_that_was_taken_away_learns_it_from_the_mark(fenced, identity):
    engine, mark = fenced
    fence, _ = raise_fence(engine, mark, identity, NOW)
    mark.write_text('{"epoch": 2, "sends": 0}')
    with pytest.raises(FencedOff):
        send(engine, fence)


def test_a_restore_can_be_told_where_the_mark_was_lost_too(fenced, identity):
    engine, mark = fenced
    raise_fence(engine, mark, identity, NOW)
    mark.unlink()
    fence, restored = raise_fence(engine, mark, identity, NOW, restored=True)
    assert (restored, fence.epoch) == (True, 2)


def test_a_torn_mark_tells_nothing(fenced, identity):
    engine, mark = fenced
    mark.write_text('{"epo')
    assert raise_fence(engine, mark, identity, NOW)[1] is False


def test_with_another_key_nothing_starts(fenced, identity):
    engine, mark = fenced
    raise_fence(engine, mark, identity, NOW)
    with pytest.raises(WrongIdentityKey):
        raise_fence(engine, mark, Identity(b"x" * 32), NOW)


@pytest.mark.threat("T34", "T47")
def test_what_was_sent_after_the_backup_is_found_not_sent_again(tmp_path, ehr, detect, site):
    """Back up, send, lose the store, bring the backup back: one Flag."""
    url = site.store.url
    if url.get_backend_name() != "sqlite":
        pytest.skip("the backup of a PostgreSQL database is not a file")
    site.detect(detect())
    mark, identity = tmp_path / "delivery.mark", site.delivery.identity
    fence, _ = raise_fence(site.store, mark, identity, site.now)
    delivery = Delivery(
        site.store, site.delivery.charts, identity, clock=lambda: site.now, fence=fence
    )
    with closing(sqlite3.connect(url.database)) as source:
        source.execute("VACUUM INTO ?", (str(tmp_path / "backup.db"),))
    site.now += timedelta(seconds=1)
    assert delivery.deliver_due() == 1
    site.store.dispose()
    for suffix in ("-wal", "-shm"):
        if os.path.exists(url.database + suffix):
            os.unlink(url.database + suffix)
    shutil.copy(tmp_path / "backup.db", url.database)
    newer, restored = raise_fence(site.store, mark, identity, site.now + QUARANTINE)
    with site.store.connect() as connection:
        state = connection.execute(select(outbox.c.state)).scalar_one()
    assert (restored, state) == (True, "unknown")
    anew = Delivery(site.store, site.delivery.charts, identity, clock=lambda: site.now, fence=newer)
    assert anew.deliver_due() == 0
    site.now += QUARANTINE + timedelta(seconds=1)
    anew.deliver_due()
    assert site.states() == ["done"]
    assert len(ehr.held("Provenance", "marit-solheim")) == 1
