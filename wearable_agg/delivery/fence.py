"""Keeps a restored database, and a delivery that outlived a restore, from writing twice.

A number in the database counts what was sent; beside the database a file, which no backup of the
database holds, says how far it had come. Where the file is ahead, the database is an older one:
its epoch ends, whoever still works under the old epoch may send nothing, and each write that was
under way is looked for in the chart before it is sent. The row holds the fingerprint of the key
that names our resources as well: with another key everything would be written a second time.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, select, update

from safeguards.audit import record
from wearable_agg.delivery.identity import Identity
from wearable_agg.delivery.states import State
from wearable_agg.store.clock import to_micros
from wearable_agg.store.database import writing
from wearable_agg.store.delivery_tables import delivery_fence
from wearable_agg.store.outbox_tables import UNSETTLED, outbox

_ROW = 1


class FencedOff(Exception):
    """The database was restored since: nothing may be sent under the old epoch. Start anew."""


class WrongIdentityKey(Exception):
    """The key that names our resources is not the one they were named with: bring it back."""


@dataclass(frozen=True, slots=True)
class Fence:
    """The epoch a delivery works under; `mark` is the file beside the database."""

    epoch: int
    mark: Path

    def pass_through(self, connection: Connection) -> int:
        """Count a send in the transaction that decides it; raises FencedOff.

        Returns the count, which goes into the mark once that transaction is committed.
        """
        sends = connection.execute(
            update(delivery_fence)
            .where(delivery_fence.c.epoch == self.epoch)
            .values(sends=delivery_fence.c.sends + 1)
            .returning(delivery_fence.c.sends)
        ).scalar()
        if sends is None:
            raise FencedOff(f"epoch {self.epoch} is over")
        return int(sends)

    def note(self, sends: int) -> None:
        """Write down beside the database how far it has come; raises FencedOff.

        A process whose database was replaced under it learns here that there is a newer epoch.
        """
        if read_mark(self.mark)[0] > self.epoch:
            raise FencedOff(f"epoch {self.epoch} is over")
        write_mark(self.mark, self.epoch, sends)


def raise_fence(
    engine: Engine,
    mark: Path,
    identity: Identity,
    look_at: datetime,
    *,
    restored: bool = False,
) -> tuple[Fence, bool]:
    """Return the fence to work behind, and whether the database turned out to be restored.

    `restored` says so where the mark cannot (it was lost as well). From `look_at` on, a quarantine
    from now, doubtful writes are looked for. Raises WrongIdentityKey.
    """
    with writing(engine) as connection:
        epoch, sends = _row(connection, identity)
        known_epoch, known_sends = read_mark(mark)
        behind = restored or known_epoch > epoch or known_sends > sends
        if behind:
            epoch, sends = max(epoch, known_epoch) + 1, max(sends, known_sends)
            _begin(connection, epoch, sends, look_at)
    write_mark(mark, epoch, sends)
    return Fence(epoch, mark), behind


def read_mark(mark: Path) -> tuple[int, int]:
    """Return the epoch and the sends that a mark tells of; a torn one tells of none."""
    try:
        told = json.loads(mark.read_text("utf-8"))
        return int(told["epoch"]), int(told["sends"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return 0, 0


def write_mark(mark: Path, epoch: int, sends: int) -> None:
    """Write the mark in one piece."""
    text = json.dumps({"epoch": epoch, "sends": sends}).ljust(64) + "\n"
    handle = os.open(mark, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(handle, text.encode(), 0)
    finally:
        os.close(handle)


def _row(connection: Connection, identity: Identity) -> tuple[int, int]:
    found = connection.execute(select(delivery_fence)).mappings().one_or_none()
    if found is None:
        row = {"id": _ROW, "epoch": 1, "sends": 0, "identity": identity.fingerprint}
        connection.execute(insert(delivery_fence).values(**row))
        return 1, 0
    if found["identity"] != identity.fingerprint:
        raise WrongIdentityKey(
            "keys/flag-identity.key is not the key that the findings in the charts were named "
            "with: bring the right one back, for with this one each would be written again"
        )
    return int(found["epoch"]), int(found["sends"])


def _begin(connection: Connection, epoch: int, sends: int, look_at: datetime) -> None:
    """Begin an epoch: what waits to be sent may have been sent after the backup was made."""
    connection.execute(update(delivery_fence).values(epoch=epoch, sends=sends))
    doubtful = (
        update(outbox)
        .where(UNSETTLED)
        .values(
            state=State.UNKNOWN,
            next_at=to_micros(look_at),
            attempt_id=None,
            lease_until=None,
            reason="The database was restored: looked for in the chart first",
        )
    )
    connection.execute(doubtful)
    record(
        connection,
        tenant="*",
        actor="delivery",
        action="fence.raised",
        entity=f"epoch/{epoch}",
        detail={"sends": sends},
    )
