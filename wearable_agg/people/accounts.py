"""Vendor accounts of persons, and their tokens, sealed at rest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, select, update

from safeguards.vault import Vault
from wearable_agg.people.registry import members, move_to_timezone, touch
from wearable_agg.store.clock import from_micros, now_micros, to_micros
from wearable_agg.store.people_tables import vendor_accounts
from wearable_agg.store.upserts import insert
from wearable_agg.vendors.protocol import Profile, Tokens

ACTIVE, BROKEN, UNLINKED = "active", "broken", "unlinked"


class AccountTaken(Exception):
    """This vendor account is linked to another person; two people cannot share one."""

    def __init__(self, vendor: str, owner: int) -> None:
        super().__init__(vendor)
        self.vendor, self.owner = vendor, owner


@dataclass(frozen=True, slots=True)
class Account:
    """A vendor account as it stands; `token_version` grows with every new token."""

    id: int
    tenant: str
    person_id: int
    vendor: str
    vendor_user_id: str
    status: str
    device: str
    timezone: ZoneInfo
    token_version: int
    expires_at: datetime
    sealed_tokens: bytes
    last_sync_at: datetime | None

    def tokens(self, vault: Vault) -> Tokens:
        """Unseal the tokens; raises safeguards.vault.Unreadable."""
        place = place_of_tokens(self.tenant, self.vendor, self.vendor_user_id)
        document = json.loads(vault.unseal(self.sealed_tokens, bound_to=place))
        return Tokens(
            access=document["access"],
            refresh=document["refresh"],
            expires_at=self.expires_at,
            scopes=tuple(document["scopes"]),
            vendor_user_id=self.vendor_user_id,
        )


def link(
    connection: Connection,
    vault: Vault,
    *,
    tenant: str,
    person_id: int,
    vendor: str,
    tokens: Tokens,
    profile: Profile,
) -> int:
    """Link a vendor account to a person, or link it anew; returns the account's id.

    The person's local days follow the account's time zone. Raises AccountTaken.
    """
    owner = connection.execute(
        select(vendor_accounts.c.person_id).where(
            vendor_accounts.c.vendor == vendor,
            vendor_accounts.c.vendor_user_id == tokens.vendor_user_id,
        )
    ).scalar()
    if owner not in (None, person_id):
        raise AccountTaken(vendor, int(owner))
    now = now_micros()
    values = {
        "status": ACTIVE,
        "device": profile.device,
        "timezone": profile.timezone,
        "tokens": seal_tokens(vault, tenant, vendor, tokens),
        "expires_at": to_micros(tokens.expires_at),
        "refreshing_until": 0,
        "linked_at": now,
        "next_poll_at": now,
    }
    key = {"vendor": vendor, "vendor_user_id": tokens.vendor_user_id}
    account_id = connection.execute(
        insert(vendor_accounts)
        .values(tenant=tenant, person_id=person_id, token_version=1, **key, **values)
        .on_conflict_do_update(
            index_elements=list(key),
            set_={**values, "token_version": vendor_accounts.c.token_version + 1},
        )
        .returning(vendor_accounts.c.id)
    ).scalar_one()
    move_to_timezone(connection, person_id, profile.timezone)
    return int(account_id)


def account(connection: Connection, account_id: int) -> Account:
    """Return one account; raises KeyError where there is none."""
    row = connection.execute(
        select(vendor_accounts).where(vendor_accounts.c.id == account_id)
    ).one_or_none()
    if row is None:
        raise KeyError(account_id)
    return _account(row)


def account_of_user(connection: Connection, vendor: str, vendor_user_id: str) -> Account | None:
    """Return the account that a vendor's user identifier names, or None."""
    row = connection.execute(
        select(vendor_accounts).where(
            vendor_accounts.c.vendor == vendor,
            vendor_accounts.c.vendor_user_id == vendor_user_id,
        )
    ).one_or_none()
    return _account(row) if row is not None else None


def accounts_of(connection: Connection, person_id: int) -> list[Account]:
    """Return the accounts of a person and of those merged into them, in the order of linking."""
    rows = connection.execute(
        select(vendor_accounts)
        .where(members(vendor_accounts.c.person_id, person_id))
        .order_by(vendor_accounts.c.id)
    )
    return [_account(row) for row in rows]


def set_status(connection: Connection, account_id: int, status: str) -> None:
    """Say that an account is active, broken (link anew) or unlinked at the vendor."""
    person_id = connection.execute(
        update(vendor_accounts)
        .where(vendor_accounts.c.id == account_id)
        .values(status=status)
        .returning(vendor_accounts.c.person_id)
    ).scalar_one()
    touch(connection, person_id)


def forget_tokens(connection: Connection, vault: Vault, account_id: int) -> None:
    """Keep nothing that could open an unlinked account; one that was linked anew is left alone."""
    known = account(connection, account_id)
    empty = Tokens("", "", known.expires_at, (), known.vendor_user_id)
    connection.execute(
        update(vendor_accounts)
        .where(vendor_accounts.c.id == account_id, vendor_accounts.c.status == UNLINKED)
        .values(tokens=seal_tokens(vault, known.tenant, known.vendor, empty))
    )


def seal_tokens(vault: Vault, tenant: str, vendor: str, tokens: Tokens) -> bytes:
    """Seal tokens for the row of their account."""
    document = {
        "access": tokens.access,
        "refresh": tokens.refresh,
        "scopes": list(tokens.scopes),
    }
    place = place_of_tokens(tenant, vendor, tokens.vendor_user_id)
    return vault.seal(json.dumps(document).encode(), bound_to=place)


def place_of_tokens(tenant: str, vendor: str, vendor_user_id: str) -> str:
    """Where an account's tokens are sealed for."""
    return f"{tenant}|vendor_accounts|tokens|{vendor}:{vendor_user_id}"


def _account(row: Row[tuple[object, ...]]) -> Account:
    known = row._mapping
    return Account(
        id=known["id"],
        tenant=known["tenant"],
        person_id=known["person_id"],
        vendor=known["vendor"],
        vendor_user_id=known["vendor_user_id"],
        status=known["status"],
        device=known["device"],
        timezone=ZoneInfo(known["timezone"]),
        token_version=known["token_version"],
        expires_at=from_micros(known["expires_at"]),
        sealed_tokens=known["tokens"],
        last_sync_at=(
            from_micros(known["last_sync_at"]) if known["last_sync_at"] is not None else None
        ),
    )
