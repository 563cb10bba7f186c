"""Sessions of patients who proved who they are: a cookie on one side, its hash on the other."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, delete, select

from wearable_agg.people.hashes import TOKEN_BYTES, hashed
from wearable_agg.store.clock import now_micros
from wearable_agg.store.people_tables import patient_sessions

SESSION_LIFE = timedelta(hours=1)
BY_BIRTH_DATE, BY_EHR = "birth-date", "ehr"
_MICROSECOND = timedelta(microseconds=1)


class SessionEnded(Exception):
    """There is no such session any more: the patient has to prove anew who they are."""


@dataclass(frozen=True, slots=True)
class PatientSession:
    """A patient at their own page; who invited them is "" where they came by themselves."""

    token_hash: str
    tenant: str
    person_id: int
    proof: str
    invited_by: str
    invited_by_name: str


def begin_session(
    connection: Connection,
    tenant: str,
    person_id: int,
    proof: str,
    invited_by: str = "",
    invited_by_name: str = "",
) -> str:
    """Begin a session for a person who proved who they are; returns the cookie's secret."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    now = now_micros()
    connection.execute(delete(patient_sessions).where(patient_sessions.c.expires_at < now))
    connection.execute(
        patient_sessions.insert().values(
            token_hash=hashed(token),
            tenant=tenant,
            person_id=person_id,
            proof=proof,
            invited_by=invited_by,
            invited_by_name=invited_by_name,
            created_at=now,
            expires_at=now + SESSION_LIFE // _MICROSECOND,
        )
    )
    return token


def find_session(connection: Connection, token: str) -> PatientSession:
    """Return the live session of a cookie; raises SessionEnded."""
    row = connection.execute(
        select(patient_sessions).where(
            patient_sessions.c.token_hash == hashed(token),
            patient_sessions.c.expires_at > now_micros(),
        )
    ).one_or_none()
    if row is None:
        raise SessionEnded
    return PatientSession(
        row.token_hash,
        row.tenant,
        row.person_id,
        row.proof,
        row.invited_by,
        row.invited_by_name,
    )


def end_session(connection: Connection, session: PatientSession) -> None:
    """End a session at once."""
    connection.execute(
        delete(patient_sessions).where(patient_sessions.c.token_hash == session.token_hash)
    )
