"""Authorization codes and tokens: what both vendors have in common."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.vendors.world import World


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person allowed an app to do."""

    vendor: str
    client_id: str
    user: str
    scope: str
    id: str

    @property
    def scopes(self) -> frozenset[str]:
        """Return the granted scopes, however the vendor writes them."""
        return frozenset(self.scope.replace(",", " ").split())


def grant_of(row: sqlite3.Row) -> Grant:
    """Read the grant in a code's or a token's row."""
    return Grant(row["vendor"], row["client_id"], row["user"], row["scope"], row["grant_id"])


def new_code(
    world: World, grant: Grant, redirect_uri: str, seconds: float, challenge: str, offline: bool
) -> str:
    """Issue a single-use code."""
    code = secrets.token_urlsafe(24)
    world.store.execute(
        "INSERT INTO codes (code, vendor, client_id, user, redirect_uri, scope, challenge, offline,"
        " expires, grant_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(code, grant.vendor, grant.client_id, grant.user, redirect_uri, grant.scope, challenge),
        *(offline, world.clock() + seconds, grant.id),
    )
    return code


def redeem_code(world: World, vendor: str, client_id: str, code: str) -> sqlite3.Row | None:
    """Use a code up and return its row; None where it is unknown or expired.

    A code that comes a second time also ends the grant it gave, as RFC 6749 section 4.1.2 advises.
    """
    row = world.store.row(
        "SELECT * FROM codes WHERE code = ? AND vendor = ? AND client_id = ?",
        *(code, vendor, client_id),
    )
    if row is None or row["expires"] < world.clock():
        return None
    if not world.store.execute("UPDATE codes SET used = 1 WHERE code = ? AND used = 0", code):
        end_grant(world, row["grant_id"])
        return None
    return row


def new_token(world: World, grant: Grant, kind: str, seconds: float, replaces: str = "") -> str:
    """Issue an access or refresh token."""
    token = secrets.token_urlsafe(30)
    world.store.execute(
        "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(token, grant.vendor, kind, grant.client_id, grant.user, grant.scope),
        *(world.clock() + seconds, grant.id, replaces),
    )
    return token


def token_row(world: World, vendor: str, kind: str, token: str) -> sqlite3.Row | None:
    """Return a valid token's row, or None."""
    return world.store.row(
        "SELECT * FROM tokens WHERE token = ? AND vendor = ? AND kind = ? AND expires > ?",
        *(token, vendor, kind, world.clock()),
    )


def end_grant(world: World, grant_id: str) -> None:
    """Make every token of a grant worthless."""
    world.store.execute("DELETE FROM tokens WHERE grant_id = ?", grant_id)


def linked_users(world: World, vendor: str) -> dict[str, frozenset[str]]:
    """Return the users with a living grant at a vendor, each with the scopes granted."""
    rows = world.store.rows(
        "SELECT * FROM tokens WHERE vendor = ? AND kind = 'refresh' AND expires > ?",
        *(vendor, world.clock()),
    )
    found: dict[str, frozenset[str]] = {}
    for grant in map(grant_of, rows):
        found[grant.user] = found.get(grant.user, frozenset()) | grant.scopes
    return found


def bearer(header: str | None) -> str:
    """Return the token of an Authorization header, empty where there is none."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def joined(scopes: Sequence[str], allowed: Sequence[str], separator: str) -> str:
    """Return the scopes that are both asked for and allowed, in the order asked."""
    return separator.join(scope for scope in scopes if scope in allowed)
