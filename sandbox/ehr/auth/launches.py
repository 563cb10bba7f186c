"""Launch ids: what the EHR page mints when a chart is opened, and who and what they stand for."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from sandbox.ehr.database import Clock, Database, to_micros

LAUNCH_LIFE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Launch:
    """The user who opened the chart, and the chart.

    ``standalone``: picked on our own page. ``framed``: shown beside our own patient banner.
    """

    user: str
    patient: str
    encounter: str | None
    standalone: bool = False
    framed: bool = True


class Launches:
    """Mints launch ids and honours each once, within five minutes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def mint(self, launch: Launch) -> str:
        """A fresh launch id."""
        id_ = secrets.token_urlsafe(24)
        now = to_micros(self._clock())
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO openings VALUES (?, ?, 0, ?, ?, ?, ?, ?)",
                (
                    *(id_, now, launch.user, launch.patient, launch.encounter),
                    *(launch.standalone, launch.framed),
                ),
            )
        return id_

    def find(self, id_: str, *, standalone: bool) -> Launch | None:
        """What an unused, unexpired launch id stands for."""
        row = (
            self._database.read()
            .execute(
                "SELECT * FROM openings"
                " WHERE id = ? AND used = 0 AND standalone = ? AND created > ?",
                (id_, standalone, to_micros(self._clock() - LAUNCH_LIFE)),
            )
            .fetchone()
        )
        if row is None:
            return None
        who = (row["user"], row["patient"], row["encounter"])
        return Launch(*who, standalone, bool(row["framed"]))

    def use(self, id_: str) -> bool:
        """Mark a launch id as used; False if somebody was faster."""
        with self._database.write() as connection:
            done = connection.execute(
                "UPDATE openings SET used = 1 WHERE id = ? AND used = 0", (id_,)
            )
        return done.rowcount == 1
