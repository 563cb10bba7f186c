"""Fills an empty database with the synthetic charts."""

from __future__ import annotations

from sandbox.ehr.database import Clock, Database
from sandbox.ehr.fhir.store import save
from sandbox.ehr.people.charts import RESTRICTED, all_charts


def seed(database: Database, clock: Clock) -> bool:
    """Store the charts, all or none, unless there is a patient already; True if it did."""
    now = clock()
    with database.write() as connection:
        if connection.execute("SELECT 1 FROM resources WHERE type = 'Patient'").fetchone():
            return False
        for resource in all_charts(now.date()):
            save(connection, resource, "POST", now)
        connection.executemany("INSERT INTO restrictions VALUES (?, ?)", RESTRICTED)
    return True
