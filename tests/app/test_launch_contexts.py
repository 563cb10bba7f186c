from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
import structlog
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from app.contexts import ContextGone, Facts, HeldTokens, LaunchContext
from app.migrations import HISTORY, migrate
from app.running import configure_logging
from app.store import open_store
from app.tables import metadata
from safeguards.vault import Unreadable
from tests.app.conftest import Browser, Site
from tests.support.stub_ehr import StubEhr
from wearable_agg.store.database import open_database, writing

FACTS = Facts("https://e.example", "marit", "", "Practitioner/7", "Dr Ingrid Lind", True, "")
TOKENS = HeldTokens("canary-access", "canary-refresh", frozenset({"launch"}), 2**60)


@pytest.fixture
def context(site: Site) -> LaunchContext:
    session = site.parts.sessions.sign_in("", "stub", FACTS.user)
    return site.parts.contexts.create(session.id, "stub", FACTS, TOKENS)


@pytest.mark.threat("T15")
def test_a_context_is_found_by_its_own_session_only(site: Site, context: LaunchContext) -> None:
    contexts = site.parts.contexts
    assert contexts.find(context.id, context.session) == context
    for session in ("", "another", context.id):
        with pytest.raises(ContextGone):
            contexts.find(context.id, session)


def test_ids_are_long_and_never_the_same(site: Site, context: LaunchContext) -> None:
    create = site.parts.contexts.create
    ids = {create(context.session, "stub", FACTS, TOKENS).id for _ in range(20)}
    assert len(ids) == 20
    assert all(len(identifier) == 32 for identifier in ids)


def test_a_context_ends_after_a_quarter_of_an_hour_of_rest(
    site: Site, context: LaunchContext
) -> None:
    site.clock.pass_minutes(14)
    site.parts.contexts.used(context.id)
    site.clock.pass_minutes(14)
    assert site.parts.contexts.find(context.id, context.session)
    site.clock.pass_minutes(15)
    with pytest.raises(ContextGone):
        site.parts.contexts.find(context.id, context.session)


def test_a_context_ends_after_twelve_hours_however_busy(site: Site, context: LaunchContext) -> None:
    for _ in range(12 * 6 - 1):
        site.clock.pass_minutes(10)
        site.parts.contexts.used(context.id)
    assert site.parts.contexts.tokens(context.id)
    site.clock.pass_minutes(10)
    with pytest.raises(ContextGone):
        site.parts.contexts.tokens(context.id)


def test_ended_contexts_are_removed_by_the_next_launch(site: Site, context: LaunchContext) -> None:
    site.clock.pass_minutes(15)
    site.parts.contexts.create(context.session, "stub", FACTS, TOKENS)
    with site.parts.store.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM launch_contexts").scalar() == 1


def test_facts_and_tokens_cannot_be_moved_to_another_row(
    site: Site, context: LaunchContext
) -> None:
    other = site.parts.contexts.create(
        context.session, "stub", replace(FACTS, patient="jonas"), TOKENS
    )
    with site.parts.store.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE launch_contexts SET facts = (SELECT facts FROM launch_contexts WHERE id = ?)"
            " WHERE id = ?",
            (other.id, context.id),
        )
    with pytest.raises(Unreadable):
        site.parts.contexts.find(context.id, context.session)


def test_tokens_do_not_show_in_a_representation() -> None:
    assert "canary" not in repr(TOKENS)


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What the running role would write to its log."""
    configure_logging("web")
    written = StringIO()
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(file=written))
    yield written
    structlog.reset_defaults()


@pytest.mark.threat("T11")
def test_no_secret_stands_readable_anywhere(
    browser: Browser, ehr: StubEhr, tmp_path: Path, log: StringIO
) -> None:
    path = browser.launch()
    pages = [browser.get(path), browser.get("/c/_dash-layout"), browser.callback(path)]
    cookies = [cookie.value for cookie in browser.client._cookies.values()]
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert len(written) > 4096
    said = log.getvalue().encode()
    assert b"request failed" in said  # the callback asks for an output that is not there
    for secret in [*ehr.issued, *cookies, "Solheim", "Ingrid"]:
        assert secret.encode() not in written
        assert secret.encode() not in said
    shown = "".join(r.text + json.dumps(dict(r.headers)) for r in [*browser.seen, *pages])
    assert not any(token in shown for token in ehr.issued)


def test_the_database_is_for_its_owner_only(site: Site) -> None:
    assert site.settings.app_database.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("way", [HISTORY.create, HISTORY.upgrade], ids=["at once", "by steps"])
def test_an_empty_store_gets_the_tables_that_the_code_uses(
    tmp_path: Path, way: Callable[[Connection], None]
) -> None:
    engine = open_database(tmp_path / "app.db")
    with writing(engine) as connection:
        way(connection)
        migration = MigrationContext.configure(connection)
        assert compare_metadata(migration, metadata) == []
        assert migration.get_current_revision() == HISTORY.head


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    store = open_store(tmp_path / "app.db", tmp_path / "keys")
    migrate(store.engine)
    assert open_store(tmp_path / "app.db", tmp_path / "keys").engine
