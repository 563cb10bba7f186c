"""Companion apps on patients' phones: each pushes under a token of its own.

An app is an account of its vendor whose name there is the token's keyed hash: who reads the
database can neither use a token nor tell whether one that they guess is somebody's.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, update

from safeguards.files import read_or_create
from safeguards.vault import Vault
from wearable_agg.people import accounts
from wearable_agg.people.accounts import ACTIVE, Account
from wearable_agg.people.hashes import TOKEN_BYTES
from wearable_agg.people.registry import timezone_of
from wearable_agg.store.clock import now_micros
from wearable_agg.store.people_tables import vendor_accounts
from wearable_agg.vendors.protocol import Profile, Tokens

_KEY_FILE = "device-tokens.key"
_KEY_BYTES = 32


class DeviceTokens:
    """Issues and knows again the tokens of devices; its key never leaves the site."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def open(cls, keys: Path) -> DeviceTokens:
        """Open the site's key; it is made on first use, readable by its owner only."""
        return cls(read_or_create(keys / _KEY_FILE, lambda: os.urandom(_KEY_BYTES)))

    def issue(
        self,
        connection: Connection,
        vault: Vault,
        *,
        tenant: str,
        person_id: int,
        vendor: str,
        device: str,
    ) -> tuple[str, int]:
        """Link a device to a person; returns its token, which is not kept, and the account's id."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        nothing_to_fetch_with = Tokens("", "", datetime.now(UTC), (), self._kept(token))
        account_id = accounts.link(
            connection,
            vault,
            tenant=tenant,
            person_id=person_id,
            vendor=vendor,
            tokens=nothing_to_fetch_with,
            profile=Profile(timezone_of(connection, person_id).key, device),
        )
        return token, account_id

    def owner(self, connection: Connection, vendor: str, token: str) -> Account | None:
        """Return the account that a token was issued for; None where it is unknown or ended."""
        found = accounts.account_of_user(connection, vendor, self._kept(token))
        return found if found is not None and found.status == ACTIVE else None

    def _kept(self, token: str) -> str:
        return hmac.digest(self._key, token.encode(), hashlib.sha256).hex()


def heard_from(connection: Connection, account_id: int) -> None:
    """Note that a device has just pushed, in the caller's write transaction."""
    connection.execute(
        update(vendor_accounts)
        .where(vendor_accounts.c.id == account_id)
        .values(last_sync_at=now_micros())
    )
