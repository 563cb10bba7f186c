"""Invitations to link a wearable, and the single-use states of the vendor's consent round trip.

Tokens and states are stored as hashes only: who reads the database cannot use them.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from wearable_agg.store.clock import from_micros, now_micros, to_micros
from wearable_agg.store.people_tables import invitations, link_states

INVITATION_LIFE = timedelta(minutes=30)
STATE_LIFE = timedelta(minutes=10)
_TOKEN_BYTES = 24


class InvitationRefused(Exception):
    """The invitation is unknown, used or expired; the care team can make a new one."""


class StateRefused(Exception):
    """The answer belongs to no round trip that this browser began, or comes again or too late."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation that can still be used."""

    token_hash: str
    tenant: str
    person_id: int
    invited_by: str
    invited_by_name: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """The secrets of one visit to a vendor: one travels in the address, one stays in a cookie."""

    state: str
    browser: str


def invite(
    connection: Connection, tenant: str, person_id: int, invited_by: str, invited_by_name: str
) -> tuple[str, datetime]:
    """Make an invitation; returns its token, which is not kept, and when it expires."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    now = now_micros()
    expires_at = from_micros(now) + INVITATION_LIFE
    connection.execute(
        invitations.insert().values(
            token_hash=_hash(token),
            tenant=tenant,
            person_id=person_id,
            invited_by=invited_by,
            invited_by_name=invited_by_name,
            created_at=now,
            expires_at=to_micros(expires_at),
        )
    )
    return token, expires_at


def open_invitation(connection: Connection, token: str) -> Invitation:
    """Return the invitation behind a token; raises InvitationRefused."""
    return _invitation(connection, _hash(token))


def begin_round_trip(connection: Connection, invitation: Invitation, vendor: str) -> RoundTrip:
    """Remember that a browser leaves for the vendor's consent page."""
    trip = RoundTrip(secrets.token_urlsafe(_TOKEN_BYTES), secrets.token_urlsafe(_TOKEN_BYTES))
    connection.execute(delete(link_states).where(link_states.c.expires_at < now_micros()))
    connection.execute(
        link_states.insert().values(
            state_hash=_hash(trip.state),
            tenant=invitation.tenant,
            invitation_hash=invitation.token_hash,
            vendor=vendor,
            browser_hash=_hash(trip.browser),
            expires_at=now_micros() + STATE_LIFE // timedelta(microseconds=1),
        )
    )
    return trip


def end_round_trip(connection: Connection, vendor: str, trip: RoundTrip) -> Invitation:
    """Use up the state with which a browser comes back.

    Raises StateRefused, and InvitationRefused where the invitation went out meanwhile.
    """
    now = now_micros()
    invitation_hash = connection.execute(
        update(link_states)
        .where(
            link_states.c.state_hash == _hash(trip.state),
            link_states.c.browser_hash == _hash(trip.browser),
            link_states.c.vendor == vendor,
            link_states.c.used_at.is_(None),
            link_states.c.expires_at > now,
        )
        .values(used_at=now)
        .returning(link_states.c.invitation_hash)
    ).scalar()
    if invitation_hash is None:
        raise StateRefused(vendor)
    return _invitation(connection, invitation_hash)


def use_up(connection: Connection, invitation: Invitation) -> None:
    """Close the invitation after a vendor is linked; raises InvitationRefused if it was closed."""
    closed = connection.execute(
        update(invitations)
        .where(invitations.c.token_hash == invitation.token_hash, invitations.c.used_at.is_(None))
        .values(used_at=now_micros())
    )
    if not closed.rowcount:
        raise InvitationRefused("used")


def _invitation(connection: Connection, token_hash: str) -> Invitation:
    row = connection.execute(
        select(invitations).where(invitations.c.token_hash == token_hash)
    ).one_or_none()
    if row is None or row.used_at is not None or row.expires_at <= now_micros():
        raise InvitationRefused("unknown, used or expired")
    return Invitation(
        row.token_hash,
        row.tenant,
        row.person_id,
        row.invited_by,
        row.invited_by_name,
        from_micros(row.expires_at),
    )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
