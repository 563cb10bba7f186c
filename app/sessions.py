"""Browser sessions: a cookie on one side, a row with its hash on the other."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.sql import ColumnElement

from app.store import HOUR, MINUTE, SECOND, Store, hashed, new_secret
from app.tables import browser_sessions as table
from wearable_agg.store.database import writing

LIFETIME = 12 * HOUR
BEFORE_SIGN_IN = 10 * MINUTE
ROTATION_GRACE = 60 * SECOND
NOBODY = ("", "")  # tenant and user before the first sign-in


@dataclass(frozen=True, slots=True)
class Session:
    """A session; `cookie` is the new cookie to set, None where the browser's own stays."""

    id: str
    cookie: str | None


@dataclass(frozen=True, slots=True)
class BrowserSessions:
    """Which browser is whose: twelve hours after a sign-in, ten minutes before the first."""

    store: Store

    def find(self, cookie: str) -> str | None:
        """The id of the live session that this cookie belongs to."""
        with self.store.engine.connect() as connection:
            row = self._live(connection, table.c.token_hash == hashed(cookie))
        return str(row.id) if row is not None else None

    def begin(self, cookie: str) -> Session:
        """The session a launch starts from: the browser's own, or a new one of nobody."""
        with writing(self.store.engine) as connection:
            row = self._live(connection, table.c.token_hash == hashed(cookie))
            if row is None:
                return self._insert(connection, *NOBODY)
            if (row.tenant, row.user) == NOBODY:
                self._update(connection, row.id, BEFORE_SIGN_IN)
            return Session(row.id, None)

    def sign_in(self, cookie: str, tenant: str, user: str) -> Session:
        """The session a callback ends in; `user` is "" where the EHR does not say who it is.

        The same person keeps session and cookie, so that charts already open stay open. From
        nobody to somebody the cookie changes, and another person gets another session: a cookie
        planted before the sign-in is worth nothing after it.
        """
        with writing(self.store.engine) as connection:
            connection.execute(delete(table).where(table.c.expires_at <= self.store.now()))
            row = self._live(connection, table.c.token_hash == hashed(cookie))
            if row is None:
                return self._changed_meanwhile(connection, cookie, tenant, user)
            if user and (row.tenant, row.user) == (tenant, user):
                self._update(connection, row.id, LIFETIME)
                return Session(row.id, None)
            if (row.tenant, row.user) in (NOBODY, (tenant, "")):
                return self._rotate(connection, row, tenant, user)
            connection.execute(delete(table).where(table.c.id == row.id))
            return self._insert(connection, tenant, user)

    def end(self, session: str) -> None:
        """Forget a session and all that belongs to it."""
        with writing(self.store.engine) as connection:
            connection.execute(delete(table).where(table.c.id == session))

    def _changed_meanwhile(
        self, connection: Connection, cookie: str, tenant: str, user: str
    ) -> Session:
        """Two frames of one browser came back at once: the second still has the old cookie.

        It joins the first one's session only as the same person, and is given no cookie.
        """
        just_now = table.c.rotated_at > self.store.now() - ROTATION_GRACE
        row = self._live(connection, (table.c.previous_hash == hashed(cookie)) & just_now)
        if row is not None and user and (row.tenant, row.user) == (tenant, user):
            return Session(row.id, None)
        return self._insert(connection, tenant, user)

    def _rotate(
        self, connection: Connection, row: Row[tuple[str, ...]], tenant: str, user: str
    ) -> Session:
        cookie = new_secret()
        self._update(
            connection,
            row.id,
            LIFETIME,
            token_hash=hashed(cookie),
            previous_hash=row.token_hash,
            rotated_at=self.store.now(),
            tenant=tenant,
            user=user,
        )
        return Session(row.id, cookie)

    def _insert(self, connection: Connection, tenant: str, user: str) -> Session:
        session = Session(secrets.token_hex(16), new_secret())
        lifetime = BEFORE_SIGN_IN if (tenant, user) == NOBODY else LIFETIME
        connection.execute(
            insert(table).values(
                id=session.id,
                token_hash=hashed(session.cookie or ""),
                tenant=tenant,
                user=user,
                created_at=self.store.now(),
                expires_at=self.store.now() + lifetime,
            )
        )
        return session

    def _update(
        self, connection: Connection, session: str, lifetime: int, **values: object
    ) -> None:
        expiry = self.store.now() + lifetime
        connection.execute(
            update(table).where(table.c.id == session).values(expires_at=expiry, **values)
        )

    def _live(
        self, connection: Connection, which: ColumnElement[bool]
    ) -> Row[tuple[str, ...]] | None:
        live = select(table).where(which, table.c.expires_at > self.store.now())
        return connection.execute(live).one_or_none()
