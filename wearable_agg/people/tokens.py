"""Fresh access tokens: whoever comes first refreshes, everybody else waits for the outcome.

Vendors rotate refresh tokens, so two refreshes at once would break the link. The row's
`refreshing_until` is a lease across processes; a new token is stored before it is used.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, update

from config.settings import VendorApp
from safeguards.egress import Egress, EgressError
from safeguards.vault import Vault
from wearable_agg.people.accounts import ACTIVE, BROKEN, Account, account, seal_tokens, set_status
from wearable_agg.store.clock import now_micros, to_micros
from wearable_agg.store.database import writing
from wearable_agg.store.people_tables import vendor_accounts
from wearable_agg.vendors.protocol import LinkBroken, Tokens, Vendor, VendorDown, VendorError

EARLY = timedelta(seconds=30)
_LEASE = timedelta(seconds=20)
_WAIT_SECONDS = 0.05


class TokenDesk:
    """Hands out access tokens of one vendor's accounts."""

    def __init__(
        self, engine: Engine, vault: Vault, vendor: Vendor, app: VendorApp, http: Egress
    ) -> None:
        self._engine, self._vault = engine, vault
        self._vendor, self._app, self._http = vendor, app, http

    def tokens(self, account_id: int, refused_version: int | None = None) -> tuple[Tokens, int]:
        """Return tokens that are not about to expire, and their version.

        `refused_version` is a version that the vendor refused: a newer one is handed out. Raises
        LinkBroken, TryLater and VendorDown.
        """
        deadline = time.monotonic() + 2 * _LEASE.total_seconds()
        while time.monotonic() < deadline:
            current = self._read(account_id)
            if current.status == BROKEN:
                raise LinkBroken("the account must be linked again")
            fresh = current.expires_at - EARLY > datetime.now(UTC)
            if fresh and current.token_version != refused_version:
                return current.tokens(self._vault), current.token_version
            if self._lease(current):
                return self._refresh(current)
            time.sleep(_WAIT_SECONDS)
        raise VendorDown("another process has been refreshing the token for too long")

    def break_link(self, account_id: int) -> None:
        """Say that the person must link the account again, unless they have unlinked it."""
        with writing(self._engine) as connection:
            if account(connection, account_id).status == ACTIVE:
                set_status(connection, account_id, BROKEN)

    def _read(self, account_id: int) -> Account:
        with self._engine.connect() as connection:
            return account(connection, account_id)

    def _lease(self, current: Account) -> bool:
        now = now_micros()
        with writing(self._engine) as connection:
            leased = connection.execute(
                update(vendor_accounts)
                .where(
                    vendor_accounts.c.id == current.id,
                    vendor_accounts.c.token_version == current.token_version,
                    vendor_accounts.c.refreshing_until < now,
                )
                .values(refreshing_until=now + _LEASE // timedelta(microseconds=1))
            )
        return bool(leased.rowcount)

    def _refresh(self, current: Account) -> tuple[Tokens, int]:
        try:
            fresh = self._vendor.refresh(self._http, self._app, current.tokens(self._vault))
        except LinkBroken:
            self.break_link(current.id)
            raise
        except (VendorError, EgressError):
            self._give_back(current)
            raise
        return fresh, self._store(current, fresh)

    def _store(self, current: Account, fresh: Tokens) -> int:
        version = current.token_version + 1
        with writing(self._engine) as connection:
            connection.execute(
                update(vendor_accounts)
                .where(
                    vendor_accounts.c.id == current.id,
                    vendor_accounts.c.token_version == current.token_version,
                )
                .values(
                    tokens=seal_tokens(self._vault, current.tenant, current.vendor, fresh),
                    token_version=version,
                    expires_at=to_micros(fresh.expires_at),
                    refreshing_until=0,
                )
            )
        return version

    def _give_back(self, current: Account) -> None:
        with writing(self._engine) as connection:
            connection.execute(
                update(vendor_accounts)
                .where(vendor_accounts.c.id == current.id)
                .values(refreshing_until=0)
            )
