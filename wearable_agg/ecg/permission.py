"""Whether a patient shares ECG, asked while it streams."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Engine

from safeguards.assertions import Asker
from wearable_agg.people.consents import RHYTHM, permits_topic
from wearable_agg.people.registry import person_for


class EcgPermission:
    """Asks the store of consents; unknown patients have allowed nothing."""

    def __init__(self, wearables: Engine) -> None:
        self._wearables = wearables

    def refused(self, askers: Collection[Asker]) -> frozenset[Asker]:
        """Return those whose patient does not share ECG now; raises sqlalchemy's errors."""
        with self._wearables.connect() as connection:
            people = {
                one: person_for(connection, one.tenant, one.issuer, one.patient) for one in askers
            }
            return frozenset(
                one
                for one, person in people.items()
                if person is None or not permits_topic(connection, person, RHYTHM)
            )
