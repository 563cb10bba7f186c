"""Whether a patient shares ECG, asked while it streams."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Engine

from safeguards.assertions import Asker
from wearable_agg.people.consents import RHYTHM, sharing
from wearable_agg.people.registry import EhrPatient, people_behind


class EcgPermission:
    """Asks the store of consents; unknown patients have allowed nothing."""

    def __init__(self, wearables: Engine) -> None:
        self._wearables = wearables

    def refused(self, askers: Collection[Asker]) -> frozenset[Asker]:
        """Return those whose patient does not share ECG now; raises sqlalchemy's errors."""
        patients = {one: EhrPatient(one.tenant, one.issuer, one.patient) for one in askers}
        with self._wearables.connect() as connection:
            people = people_behind(connection, set(patients.values()))
            allowed = sharing(connection, set(people.values()), RHYTHM)
        return frozenset(
            one for one, patient in patients.items() if people.get(patient) not in allowed
        )
