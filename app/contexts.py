"""Launch contexts: one launch is one patient, one user, one browser session."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sqlalchemy import Row, and_, delete, insert, select, update
from sqlalchemy.sql import ColumnElement

from app.store import HOUR, MINUTE, SECOND, Store
from app.tables import launch_contexts as table
from smart.launch_context import ContextItem
from wearable_agg.store.database import writing

IDLE = 15 * MINUTE
LEFT_ALONE = 5 * MINUTE  # after it, the EHR may have gone on to another patient
LIFETIME = 12 * HOUR
USE_IS_NOTED_EVERY = 30 * SECOND
REFRESH_LEASE = 45 * SECOND  # longer than a request can take from its start to its end
IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{22,64}")


class ContextGone(Exception):
    """The context has ended, or never was: launch again from the chart."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a launch established; `user` is a reference like "Practitioner/7"."""

    issuer: str
    patient: str
    encounter: str
    user: str
    user_name: str
    need_patient_banner: bool
    intent: str
    subject: str = ""  # the user as the id_token names it
    fhir_context: tuple[ContextItem, ...] = ()
    style_url: str = ""
    ehr_tenant: str = ""  # the EHR's own word for the organisation

    @classmethod
    def read(cls, content: dict[str, Any]) -> Facts:
        """Facts from what `dataclasses.asdict` made of them, by way of JSON."""
        items = tuple(ContextItem(**item) for item in content.pop("fhir_context", ()))
        return cls(**content, fhir_context=items)


@dataclass(frozen=True, slots=True)
class LaunchContext:
    """One live context."""

    id: str
    session: str
    tenant: str
    facts: Facts
    last_used_at: int  # microseconds since 1970


@dataclass(frozen=True, slots=True)
class HeldTokens:
    """The tokens of a context; `good_until` in microseconds, `refresh` "" where there is none."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    scopes: frozenset[str]
    good_until: int
    version: int = 1


@dataclass(frozen=True, slots=True)
class LaunchContexts:
    """Keeps contexts. Facts and tokens are sealed, bound to their row."""

    store: Store

    def create(self, session: str, tenant: str, facts: Facts, tokens: HeldTokens) -> LaunchContext:
        """Keep a new context under a random id of 192 bits."""
        now = self.store.now()
        context = LaunchContext(secrets.token_urlsafe(24), session, tenant, facts, now)
        with writing(self.store.engine) as connection:
            connection.execute(delete(table).where(~self._alive()))
            connection.execute(
                insert(table).values(
                    id=context.id,
                    session_id=session,
                    tenant=tenant,
                    facts=self._sealed(tenant, "facts", context.id, asdict(facts)),
                    tokens=self._sealed_tokens(tenant, context.id, tokens),
                    token_version=tokens.version,
                    refresh_lease_until=0,
                    created_at=now,
                    last_used_at=now,
                    expires_at=now + LIFETIME,
                )
            )
        return context

    def find(self, identifier: str, session: str) -> LaunchContext:
        """The live context of this browser session; raises ContextGone, whatever the reason."""
        return self._context(self._row(identifier, table.c.session_id == session))

    def tenant_of(self, identifier: str) -> str | None:
        """Whose tenant's launch this is, in whatever browser; None where none is live."""
        try:
            return str(self._row(identifier).tenant)
        except ContextGone:
            return None

    def of_session(self, session: str) -> list[LaunchContext]:
        """All live contexts of a browser session."""
        mine = select(table).where(table.c.session_id == session, self._alive())
        with self.store.engine.connect() as connection:
            return [self._context(row) for row in connection.execute(mine)]

    def is_left_alone(self, context: LaunchContext) -> bool:
        """Whether nobody used it for so long that the patient is to be looked at again."""
        return self.store.now() - context.last_used_at > LEFT_ALONE

    def used(self, identifier: str) -> None:
        """Note that somebody used it just now, which keeps it from idling out."""
        now = self.store.now()
        stale = and_(table.c.id == identifier, table.c.last_used_at <= now - USE_IS_NOTED_EVERY)
        with self.store.engine.connect() as connection:
            if connection.execute(select(table.c.id).where(stale)).first() is None:
                return
        with writing(self.store.engine) as connection:
            connection.execute(update(table).where(stale).values(last_used_at=now))

    def tokens(self, identifier: str) -> HeldTokens:
        """The tokens now in force; raises ContextGone."""
        row = self._row(identifier)
        sealed = self._unsealed(row, "tokens")
        scopes = frozenset(sealed.pop("scopes"))
        return HeldTokens(**sealed, scopes=scopes, version=row.token_version)

    def claim_refresh(self, identifier: str, version: int) -> bool:
        """Whether the caller is the one to refresh this version; others wait for the outcome.

        A claim is given once: it ends by `keep_tokens` or `release_refresh`.
        """
        free = and_(self._version(identifier, version), table.c.refresh_lease_until == 0)
        until = self.store.now() + REFRESH_LEASE
        with writing(self.store.engine) as connection:
            claimed = connection.execute(
                update(table).where(free).values(refresh_lease_until=until)
            )
        return claimed.rowcount == 1

    def refresh_was_cut_off(self, identifier: str, version: int) -> bool:
        """Whether the one who claimed to refresh this version can no longer be at it.

        Its request may have reached the EHR, so the refresh token may be spent.
        """
        lease = table.c.refresh_lease_until
        lapsed = and_(self._version(identifier, version), lease != 0, lease <= self.store.now())
        with self.store.engine.connect() as connection:
            return connection.execute(select(table.c.id).where(lapsed)).first() is not None

    def release_refresh(self, identifier: str, version: int) -> None:
        """Give a claim back: nothing came of the refresh and it may be tried again."""
        mine = update(table).where(self._version(identifier, version))
        with writing(self.store.engine) as connection:
            connection.execute(mine.values(refresh_lease_until=0))

    def keep_tokens(self, context: LaunchContext, version: int, tokens: HeldTokens) -> HeldTokens:
        """Replace the tokens of `version`, durably; raises ContextGone where it is not in force."""
        newer = replace(tokens, version=version + 1)
        change = update(table).where(self._version(context.id, version))
        with writing(self.store.engine) as connection:
            done = connection.execute(
                change.values(
                    tokens=self._sealed_tokens(context.tenant, context.id, newer),
                    token_version=newer.version,
                    refresh_lease_until=0,
                )
            )
        if done.rowcount != 1:
            raise ContextGone(context.id)
        return newer

    def _row(self, identifier: str, *more: ColumnElement[bool]) -> Row[Any]:
        if not IDENTIFIER.fullmatch(identifier):
            raise ContextGone("not an id")
        wanted = select(table).where(table.c.id == identifier, self._alive(), *more)
        with self.store.engine.connect() as connection:
            row = connection.execute(wanted).one_or_none()
        if row is None:
            raise ContextGone(identifier)
        return row

    def _context(self, row: Row[Any]) -> LaunchContext:
        facts = Facts.read(self._unsealed(row, "facts"))
        return LaunchContext(row.id, row.session_id, row.tenant, facts, row.last_used_at)

    def _alive(self) -> ColumnElement[bool]:
        now = self.store.now()
        return and_(table.c.expires_at > now, table.c.last_used_at > now - IDLE)

    def _version(self, identifier: str, version: int) -> ColumnElement[bool]:
        return and_(table.c.id == identifier, table.c.token_version == version)

    def _sealed_tokens(self, tenant: str, identifier: str, tokens: HeldTokens) -> bytes:
        content = {
            "access": tokens.access,
            "refresh": tokens.refresh,
            "scopes": sorted(tokens.scopes),
            "good_until": tokens.good_until,
        }
        return self._sealed(tenant, "tokens", identifier, content)

    def _sealed(self, tenant: str, column: str, identifier: str, content: object) -> bytes:
        place = place_in_context(tenant, column, identifier)
        return self.store.vault.seal(json.dumps(content).encode(), bound_to=place)

    def _unsealed(self, row: Row[Any], column: str) -> dict[str, Any]:
        place = place_in_context(row.tenant, column, row.id)
        content: dict[str, Any] = json.loads(
            self.store.vault.unseal(getattr(row, column), bound_to=place)
        )
        return content


def place_in_context(tenant: str, column: str, identifier: str) -> str:
    """Where a column of a context is sealed for."""
    return f"{tenant}|launch_contexts|{column}|{identifier}"
