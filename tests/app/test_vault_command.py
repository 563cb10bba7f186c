"""Rotation and re-encryption of a site that goes on working."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import LargeBinary, select

from app.cli import main
from app.contexts import Facts, HeldTokens, LaunchContext, LaunchContexts
from app.pending import PendingLaunches
from app.sealed_columns import IN_APP, IN_ECG, IN_WEARABLES, seal_anew
from app.sessions import BrowserSessions
from app.store import Store, open_store
from app.tables import metadata as app_metadata
from smart.authorization import Attempt, new_attempt
from tests.support.backend import World, link_person, open_world
from wearable_agg.ecg.packing import packed
from wearable_agg.ecg.segments import place_of_segment
from wearable_agg.ecg.tables import metadata as ecg_metadata
from wearable_agg.ecg.tables import open_inbox, segments, sessions
from wearable_agg.intake import inbox
from wearable_agg.people.accounts import account
from wearable_agg.store.database import writing
from wearable_agg.store.intake_tables import inbox as inbox_table
from wearable_agg.store.metadata import metadata

FACTS = Facts("https://e.example", "marit", "", "Practitioner/7", "Dr Ingrid Lind", True, "")
TOKENS = HeldTokens("access", "refresh", frozenset({"launch"}), 2**60)
CONFIG = """data = "."
web = {host = "127.0.0.1", port = 1, url = "http://127.0.0.1:1"}
api = {host = "127.0.0.1", port = 2, url = "http://127.0.0.1:2"}
gateway = {host = "127.0.0.1", port = 3, url = "ws://127.0.0.1:3"}
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A backend with a linked account and a payload, at a site that has a settings file."""
    opened = open_world(tmp_path)
    link_person(opened)
    with writing(opened.engine) as connection:
        keep(opened, connection, b"payload")
    (tmp_path / "wristchart.toml").write_text(CONFIG)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def store(world: World) -> Store:
    return open_store(world.settings.app_database, world.settings.keys)


@pytest.fixture
def context(store: Store) -> LaunchContext:
    session = BrowserSessions(store).sign_in("", "sandbox", FACTS.user)
    return LaunchContexts(store).create(session.id, "sandbox", FACTS, TOKENS)


@pytest.fixture
def attempt(store: Store) -> Attempt:
    begun = new_attempt()
    PendingLaunches(store).keep("sandbox", begun, "browser")
    return begun


def keep(world: World, connection: object, raw: bytes) -> None:
    about = {"tenant": "sandbox", "vendor": "band", "account_id": 1, "kind": "steps"}
    inbox.keep(connection, world.vault, raw=raw, **about)  # type: ignore[arg-type]


def run(world: World, *command: str) -> Result:
    config = str(world.settings.data / "wristchart.toml")
    return CliRunner().invoke(main, ["--config", config, "vault", *command])


def payloads(world: World) -> list[bytes]:
    with world.engine.connect() as connection:
        return [each.raw for each in inbox.waiting(connection, world.vault, 10)]


def forget_all_but_the_newest(world: World) -> None:
    """What destroying the old keys would do."""
    path = world.settings.keys / "vault.json"
    document = json.loads(path.read_bytes())
    for tenant in document["tenants"].values():
        tenant["keys"] = {tenant["current"]: tenant["keys"][tenant["current"]]}
    path.write_text(json.dumps(document))


def test_after_reencryption_the_newest_keys_read_everything(
    world: World, store: Store, context: LaunchContext, attempt: Attempt
) -> None:
    assert run(world, "rotate").exit_code == 0
    done = run(world, "reencrypt")
    assert done.exit_code == 0, done.output
    forget_all_but_the_newest(world)
    again = open_store(world.settings.app_database, world.settings.keys)
    assert LaunchContexts(again).find(context.id, context.session).facts == FACTS
    assert LaunchContexts(again).tokens(context.id) == TOKENS
    assert PendingLaunches(again).take(attempt.state, "browser") is not None
    with world.engine.connect() as connection:
        assert account(connection, 1).tokens(again.vault).access
    world.vault = again.vault
    assert payloads(world) == [b"payload"]


def test_every_column_is_told_with_its_counts(
    world: World, context: LaunchContext, attempt: Attempt
) -> None:
    run(world, "rotate")
    told = run(world, "reencrypt").output.splitlines()
    assert told == [
        "launch_contexts.facts: 1 rows, 1 sealed anew, 0 unreadable",
        "launch_contexts.tokens: 1 rows, 1 sealed anew, 0 unreadable",
        "pending_launches.secrets: 1 rows, 1 sealed anew, 0 unreadable",
        "vendor_accounts.tokens: 1 rows, 1 sealed anew, 0 unreadable",
        "inbox.raw: 1 rows, 1 sealed anew, 0 unreadable",
        "imports.place: 0 rows, 0 sealed anew, 0 unreadable",
        "ecg_recordings.samples: 0 rows, 0 sealed anew, 0 unreadable",
        "answered_requests.answer: 0 rows, 0 sealed anew, 0 unreadable",
    ]
    assert "1 sealed anew" not in run(world, "reencrypt").output


def test_rewrapping_leaves_the_data_as_it_is(world: World, context: LaunchContext) -> None:
    before = world.rows("SELECT raw FROM inbox")
    assert "wrapped with a new key" in run(world, "rewrap").output
    assert run(world, "reencrypt").exit_code == 0
    assert world.rows("SELECT raw FROM inbox") == before


def test_show_tells_of_keys_and_no_key(world: World, context: LaunchContext) -> None:
    shown = run(world, "show").output
    assert shown.startswith("sandbox: 1 keys, newest ")
    wrapped = json.loads((world.settings.keys / "vault.json").read_bytes())["tenants"]["sandbox"]
    assert all(key["wrapped"] not in shown for key in wrapped["keys"].values())


def test_a_row_that_cannot_be_read_is_counted_and_left(world: World) -> None:
    with writing(world.engine) as connection:
        connection.exec_driver_sql("UPDATE inbox SET raw = ?", (os.urandom(60),))
    before = world.rows("SELECT raw FROM inbox")
    result = run(world, "reencrypt")
    assert "inbox.raw: 1 rows, 0 sealed anew, 1 unreadable" in result.output
    assert result.exit_code == 1
    assert world.rows("SELECT raw FROM inbox") == before


def test_a_value_changed_meanwhile_is_not_overwritten(world: World) -> None:
    run(world, "rotate")
    [column] = [each for each in IN_WEARABLES if str(each.column) == "inbox.raw"]
    newer = world.vault.seal(b"newer", bound_to="sandbox|inbox|raw|x")
    seal, changed = world.vault.seal, []

    def change_first(plaintext: bytes, *, bound_to: str) -> bytes:
        with writing(world.engine) as connection:
            connection.exec_driver_sql("UPDATE inbox SET raw = ?", (newer,))
        changed.append(bound_to)
        return seal(plaintext, bound_to=bound_to)

    world.vault.seal = change_first  # type: ignore[method-assign]
    list(seal_anew(world.engine, world.vault, column))
    assert changed
    assert world.rows("SELECT raw FROM inbox") == [(newer,)]


def test_progress_counts_up_batch_by_batch(world: World) -> None:
    with writing(world.engine) as connection:
        for number in range(450):
            keep(world, connection, b"payload %d" % number)
    world.vault.ring.rotate()
    steps = list(seal_anew(world.engine, world.vault, IN_WEARABLES[1]))
    assert [(step.seen, step.sealed, step.total) for step in steps] == [
        (200, 200, 451),
        (400, 400, 451),
        (451, 451, 451),
    ]


def test_a_payload_sealed_before_tenants_had_keys_is_read_and_moved(world: World) -> None:
    with world.engine.connect() as connection:
        row = connection.execute(select(inbox_table)).one()
    here, earlier = inbox.places_of_payload(row.tenant, row.key)
    plain = world.vault.unseal(row.raw, bound_to=here)
    with writing(world.engine) as connection:
        old = world.vault.seal(plain, bound_to=earlier)
        connection.execute(inbox_table.update().values(raw=old))
    assert payloads(world) == [b"payload"]
    assert "1 sealed anew" in run(world, "reencrypt").output
    assert payloads(world) == [b"payload"]


def test_ecg_from_before_it_was_sealed_is_sealed(world: World) -> None:
    samples = packed(np.arange(250, dtype=np.int16))
    ecg = open_inbox(world.settings.ecg_database)
    session = {"session": "s", "tenant": "sandbox", "issuer": "i", "patient_id": "p", "gain": 1.0}
    device = dict.fromkeys(("vendor", "model", "serial", "firmware"), "") | {"leads": "I"}
    clock = {"nominal_rate": 250.0, "rate": 250.0, "clock_offset": 0, "opened_at": 0}
    where = {"session": 1, "lead": 0, "first_sequence": 0, "start": 0, "end": 1, "received_at": 0}
    form = {"rate": 250.0, "frame_length": 250, "length": 250, "checksum": 0, "gap_before": False}
    with writing(ecg) as connection:
        connection.execute(sessions.insert().values(**session, **device, **clock))
        connection.execute(segments.insert().values(**where, **form, samples=samples))
    assert "segments.samples: 1 rows, 1 sealed anew" in run(world, "reencrypt").output
    assert "segments.samples: 1 rows, 0 sealed anew" in run(world, "reencrypt").output
    with ecg.connect() as connection:
        sealed = connection.execute(select(segments.c.samples)).scalar_one()
    place = place_of_segment("sandbox", "s", 0, 0)
    assert world.vault.unseal(sealed, bound_to=place) == samples
    ecg.dispose()


def test_every_column_of_bytes_is_sealed_anew_but_those_that_are_not_sealed() -> None:
    stored = {
        str(column)
        for tables in (app_metadata, metadata, ecg_metadata)
        for table in tables.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    listed = {str(each.column) for each in (*IN_APP, *IN_WEARABLES, *IN_ECG)}
    evidence = {"strips.samples", "tachograms.beats"}
    assert stored - listed == evidence | {"engine_checkpoints.state", "frames.counts"}
