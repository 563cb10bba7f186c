"""Reading a launched patient's chart, each part on its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

import structlog

from app.access import LaunchAccess
from app.contexts import ContextGone, LaunchContext
from app.parts import Parts
from clinical.chart import Background
from clinical.medications import Event, lanes, with_events, without_order
from dashboards.services import Banner, MedicationRead, Missing
from smart.ehr import Ehr
from smart.errors import AuthorizationLost, EhrError
from smart.fhir import FhirReader
from smart.gaps import reason_for
from smart.patient import Demographics
from smart.record import PatientRecord

SEXES = {"female": "F", "male": "M"}

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class ChartReading:
    """Reads with the access of the launch, and leaves an audit row for each reading."""

    parts: Parts

    def banner(self, context: LaunchContext, zone: ZoneInfo) -> Banner | Missing:
        """Who the patient is."""
        return self._or_missing(
            context, "Patient", lambda: _banner(self._record(context, zone).demographics(), context)
        )

    def medications(self, context: LaunchContext, zone: ZoneInfo) -> MedicationRead | Missing:
        """What the chart says the patient takes and took, as lanes up to today."""
        return self._or_missing(context, "Medications", lambda: self._medications(context, zone))

    def background(self, context: LaunchContext, zone: ZoneInfo) -> Background | Missing:
        """Problems, allergies and the visits of a year."""
        wanted = self.parts.settings.tenant(context.tenant).scopes
        return self._or_missing(
            context,
            "Problems, allergies and visits",
            lambda: self._fitting(context, zone).background(wanted, self._granted(context)),
        )

    def _medications(self, context: LaunchContext, zone: ZoneInfo) -> MedicationRead:
        wanted = self.parts.settings.tenant(context.tenant).scopes
        granted = self._granted(context)
        read = self._fitting(context, zone).medications(wanted, granted)
        today = datetime.now(zone).date()
        events: list[Event] = [*read.dispenses, *read.administrations]
        drawn = with_events(lanes(read.orders, today), read.orders, events, today)
        said = [str(gap) for gap in read.gaps]
        if strange := without_order(read.orders, events):
            said.append(f"Dispensed or given without an order in the chart: {', '.join(strange)}.")
        return MedicationRead(tuple(drawn), tuple(said))

    def _granted(self, context: LaunchContext) -> frozenset[str]:
        """What the token in force allows; raises AuthorizationLost."""
        try:
            return self.parts.contexts.tokens(context.id).scopes
        except ContextGone as error:
            raise AuthorizationLost("the launch has ended") from error

    def _record(self, context: LaunchContext, zone: ZoneInfo) -> PatientRecord:
        ehr = self._ehr(context)
        access = LaunchAccess(self.parts.contexts, ehr, context)
        return PatientRecord(FhirReader(ehr.base, ehr.egress, access), context.facts.patient, zone)

    def _fitting(self, context: LaunchContext, zone: ZoneInfo) -> PatientRecord:
        """The record, read as this EHR wants to be asked."""
        return replace(self._record(context, zone), habits=self._ehr(context).habits())

    def _ehr(self, context: LaunchContext) -> Ehr:
        return self.parts.ehrs[context.tenant]

    def _or_missing(
        self, context: LaunchContext, part: str, read: Callable[[], Read]
    ) -> Read | Missing:
        facts = context.facts
        self.parts.audit(
            context.tenant, facts.user, f"read {part.lower()}", f"Patient/{facts.patient}"
        )
        try:
            return read()
        except EhrError as error:
            log = structlog.get_logger()
            log.warning("part missing", part=part, error=type(error).__name__, reason=str(error))
            return Missing(part, reason_for(error))


def _banner(patient: Demographics, context: LaunchContext) -> Banner:
    return Banner(
        name=patient.name,
        sex=SEXES.get(patient.gender, patient.gender or "unknown"),
        birth_date=patient.birth_date,
        identifier=patient.record_number,
        required=context.facts.need_patient_banner,
    )
