import threading
import time

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from wearable_agg.store import migrations
from wearable_agg.store.all_tables import metadata
from wearable_agg.store.database import open_database
from wearable_agg.store.migrations import HEAD, migrate, version


def test_migrated_tables_are_the_declared_ones(tmp_path):
    engine = open_database(tmp_path / "a.db")
    migrate(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_newest_revision_is_the_one_that_is_migrated_to():
    config = Config()
    config.set_main_option("script_location", migrations.__path__[0])
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_a_migrated_file_is_left_alone_quickly(tmp_path):
    engine = open_database(tmp_path / "a.db")
    migrate(engine)
    began = time.perf_counter()
    migrate(engine)
    assert time.perf_counter() - began < 0.2


def test_many_may_migrate_at_once(tmp_path):
    engines = [open_database(tmp_path / "a.db") for _ in range(6)]
    threads = [threading.Thread(target=migrate, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with engines[0].connect() as connection:
        assert version(connection) == HEAD
