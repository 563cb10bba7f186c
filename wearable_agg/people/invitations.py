"""Invitations to share wearable data, and the proof by date of birth and code.

Tokens are stored as hashes only: who reads the database cannot use them. Nor can the date of birth
and the code be guessed from it, for they are hashed together with the token.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from wearable_agg.people.hashes import TOKEN_BYTES, hashed
from wearable_agg.store.clock import from_micros, now_micros, to_micros
from wearable_agg.store.people_tables import invitations

INVITATION_LIFE = timedelta(minutes=30)
MOST_TRIES = 5
BETWEEN_TRIES = timedelta(seconds=1)
_CODES = 1_000_000
_MICROSECOND = timedelta(microseconds=1)


class InvitationRefused(Exception):
    """The invitation is unknown, used, expired or locked; the care team can make a new one."""


class WrongProof(Exception):
    """Date of birth or code are not the invited person's; `left` more tries are allowed."""

    def __init__(self, left: int) -> None:
        super().__init__(f"{left} tries left")
        self.left = left


class TooFast(Exception):
    """The last try was moments ago: wait, then try again."""


@dataclass(frozen=True, slots=True)
class Made:
    """A new invitation; neither its token nor its code is kept. `code` is "" without a proof."""

    token: str
    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation that can still be used; `by_birth_date` says that it came with a code."""

    token_hash: str
    tenant: str
    person_id: int
    invited_by: str
    invited_by_name: str
    expires_at: datetime
    by_birth_date: bool


def invite(
    connection: Connection,
    tenant: str,
    person_id: int,
    invited_by: str,
    invited_by_name: str,
    birth_date: date | None = None,
) -> Made:
    """Make an invitation; with the date of birth, it can be used by who knows that and the code."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    code = f"{secrets.randbelow(_CODES):06d}" if birth_date is not None else ""
    now = now_micros()
    expires_at = from_micros(now) + INVITATION_LIFE
    connection.execute(
        invitations.insert().values(
            token_hash=hashed(token),
            tenant=tenant,
            person_id=person_id,
            invited_by=invited_by,
            invited_by_name=invited_by_name,
            created_at=now,
            expires_at=to_micros(expires_at),
            proof_hash=birth_date and _proof(token, birth_date.isoformat(), code),
        )
    )
    return Made(token, code, expires_at)


def open_invitation(connection: Connection, token: str) -> Invitation:
    """Return the invitation behind a token; raises InvitationRefused."""
    return invitation_called(connection, hashed(token))


def invitation_called(connection: Connection, token_hash: str) -> Invitation:
    """Return the invitation whose token has this hash; raises InvitationRefused."""
    row = _live(connection, token_hash)
    if row.tries >= MOST_TRIES:
        raise InvitationRefused("locked after wrong answers")
    return _invitation(row)


def known_invitation(connection: Connection, token: str) -> Invitation:
    """Return an invitation that may be locked by now; raises InvitationRefused otherwise."""
    return _invitation(_live(connection, hashed(token)))


def count_try(connection: Connection, token: str) -> None:
    """Count a try at the proof, in a transaction of its own, before it is looked at.

    So many tries at once count as many. Raises InvitationRefused, and TooFast, which is not
    counted.
    """
    open_invitation(connection, token)
    now = now_micros()
    counted = connection.execute(
        update(invitations)
        .where(
            invitations.c.token_hash == hashed(token),
            invitations.c.tried_at <= now - BETWEEN_TRIES // _MICROSECOND,
            invitations.c.tries < MOST_TRIES,
        )
        .values(tries=invitations.c.tries + 1, tried_at=now)
    )
    if not counted.rowcount:
        raise TooFast


def check_proof(connection: Connection, token: str, birth_date: str, code: str) -> Invitation:
    """Use the invitation up for who knows the date of birth (YYYY-MM-DD) and the code.

    A right answer on the last try counts. Raises InvitationRefused and WrongProof. Takes the same
    time for every wrong answer.
    """
    row = _live(connection, hashed(token))
    given = _proof(token, birth_date.strip(), code.strip())
    if not hmac.compare_digest(given, row.proof_hash or ""):
        raise WrongProof(MOST_TRIES - row.tries)
    invitation = _invitation(row)
    use_up(connection, invitation)
    return invitation


def use_up(connection: Connection, invitation: Invitation) -> None:
    """Close the invitation once its person is known; raises InvitationRefused if it was closed."""
    closed = connection.execute(
        update(invitations)
        .where(invitations.c.token_hash == invitation.token_hash, invitations.c.used_at.is_(None))
        .values(used_at=now_micros())
    )
    if not closed.rowcount:
        raise InvitationRefused("used")


def _live(connection: Connection, token_hash: str) -> Row[Any]:
    row = connection.execute(
        select(invitations).where(invitations.c.token_hash == token_hash)
    ).one_or_none()
    if row is None or row.used_at is not None or row.expires_at <= now_micros():
        raise InvitationRefused("unknown, used or expired")
    return row


def _invitation(row: Row[Any]) -> Invitation:
    return Invitation(
        token_hash=row.token_hash,
        tenant=row.tenant,
        person_id=row.person_id,
        invited_by=row.invited_by,
        invited_by_name=row.invited_by_name,
        expires_at=from_micros(row.expires_at),
        by_birth_date=row.proof_hash is not None,
    )


def _proof(token: str, birth_date: str, code: str) -> str:
    return hashed(f"{token}|{birth_date}|{code}")
