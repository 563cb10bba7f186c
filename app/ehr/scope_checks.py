"""Scopes asked for, against those that the EHR says it supports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.ehr.discovered import Discovered
from app.ehr.proposals import listed
from app.ehr.report import Line, failure, good, warning
from app.ehr.subject import Subject
from smart.errors import EhrError
from smart.scopes import is_version_2, parse

IDENTITY = ("openid", "fhirUser")


def scope_lines(subject: Subject, found: Discovered) -> Iterator[Line]:
    """One line for the launch's scopes, one for those of Backend Services."""
    tenant = subject.tenant
    yield from _asked(subject, "scopes of the launch", tenant.scopes, found)
    if tenant.backend_client_id:
        yield from _asked(subject, "scopes of Backend Services", tenant.backend_scopes, found)


def _asked(
    subject: Subject, part: str, wanted: tuple[str, ...], found: Discovered
) -> Iterator[Line]:
    try:
        asked = subject.ehr.asked(wanted)
    except EhrError as error:
        yield failure(part, str(error), "correct it in the settings file")
        return
    if not asked:
        yield failure(part, "none are asked for", "name scopes; `wristchart ehr add` proposes some")
        return
    yield judged(part, asked, found.words("scopes_supported"))
    if any(map(is_version_2, wanted)) and not any(map(is_version_2, asked)):
        yield good(part, "asked in version 1: the EHR does not know version 2")


def judged(part: str, asked: Iterable[str], supported: frozenset[str]) -> Line:
    """Compare; scopes_supported need not be complete, so what it lacks is a warning."""
    missing = sorted(scope for scope in asked if _is_missing(scope, supported))
    if missing:
        return warning(
            part,
            f"not among scopes_supported: {' '.join(missing)}",
            "take out what the EHR does not have: some EHRs refuse the whole sign-in for it",
        )
    return good(part, "supported" if supported else "asked for; the EHR lists none")


def _is_missing(scope: str, supported: frozenset[str]) -> bool:
    resource = parse(scope)
    if resource is not None:
        return listed(supported, resource.who, resource.kind, resource.letters) is False
    return scope in IDENTITY and bool(supported) and scope not in supported
