"""Launches on their way through the EHR: each comes back once, within ten minutes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from sqlalchemy import delete, insert

from app.store import MINUTE, Store, hashed
from app.tables import pending_launches
from smart.authorization import Attempt
from wearable_agg.store.database import writing

LIFETIME = 10 * MINUTE


@dataclass(frozen=True, slots=True)
class PendingLaunch:
    """What must be known again at the callback."""

    tenant: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    errand: str = field(repr=False, default="")  # of the link pages, "" for a launch


@dataclass(frozen=True, slots=True)
class PendingLaunches:
    """Keeps attempts by the hash of their state, bound to one browser's own secret."""

    store: Store

    def keep(self, tenant: str, attempt: Attempt, browser: str, errand: str = "") -> None:
        """Keep an attempt; `browser` is the secret that this browser's cookie holds."""
        state_hash = hashed(attempt.state)
        known = {"nonce": attempt.nonce, "verifier": attempt.verifier, "errand": errand}
        inner = json.dumps(known).encode()
        place = place_of_secrets(tenant, state_hash)
        with writing(self.store.engine) as connection:
            connection.execute(
                delete(pending_launches).where(pending_launches.c.expires_at <= self.store.now())
            )
            connection.execute(
                insert(pending_launches).values(
                    state_hash=state_hash,
                    browser_hash=hashed(browser),
                    tenant=tenant,
                    secrets=self.store.vault.seal(inner, bound_to=place),
                    expires_at=self.store.now() + LIFETIME,
                )
            )

    def take(self, state: str, browser: str) -> PendingLaunch | None:
        """Return and forget the attempt; None where there is none, or another browser began it."""
        table = pending_launches
        with writing(self.store.engine) as connection:
            row = connection.execute(
                delete(table)
                .where(table.c.state_hash == hashed(state))
                .where(table.c.browser_hash == hashed(browser))
                .where(table.c.expires_at > self.store.now())
                .returning(table.c.state_hash, table.c.tenant, table.c.secrets)
            ).one_or_none()
        if row is None:
            return None
        place = place_of_secrets(row.tenant, row.state_hash)
        inner = json.loads(self.store.vault.unseal(row.secrets, bound_to=place))
        return PendingLaunch(row.tenant, inner["nonce"], inner["verifier"], inner.get("errand", ""))


def browser_cookie(state: str) -> str:
    """The name of the cookie that proves which browser began the launch with this state.

    One for each launch, so that frames opening side by side do not overwrite each other's.
    """
    return f"__Host-launch-{hashed(state)[:16]}"


def place_of_secrets(tenant: str, state_hash: str) -> str:
    """Where an attempt's secrets are sealed for."""
    return f"{tenant}|pending_launches|secrets|{state_hash}"
