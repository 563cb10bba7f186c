"""Fixtures and rules for all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
import structlog

from tests.support.places import chromium, shared_data
from tests.support.postgresql import NoServer, Server, running_server
from wearable_agg.store.database import open_database
from wearable_agg.store.migrations import migrate

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# A busy machine is slow, not wrong: no test fails for the time that one example takes.
hypothesis.settings.register_profile("short", deadline=None, max_examples=30)
hypothesis.settings.register_profile("long", deadline=None, max_examples=200)

ON_BOTH_DATABASES = {
    "test_backend_on_postgresql.py",
    "test_commits.py",
    "test_database.py",
    "test_migrations.py",
    "test_outbox.py",
    "test_processing.py",
    "test_tokens.py",
    "test_upsert.py",
    "test_wakefulness.py",
}
"""Test files whose stores live once in SQLite and once in PostgreSQL."""


def _missing(what: str) -> None:
    """Skip, saying what is missing; in CI that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def records() -> Path:
    """The folder of annotated ECG records."""
    folder = shared_data()
    if folder is None:
        _missing("no annotated records: set WRISTCHART_SHARED_DATA")
        raise AssertionError
    return folder / "ecg"


@pytest.fixture(scope="session")
def chrome() -> Iterator[Browser]:
    """A headless Chromium; Playwright allows one in a process."""
    from playwright.sync_api import sync_playwright

    executable = chromium()
    if executable is None:
        _missing("no Chromium: apt-get install chromium, or set CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def browser(chrome: Browser) -> Browser:
    """The same Chromium, where no test client goes by this name."""
    return chrome


def pytest_configure(config: pytest.Config) -> None:
    """Set how many examples of a property are tried, and how logged errors are written."""
    in_plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], in_plain])
    short = "not long" in config.option.markexpr
    hypothesis.settings.load_profile("short" if short else "long")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what is about the store itself on each database, unless a test chooses its own."""
    chosen = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")]
    file = Path(metafunc.module.__file__ or "").name
    if "place" in metafunc.fixturenames and "place" not in chosen and file in ON_BOTH_DATABASES:
        metafunc.parametrize("place", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server of this test process."""
    try:
        with running_server(durable=False) as server:
            yield server
    except NoServer as error:
        _missing(str(error))


@pytest.fixture(scope="session")
def migrated(postgresql: Server) -> str:
    """The name of a database that has every table, to make copies of."""
    address = postgresql.new_database()
    engine = open_database(address)
    migrate(engine)
    engine.dispose()
    return engine.url.database or ""


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """A store's place for `open_database`: no file yet, or a database that has its tables."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return tmp_path / "wearables.db"
    server: Server = request.getfixturevalue("postgresql")
    return server.new_database(template=request.getfixturevalue("migrated"))
