"""Every check of one EHR, in the order in which one depends on another."""

from __future__ import annotations

from collections.abc import Iterator

from app.ehr.access_checks import backend_line, resource_lines
from app.ehr.clock_check import clock_line
from app.ehr.discovered import Discovered, discover
from app.ehr.discovery_checks import discovery_lines
from app.ehr.key_checks import key_lines
from app.ehr.report import Line, failure, unknown
from app.ehr.scope_checks import scope_lines
from app.ehr.subject import Subject
from app.ehr.tls_check import tls_lines
from app.ehr.write_routes import route_line
from config.settings import Settings, Tenant
from config.tenant_checks import tenant_faults
from smart.errors import EhrMisconfigured, EhrUnavailable
from smart.keys import KeysUnusable


def check_tenant(tenant: Tenant, settings: Settings) -> Iterator[Line]:
    """Yield a line as soon as it is known. Sends nothing but GETs and token requests."""
    faults = list(tenant_faults(tenant))
    yield from (failure("registry entry", fault, "edit the settings file") for fault in faults)
    if faults:
        return
    try:
        subject = Subject.open(tenant, settings)
    except (KeysUnusable, OSError) as error:
        yield failure(
            "our keys", str(error), "mend the key file; it is made anew if it is not there"
        )
        return
    yield from tls_lines(tenant)
    yield from _over_the_wire(subject)


def _over_the_wire(subject: Subject) -> Iterator[Line]:
    try:
        found = discover(subject.tenant.issuer, subject.ehr.egress)
    except EhrUnavailable as error:
        yield unknown(
            "discovery", str(error), "is the EHR up, and this machine allowed to reach it?"
        )
        return
    except EhrMisconfigured as error:
        yield failure("discovery", str(error), "is issuer the FHIR base URL, to the letter?")
        return
    yield from _of_found(subject, found)


def _of_found(subject: Subject, found: Discovered) -> Iterator[Line]:
    yield clock_line(subject)
    usable, lines = discovery_lines(subject, found)
    yield from lines
    if not usable:
        return
    yield from key_lines(subject)
    yield from scope_lines(subject, found)
    granted = yield from backend_line(subject)
    yield from resource_lines(subject, found.statement, granted)
    yield route_line(subject.tenant, found.statement, granted)
