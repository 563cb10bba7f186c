"""Opening app.db, and the secrets that stand in it as hashes only."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from app.migrations import migrate
from safeguards.vault import Vault
from wearable_agg.store.clock import now_micros
from wearable_agg.store.database import open_database

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE

Clock = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Store:
    """app.db with what is needed to read and write it; `now` gives microseconds."""

    engine: Engine
    vault: Vault
    now: Clock = now_micros


def open_store(database: Path, keys: Path, now: Clock = now_micros) -> Store:
    """Open the file, its tables brought up to date; it is readable by its owner only."""
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    database.touch(mode=0o600)
    engine = open_database(database)
    migrate(engine)
    return Store(engine, Vault.open(keys), now)


def new_secret() -> str:
    """256 random bits for a cookie or an address."""
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> str:
    """What is kept of a secret: enough to know it again."""
    return hashlib.sha256(secret.encode()).hexdigest()
