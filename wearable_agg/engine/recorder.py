"""Commits what was found, with the people it is about and the evidence for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Engine

from safeguards.vault import Vault
from wearable_agg.afib.types import EpisodeStarted, Event
from wearable_agg.ecg.frames import Carried
from wearable_agg.ecg.inbox import Session
from wearable_agg.engine import strips, tachograms
from wearable_agg.engine.chunks import stream_name
from wearable_agg.engine.recording import Finding, micros, record
from wearable_agg.people.consents import RHYTHM, sharing
from wearable_agg.people.registry import UNKNOWN_TIMEZONE, EhrPatient, people_behind, person_for
from wearable_agg.store.database import writing


class Recorder:
    """Writes to `wearables` about those who share their heart rhythm.

    `timezones` gives each tenant's time zone, for a person seen for the first time. Methods raise
    sqlalchemy's errors where a database cannot be used.
    """

    def __init__(
        self, ecg: Engine, wearables: Engine, vault: Vault, timezones: Mapping[str, str]
    ) -> None:
        self._ecg, self._wearables = ecg, wearables
        self._vault, self._timezones = vault, timezones

    def record(self, events: Sequence[tuple[Event, Session]]) -> None:
        """Commit events, each of a session, in one transaction; a beginning with its evidence."""
        with self._ecg.connect() as connection:
            found = [self._finding(connection, *one) for one in events]
        self.record_found(found)

    def record_found(self, found: Sequence[Finding]) -> None:
        """Commit what has its evidence already; whom it is about is asked once for all of them."""
        if not found:
            return
        with writing(self._wearables) as connection:
            people = self._people(connection, [finding.session for finding in found])
            allowed = sharing(connection, set(people.values()), RHYTHM)
            about = [(finding, people[_patient(finding.session)]) for finding in found]
            record(connection, [one for one in about if one[1] in allowed])

    def _finding(self, connection: Connection, event: Event, session: Session) -> Finding:
        if not isinstance(event, EpisodeStarted):
            return Finding(event, session)
        span = micros(event.onset), micros(event.detected_at)
        if session.signal is Carried.BEATS:
            shown = tachograms.cut(connection, self._vault, session, *span)
            return Finding(event, session, tachogram=shown)
        return Finding(event, session, strips.cut(connection, self._vault, session, *span))

    def _people(self, connection: Connection, sessions: Sequence[Session]) -> dict[EhrPatient, int]:
        patients = {_patient(session): session for session in sessions}
        people = people_behind(connection, patients.keys())
        for patient, session in patients.items():
            if patient not in people:
                people[patient] = self._person(connection, session)
        return people

    def _person(self, connection: Connection, session: Session) -> int:
        known = person_for(
            connection,
            session.tenant,
            session.issuer,
            session.patient_id,
            create=True,
            timezone=self._timezones.get(session.tenant, UNKNOWN_TIMEZONE),
        )
        if known is None:
            raise LookupError(f"no person for {stream_name(session)}")
        return known


def _patient(session: Session) -> EhrPatient:
    return EhrPatient(session.tenant, session.issuer, session.patient_id)
