"""Importing a person's export of Apple Health: in slices, each whole with its history and rollups.

How far it is stands in the same transaction as what it brought. An import that was killed goes on
there; one that is done begins anew and changes nothing.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, select, update

from safeguards.vault import Vault
from wearable_agg.intake.import_place import Place, Tally, place_of_import, sealed, unsealed
from wearable_agg.intake.slices import MOST_REASONS, OTHER_REASONS, Slice
from wearable_agg.measurements.recordings import keep_notice, keep_recording
from wearable_agg.measurements.upsert import ChangedDay, write_batch
from wearable_agg.people.consents import permitted_types
from wearable_agg.people.registry import timezone_of, touch
from wearable_agg.store.clock import now_micros
from wearable_agg.store.database import writing
from wearable_agg.store.intake_tables import imports
from wearable_agg.store.upserts import insert
from wearable_agg.vendors.apple.archive import Packed, looked_at
from wearable_agg.vendors.apple.export import Entry, Mark, read_entries

RUNNING, DONE = "running", "done"
ROWS_AT_ONCE = 20_000
_CHUNK = 1 << 20

DayListener = Callable[[Connection, int, tuple[ChangedDay, ...]], None]
Progress = Callable[[int, int], None]
"""Is told how many bytes of how many are dealt with."""


class ImportElsewhere(Exception):
    """Another process imports this very file for this person."""


@dataclass(frozen=True, slots=True)
class _Row:
    """The row of an import, and what its next slice must find it at."""

    id: int
    step: int
    bound_to: str


class Importer:
    """Imports exports for one person."""

    def __init__(
        self, engine: Engine, vault: Vault, on_days: DayListener, tenant: str, person_id: int
    ) -> None:
        self._engine, self._vault, self._on_days = engine, vault, on_days
        self._tenant, self._person_id = tenant, person_id

    def run(self, path: Path, progress: Progress) -> Tally:
        """Import a file; returns what it came to, what was kept before a kill included.

        Raises Malformed and Unusable for a file that is no export or is spoiled (what came before
        stays), ImportElsewhere, and OSError.
        """
        with looked_at(path) as packed:
            row, place = self._begin(_digest(path))
            with self._engine.connect() as connection:
                zone = timezone_of(connection, self._person_id)
            row, place = self._document(packed, zone, row, place, progress)
            row, place = self._ecgs(packed, row, place)
            self._end(row, place)
            progress(packed.size, packed.size)
        return place.tally

    def _begin(self, digest: str) -> tuple[_Row, Place]:
        bound_to = place_of_import(self._tenant, self._person_id, digest)
        now = now_micros()
        with writing(self._engine) as connection:
            known = connection.execute(
                select(imports).where(
                    imports.c.person_id == self._person_id, imports.c.digest == digest
                )
            ).one_or_none()
            if known is not None and known.state == RUNNING:
                return _Row(known.id, known.step, bound_to), unsealed(
                    self._vault, known.place, bound_to
                )
            place = Place()
            values = {
                "state": RUNNING,
                "place": sealed(self._vault, place, bound_to),
                "started_at": now,
                "updated_at": now,
            }
            step = 0 if known is None else known.step + 1
            key = {"person_id": self._person_id, "digest": digest}
            found = connection.execute(
                insert(imports)
                .values(tenant=self._tenant, step=step, **key, **values)
                .on_conflict_do_update(index_elements=list(key), set_={**values, "step": step})
                .returning(imports.c.id)
            ).scalar_one()
        return _Row(int(found), step, bound_to), place

    def _document(
        self, packed: Packed, zone: ZoneInfo, row: _Row, place: Place, progress: Progress
    ) -> tuple[_Row, Place]:
        if place.mark.offset < 0:
            return row, place
        with packed.document() as source:
            part = Slice()
            for entries in read_entries(source, zone, place.mark):
                mark = _mark_in(entries) if part.rows >= ROWS_AT_ONCE else None
                if mark is None:
                    part.add(entries)
                    continue
                at = entries.index(mark)
                part.add(entries[:at])
                row, place = self._keep(row, replace(place, mark=mark), part)
                part = Slice()
                part.add(entries[at:])
                progress(mark.offset, packed.size)
        return self._keep(row, replace(place, mark=_PAST), part)

    def _ecgs(self, packed: Packed, row: _Row, place: Place) -> tuple[_Row, Place]:
        for number, name in enumerate(packed.ecgs[place.ecgs :], place.ecgs + 1):
            part = Slice()
            part.add(packed.ecg(name))
            row, place = self._keep(row, replace(place, ecgs=number), part)
        return row, place

    def _keep(self, row: _Row, place: Place, part: Slice) -> tuple[_Row, Place]:
        """Write a slice and the place after it as one; consent is asked at the last moment."""
        with writing(self._engine) as connection:
            allowed = permitted_types(connection, self._person_id)
            batch = part.batch(allowed)
            written = write_batch(connection, self._tenant, self._person_id, batch)
            recordings = sum(
                keep_recording(connection, self._vault, self._tenant, self._person_id, one)
                for one in part.recordings(allowed)
            )
            notices = sum(
                keep_notice(connection, self._tenant, self._person_id, one)
                for one in part.notices(allowed)
            )
            before = place.tally
            tally = Tally(
                before.new + written.new,
                before.amended + written.amended,
                before.same + batch.count() - written.new - written.amended,
                before.recordings + recordings,
                before.notices + notices,
                _bounded(before.refused + batch.refused),
            )
            after = replace(place, tally=tally)
            row = self._advance(connection, row, after)
            if written.new or written.amended or recordings or notices:
                touch(connection, self._person_id)
            if written.days:
                self._on_days(connection, self._person_id, written.days)
        return row, after

    def _advance(
        self, connection: Connection, row: _Row, place: Place, state: str = RUNNING
    ) -> _Row:
        moved = connection.execute(
            update(imports)
            .where(imports.c.id == row.id, imports.c.step == row.step)
            .values(
                state=state,
                step=row.step + 1,
                place=sealed(self._vault, place, row.bound_to),
                updated_at=now_micros(),
            )
        )
        if not moved.rowcount:
            raise ImportElsewhere("this file is being imported by another process")
        return replace(row, step=row.step + 1)

    def _end(self, row: _Row, place: Place) -> None:
        with writing(self._engine) as connection:
            self._advance(connection, row, place, DONE)


_PAST = Mark(-1, {}, ())
"""The place after the document: only ECG files are left."""


def _mark_in(entries: list[Entry]) -> Mark | None:
    return next((one for one in entries if isinstance(one, Mark)), None)


def _bounded(refused: Counter[str]) -> Counter[str]:
    """Keep the most frequent reasons, and count the rest together."""
    if len(refused) <= MOST_REASONS:
        return refused
    kept = Counter(dict(refused.most_common(MOST_REASONS)))
    kept[OTHER_REASONS] += refused.total() - kept.total()
    return kept


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while piece := source.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()
