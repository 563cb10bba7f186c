"""A PostgreSQL server of our own: from the distribution's programs, in a temporary folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

START_SECONDS = 30
_UNSAFE_BUT_QUICK = ("fsync=off", "full_page_writes=off")


class NoServer(Exception):
    """No PostgreSQL can be started here; the message says why."""


class Server:
    """A running server that listens on a Unix socket in its own folder only."""

    def __init__(self, folder: Path, user: str) -> None:
        self._folder, self._user = folder, user

    def url(self, database: str = "postgres") -> str:
        """The address of one of its databases."""
        return f"postgresql://{self._user}@/{database}?host={self._folder}"

    def new_database(self, template: str = "template0") -> str:
        """Make a database, as a copy of `template`; returns its address."""
        name = f"wristchart_{uuid.uuid4().hex}"
        command = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(command.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)


@contextmanager
def running_server(*, durable: bool) -> Iterator[Server]:
    """Start a server and stop it at the end; raises NoServer.

    Without `durable` nothing waits for the disk: right for tests, wrong for measurements.
    """
    programs = _programs()
    user = _user()
    memory = Path("/dev/shm")  # noqa: S108  # a folder of our own within it
    folder = Path(
        tempfile.mkdtemp(prefix="pg", dir=None if durable or not memory.exists() else memory)
    )
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, user)
        as_user = _as_user(user)
        made = ["--auth=trust", f"--username={user}", "--encoding=UTF8", "--locale=C"]
        quick = [] if durable else ["--no-sync"]
        data = folder / "data"
        initdb = [*as_user, str(programs / "initdb"), "-D", str(data), *made, *quick]
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder)
        with _serving(programs, folder, as_user, durable=durable):
            server = Server(folder, user)
            _wait_for(server)
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _serving(programs: Path, folder: Path, as_user: list[str], *, durable: bool) -> Iterator[None]:
    options = [f"unix_socket_directories={folder}", "listen_addresses=", "timezone=UTC"]
    options += () if durable else _UNSAFE_BUT_QUICK
    settings = [part for option in options for part in ("-c", option)]
    command = [*as_user, str(programs / "postgres"), "-D", str(folder / "data"), *settings]
    log = (folder / "log").open("wb")
    with log, subprocess.Popen(command, stdout=log, stderr=log, cwd=folder) as process:
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)  # "fast": open sessions are ended
            process.wait(START_SECONDS)


def _wait_for(server: Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(server.url()).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _programs() -> Path:
    """Find initdb and postgres of version 15 or newer, the newest first."""
    found = sorted(
        (folder for folder in Path("/usr/lib/postgresql").glob("*/bin") if _major(folder) >= 15),
        key=_major,
        reverse=True,
    )
    for folder in found:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoServer("no PostgreSQL 15 or newer: apt-get install postgresql")


def _major(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdigit() else 0


def _user() -> str:
    """Say as whom the server runs: PostgreSQL refuses to be run by root."""
    if os.geteuid() != 0:
        return subprocess.run(
            ["id", "-un"], check=True, capture_output=True, text=True
        ).stdout.strip()
    for name in ("postgres", "nobody"):
        if subprocess.run(["id", "-u", name], check=False, capture_output=True).returncode == 0:
            return name
    raise NoServer("PostgreSQL must not be run by root, and no other user is known")


def _as_user(user: str) -> list[str]:
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={user}", "--init-groups", f"--regid={_group(user)}"]


def _group(user: str) -> str:
    return subprocess.run(
        ["id", "-g", user], check=True, capture_output=True, text=True
    ).stdout.strip()
