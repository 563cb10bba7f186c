import threading
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text

from wearable_agg.store.clock import from_micros, to_micros
from wearable_agg.store.database import open_database, writing


def test_commits_wait_for_the_disk(tmp_path):
    with open_database(tmp_path / "a.db").connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_read_then_write_of_many_writers_loses_no_update(place):
    engine = open_database(place)
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE n (value INTEGER)"))
        connection.execute(text("INSERT INTO n VALUES (0)"))

    def count():
        for _ in range(20):
            with writing(engine) as connection:
                value = connection.execute(text("SELECT value FROM n")).scalar_one()
                connection.execute(text("UPDATE n SET value = :value"), {"value": value + 1})

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT value FROM n")).scalar_one() == 80


def test_instants_keep_their_microseconds():
    instant = datetime(2026, 11, 21, 10, 0, 0, 123457, tzinfo=timezone(timedelta(hours=14)))
    assert from_micros(to_micros(instant)) == instant.astimezone(UTC)


def test_a_naive_instant_is_refused():
    with pytest.raises(ValueError, match="naive"):
        to_micros(datetime(2026, 11, 21))


def test_threads_queue_for_a_file_instead_of_trying_their_luck_at_it(tmp_path):
    engine = open_database(tmp_path / "a.db")
    written = []

    def write(number):
        with writing(engine):
            written.append(number)

    with writing(engine):
        waiting = [threading.Thread(target=write, args=(number,)) for number in range(4)]
        for thread in waiting:
            thread.start()
        time.sleep(0.1)
        assert engine.pool.checkedout() == 1, "those who wait have not come to the file yet"
        assert written == []
    for thread in waiting:
        thread.join(10)
    assert sorted(written) == [0, 1, 2, 3]


def test_a_block_that_fails_leaves_the_queue(tmp_path):
    engine = open_database(tmp_path / "a.db")
    with pytest.raises(ZeroDivisionError), writing(engine):
        raise ZeroDivisionError
    begun = time.monotonic()
    with writing(engine):
        assert time.monotonic() - begun < 10
