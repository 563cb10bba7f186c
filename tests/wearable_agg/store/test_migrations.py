import threading
import time

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from wearable_agg.store.all_tables import metadata
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.history import version
from wearable_agg.store.migrations import HISTORY, migrate


@pytest.fixture
def place(request, tmp_path):
    """An empty place: nothing is migrated yet."""
    if request.param == "sqlite":
        return tmp_path / "a.db"
    return request.getfixturevalue("postgresql").new_database()


@pytest.mark.parametrize("way", [HISTORY.create, HISTORY.upgrade], ids=["at once", "by steps"])
def test_an_empty_store_gets_the_declared_tables_either_way(place, way):
    engine = open_database(place)
    with writing(engine) as connection:
        way(connection)
        assert version(connection) == HISTORY.head
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_what_was_made_at_once_has_no_steps_before_it(place):
    engine = open_database(place)
    migrate(engine)
    with writing(engine) as connection:
        HISTORY.upgrade(connection)
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_an_older_store_takes_the_steps_that_it_lacks(place):
    engine = open_database(place)
    with writing(engine) as connection:
        HISTORY.upgrade(connection, "0006")
    migrate(engine)
    with engine.connect() as connection:
        assert version(connection) == HISTORY.head
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_newest_revision_is_the_one_that_is_migrated_to():
    config = Config()
    config.set_main_option("script_location", str(HISTORY.folder))
    assert ScriptDirectory.from_config(config).get_current_head() == HISTORY.head


def test_a_migrated_file_is_left_alone_quickly(place):
    engine = open_database(place)
    migrate(engine)
    began = time.perf_counter()
    migrate(engine)
    assert time.perf_counter() - began < 0.2


def test_many_may_migrate_at_once(place):
    engines = [open_database(place) for _ in range(6)]
    threads = [threading.Thread(target=migrate, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with engines[0].connect() as connection:
        assert version(connection) == HISTORY.head
