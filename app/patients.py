"""Asking a hospital's EHR about a patient that an operator names."""

from __future__ import annotations

from pathlib import Path

import click

from config.settings import Tenant
from safeguards.egress import Egress
from smart.backend_services import BackendToken
from smart.ehr import Ehr
from smart.identifiers import FHIR_ID
from smart.keys import ClientKeys
from smart.patient_facts import FhirPatientFacts
from wearable_agg.delivery.chart import Refused
from wearable_agg.delivery.patient_facts import PatientRecord


def patient_facts(tenant: Tenant, keys: Path) -> FhirPatientFacts:
    """Return the way to a hospital's Patients, by delivery's own access."""
    access = BackendToken(Ehr(tenant, ClientKeys.open(keys)))
    return FhirPatientFacts(tenant.issuer, Egress.to_ehr(tenant), access)


def require_patient(tenant: Tenant, keys: Path, patient: str) -> None:
    """Raise click.ClickException unless the EHR has this patient, in use.

    An EHR that cannot be asked now is no reason to lose what a device recorded: that is said, and
    delivery asks again before it writes anything.
    """
    if not FHIR_ID.fullmatch(patient):
        raise click.BadParameter(f"{patient!r} is no FHIR id", param_hint="--patient")
    if not tenant.backend_client_id:
        return
    found = patient_facts(tenant, keys).of(patient)
    if isinstance(found, PatientRecord):
        fault = found.unusable
        instead = f"Now it is {found.replaced_by}." if found.replaced_by else ""
    elif isinstance(found, Refused):
        fault, instead = found.reason, "Give the id that the patient has in this EHR."
    else:
        click.echo(f"{tenant.name} could not be asked about {patient}: {found.reason}", err=True)
        return
    if fault:
        raise click.ClickException(f"{patient} at {tenant.name}: {fault}. {instead}".rstrip())
