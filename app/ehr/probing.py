"""Probing one tenant's EHR: which patient, with whose access."""

from __future__ import annotations

from collections.abc import Callable

from config.settings import Tenant
from safeguards.egress import Egress, EgressError, Token
from smart.backend_services import BackendToken
from smart.chart_reply import Answer
from smart.ehr import Ehr
from smart.errors import EhrError
from smart.keys import ClientKeys
from smart.probe import Probe, ProbeFailed
from wearable_agg.delivery.abilities import Personality


def probe_ehr(
    tenant: Tenant,
    keys: ClientKeys,
    patient: str = "",
    say: Callable[[str], None] = lambda _: None,
) -> Personality:
    """Try out the EHR about a patient: the one given, the tenant's, or the first it shows.

    Raises ProbeFailed, also for a tenant that is not marked as a test system or sandbox.
    """
    if tenant.environment == "production":
        raise ProbeFailed(
            f"tenant {tenant.id!r} is not marked as a test system: a probe writes and takes back. "
            'Write environment = "test" if it is one; for the production system name the tenant '
            "of its test system in probed_as"
        )
    egress, access = Egress.to_ehr(tenant), BackendToken(Ehr(tenant, keys))
    chosen = patient or tenant.probe_patient or _first_patient(tenant.issuer, egress, access)
    return Probe(tenant.issuer, egress, access, chosen, say).run()


def _first_patient(base: str, egress: Egress, access: BackendToken) -> str:
    url = f"{base.rstrip('/')}/Patient?_count=1"
    try:
        answer = egress.get(
            url,
            headers={"Accept": "application/fhir+json"},
            bearer=Token(base, access.token()),
        )
    except (EgressError, EhrError) as error:
        raise ProbeFailed(str(error)) from error
    read = Answer.read(answer.status_code, answer.headers, answer.content)
    entries = (read.resource or {}).get("entry") or []
    if read.status != 200 or not entries:
        raise ProbeFailed("the EHR shows no patient: name one with --patient")
    return str(entries[0]["resource"]["id"])
