from __future__ import annotations

import multiprocessing
import random
import sqlite3
import time
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from safeguards.vault import Unreadable, Vault

PROCESSES = multiprocessing.get_context("spawn")
TENANTS = ("a", "b", "c")
WRITERS = 3


def place(tenant: str, row: int) -> str:
    return f"{tenant}|rows|value|{row}"


def write(folder: Path, first: int, count: int) -> None:
    """Seal rows one by one with one vault, as a role does that is never restarted."""
    vault, database = Vault.open(folder / "keys"), sqlite3.connect(folder / "rows.db", timeout=30)
    for row in range(first, first + count):
        tenant = TENANTS[row % len(TENANTS)]
        sealed = vault.seal(f"value {row}".encode(), bound_to=place(tenant, row))
        with database:
            database.execute("INSERT INTO rows VALUES (?, ?, ?)", (row, tenant, sealed))
        time.sleep(0.002)


def read(folder: Path, done: Event, unreadable: multiprocessing.Queue[int]) -> None:
    """Unseal rows at random until told to stop, with one vault."""
    vault, database = Vault.open(folder / "keys"), sqlite3.connect(folder / "rows.db", timeout=30)
    while not done.is_set():
        query = "SELECT * FROM rows WHERE id >= ? ORDER BY id LIMIT 20"
        for row, tenant, sealed in database.execute(query, (random.randrange(12_000),)):  # noqa: S311
            if not readable(vault, row, tenant, sealed):
                unreadable.put(row)


def readable(vault: Vault, row: int, tenant: str, sealed: bytes) -> bool:
    try:
        return vault.unseal(sealed, bound_to=place(tenant, row)) == f"value {row}".encode()
    except Unreadable:
        return False


@pytest.mark.threat("T33")
@pytest.mark.parametrize(
    "rows", [1_500, pytest.param(12_000, marks=[pytest.mark.long, pytest.mark.timeout(300)])]
)
def test_keys_rotate_every_100_ms_under_running_processes_and_every_row_is_read(
    tmp_path: Path, rows: int
) -> None:
    database = sqlite3.connect(tmp_path / "rows.db")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, tenant TEXT, value BLOB)")
    done, unreadable = PROCESSES.Event(), PROCESSES.Queue()
    share = rows // WRITERS
    writers = [
        PROCESSES.Process(target=write, args=(tmp_path, share * each, share))
        for each in range(WRITERS)
    ]
    reader = PROCESSES.Process(target=read, args=(tmp_path, done, unreadable))
    for process in (*writers, reader):
        process.start()
    await_first_row(database)
    rotations = rotate_while_running(tmp_path / "keys", writers)
    done.set()
    for process in (*writers, reader):
        process.join(30)
    assert [process.exitcode for process in (*writers, reader)] == [0] * (WRITERS + 1)
    assert rotations >= 5
    assert unreadable.empty()
    vault, kept = Vault.open(tmp_path / "keys"), list(database.execute("SELECT * FROM rows"))
    assert len(kept) == rows
    assert all(readable(vault, *row) for row in kept)
    assert len({sealed[:9] for _, _, sealed in kept}) > rotations


def await_first_row(database: sqlite3.Connection) -> None:
    """Wait until a writer is past its start: a rotation before that reaches no row."""
    while not database.execute("SELECT count(*) FROM rows").fetchone()[0]:
        time.sleep(0.01)


def rotate_while_running(keys: Path, writers: list[multiprocessing.process.BaseProcess]) -> int:
    """Rotate, and every third time rewrap too, until the writers are through."""
    vault, rotations = Vault.open(keys), 0
    while any(writer.is_alive() for writer in writers):
        vault.ring.rotate()
        rotations += 1
        if rotations % 3 == 0:
            vault.ring.rewrap()
        time.sleep(0.1)
    return rotations
