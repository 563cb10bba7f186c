"""Visits of a browser to somebody else's sign-in: each comes back once, to where it left.

One secret travels in the address, one stays in the browser's cookie; both are kept as hashes.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, delete, update

from wearable_agg.people.hashes import TOKEN_BYTES, hashed
from wearable_agg.store.clock import now_micros
from wearable_agg.store.people_tables import link_states

STATE_LIFE = timedelta(minutes=10)
_MICROSECOND = timedelta(microseconds=1)


class StateRefused(Exception):
    """The answer belongs to no round trip that this browser began, or comes again or too late."""


@dataclass(frozen=True, slots=True)
class Traveller:
    """On whose behalf a browser left: an invitation not yet used, or a person already known."""

    tenant: str
    invitation_hash: str | None = None
    person_id: int | None = None


def begin_round_trip(
    connection: Connection, traveller: Traveller, destination: str, browser: str
) -> str:
    """Remember that a browser leaves for `destination`; returns the state to send along.

    `browser` is a secret that its cookie holds.
    """
    state = secrets.token_urlsafe(TOKEN_BYTES)
    now = now_micros()
    connection.execute(delete(link_states).where(link_states.c.expires_at < now))
    connection.execute(
        link_states.insert().values(
            state_hash=hashed(state),
            tenant=traveller.tenant,
            invitation_hash=traveller.invitation_hash,
            person_id=traveller.person_id,
            destination=destination,
            browser_hash=hashed(browser),
            expires_at=now + STATE_LIFE // _MICROSECOND,
        )
    )
    return state


def end_round_trip(connection: Connection, destination: str, state: str, browser: str) -> Traveller:
    """Use up the state with which a browser comes back; raises StateRefused."""
    now = now_micros()
    row = connection.execute(
        update(link_states)
        .where(
            link_states.c.state_hash == hashed(state),
            link_states.c.browser_hash == hashed(browser),
            link_states.c.destination == destination,
            link_states.c.used_at.is_(None),
            link_states.c.expires_at > now,
        )
        .values(used_at=now)
        .returning(link_states.c.tenant, link_states.c.invitation_hash, link_states.c.person_id)
    ).one_or_none()
    if row is None:
        raise StateRefused(destination)
    return Traveller(*row)
