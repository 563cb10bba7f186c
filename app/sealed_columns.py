"""Every sealed column of the site's stores, and sealing them anew with the newest keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Column, Engine, Row, Select, func, select, update

from app.contexts import place_in_context
from app.pending import place_of_secrets
from app.tables import launch_contexts, pending_launches
from safeguards.vault import Unreadable, Vault
from wearable_agg.api.idempotency import place_of_answer
from wearable_agg.ecg.segments import is_sealed, place_of_segment
from wearable_agg.ecg.tables import segments, sessions
from wearable_agg.intake.import_place import place_of_import
from wearable_agg.intake.inbox import places_of_payload
from wearable_agg.measurements.recordings import place_of_samples
from wearable_agg.people.accounts import place_of_tokens
from wearable_agg.store.api_tables import answered_requests
from wearable_agg.store.database import writing
from wearable_agg.store.intake_tables import imports, inbox
from wearable_agg.store.people_tables import vendor_accounts
from wearable_agg.store.recording_tables import ecg_recordings

BATCH = 200

Place = Callable[[Row[Any]], Sequence[str]]


def _never(_bytes: bytes) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of sealed bytes; `key` identifies its row.

    `places` says what a row's bytes are bound to: first today's place, then earlier ones. `rows`
    reads what that needs where the column's table alone does not hold it, and `plain` tells bytes
    from before the column was sealed.
    """

    column: Column[bytes]
    key: Column[Any]
    places: Place
    rows: Select[Any] | None = None
    plain: Callable[[bytes], bool] = _never


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a column is: rows looked at, of how many, and what became of them."""

    column: str
    total: int
    seen: int = 0
    sealed: int = 0
    unreadable: int = 0


def _in_context(column: str) -> Place:
    return lambda row: (place_in_context(row.tenant, column, row.id),)


IN_APP = (
    SealedColumn(launch_contexts.c.facts, launch_contexts.c.id, _in_context("facts")),
    SealedColumn(launch_contexts.c.tokens, launch_contexts.c.id, _in_context("tokens")),
    SealedColumn(
        pending_launches.c.secrets,
        pending_launches.c.state_hash,
        lambda row: (place_of_secrets(row.tenant, row.state_hash),),
    ),
)
IN_WEARABLES = (
    SealedColumn(
        vendor_accounts.c.tokens,
        vendor_accounts.c.id,
        lambda row: (place_of_tokens(row.tenant, row.vendor, row.vendor_user_id),),
    ),
    SealedColumn(inbox.c.raw, inbox.c.id, lambda row: places_of_payload(row.tenant, row.key)),
    SealedColumn(
        imports.c.place,
        imports.c.id,
        lambda row: (place_of_import(row.tenant, row.person_id, row.digest),),
    ),
    SealedColumn(
        ecg_recordings.c.samples,
        ecg_recordings.c.id,
        lambda row: (place_of_samples(row.tenant, row.person_id, row.source, row.second),),
    ),
    SealedColumn(
        answered_requests.c.answer,
        answered_requests.c.request,
        lambda row: (place_of_answer(row.tenant, row.request),),
    ),
)


IN_ECG = (
    SealedColumn(
        segments.c.samples,
        segments.c.id,
        lambda row: (place_of_segment(row.tenant, row.session_name, row.lead, row.first_sequence),),
        rows=select(
            *(segments.c.id, segments.c.samples, segments.c.lead, segments.c.first_sequence),
            *(sessions.c.tenant, sessions.c.session.label("session_name")),
        ).join(sessions, sessions.c.id == segments.c.session),
        plain=lambda samples: not is_sealed(samples),
    ),
)


def seal_anew(engine: Engine, vault: Vault, sealed: SealedColumn) -> Iterator[Progress]:
    """Bring a column to the newest keys, telling after each batch how far it is.

    The site may run meanwhile: a batch holds the write lock for moments only, and a value that
    somebody changed since it was read is left, for it was sealed with the newest key already.
    """
    progress, after = Progress(str(sealed.column), _count(engine, sealed)), None
    while rows := _batch(engine, sealed, after):
        after = rows[-1]._mapping[sealed.key]
        changes, unreadable = _changes(vault, sealed, rows)
        _write(engine, sealed, changes)
        progress = replace(
            progress,
            seen=progress.seen + len(rows),
            sealed=progress.sealed + len(changes),
            unreadable=progress.unreadable + unreadable,
        )
        yield progress


def _count(engine: Engine, sealed: SealedColumn) -> int:
    with engine.connect() as connection:
        return int(connection.execute(select(func.count(sealed.column))).scalar_one())


def _batch(engine: Engine, sealed: SealedColumn, after: object) -> Sequence[Row[Any]]:
    every = select(sealed.column.table) if sealed.rows is None else sealed.rows
    query = every.where(sealed.column.is_not(None))
    query = query.order_by(sealed.key).limit(BATCH)
    if after is not None:
        query = query.where(sealed.key > after)
    with engine.connect() as connection:
        return connection.execute(query).all()


def _changes(
    vault: Vault, sealed: SealedColumn, rows: Sequence[Row[Any]]
) -> tuple[list[tuple[object, bytes, bytes]], int]:
    """Key, old and new bytes of each row to change; and how many rows cannot be read."""
    changes, unreadable = [], 0
    for row in rows:
        old, places = row._mapping[sealed.column], sealed.places(row)
        is_plain = sealed.plain(old)
        if not is_plain and vault.is_current(old, bound_to=places[0]):
            continue
        try:
            plain = old if is_plain else _unsealed(vault, old, places)
        except Unreadable:
            unreadable += 1
            continue
        new = vault.seal(plain, bound_to=places[0])
        changes.append((row._mapping[sealed.key], old, new))
    return changes, unreadable


def _unsealed(vault: Vault, sealed: bytes, places: Sequence[str]) -> bytes:
    for earlier in places[:-1]:
        try:
            return vault.unseal(sealed, bound_to=earlier)
        except Unreadable:
            continue
    return vault.unseal(sealed, bound_to=places[-1])


def _write(
    engine: Engine, sealed: SealedColumn, changes: list[tuple[object, bytes, bytes]]
) -> None:
    if not changes:
        return
    with writing(engine) as connection:
        for key, old, new in changes:
            unchanged = (sealed.key == key) & (sealed.column == old)
            change = update(sealed.column.table).where(unchanged)
            connection.execute(change.values({sealed.column: new}))
