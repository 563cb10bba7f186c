import threading
import time

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from wearable_agg.store import migrations
from wearable_agg.store.all_tables import metadata
from wearable_agg.store.database import open_database
from wearable_agg.store.migrations import HEAD, migrate, version


@pytest.fixture
def place(request, tmp_path):
    """An empty place: nothing is migrated yet."""
    if request.param == "sqlite":
        return tmp_path / "a.db"
    return request.getfixturevalue("postgresql").new_database()


def test_migrated_tables_are_the_declared_ones(place):
    engine = open_database(place)
    migrate(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_newest_revision_is_the_one_that_is_migrated_to():
    config = Config()
    config.set_main_option("script_location", migrations.__path__[0])
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


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
        assert version(connection) == HEAD
