"""A commit is seen by whoever asks, whoever made it; nothing else is."""

import pytest
from sqlalchemy import text

from wearable_agg.store.commits import Commits
from wearable_agg.store.database import open_database, writing


@pytest.fixture
def mine(place):
    engine = open_database(place)
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE n (value INTEGER)"))
    yield engine
    engine.dispose()


@pytest.fixture
def theirs(place, mine):
    """The same store, as another process has it open."""
    engine = open_database(place)
    yield engine
    engine.dispose()


def write(engine):
    with writing(engine) as connection:
        connection.execute(text("INSERT INTO n VALUES (1)"))


def test_somebody_elses_commit_is_seen_once(mine, theirs):
    with Commits(mine) as commits:
        assert not commits.have_come()
        write(theirs)
        assert commits.have_come()
        assert not commits.have_come()


def test_our_own_commit_is_seen_as_well(mine):
    with Commits(mine) as commits:
        write(mine)
        assert commits.have_come()


def test_a_transaction_that_came_to_nothing_is_no_commit(mine, theirs):
    with Commits(mine) as commits:
        with writing(theirs) as connection:
            connection.execute(text("SELECT value FROM n"))
        assert not commits.have_come()
