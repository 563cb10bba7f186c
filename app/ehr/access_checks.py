"""Access without a user: a Backend token, and whether each kind of resource can be read."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from app.ehr.report import Line, failure, good, unknown, warning
from app.ehr.statement import Statement
from app.ehr.subject import Subject
from app.registration_values import load
from safeguards.egress import Egress, EgressError, Token
from safeguards.strict_json import Malformed, loads
from smart.backend_services import BackendToken
from smart.errors import EhrError, EhrUnavailable
from smart.lenient import mapping
from smart.scopes import parse

NOBODY = "wristchart-check"
"""No resource has this id: the search shows whether reading works and brings nobody's data."""

MAXIMUM_BYTES = 1_000_000


def backend_line(subject: Subject) -> Generator[Line, None, BackendToken | None]:
    """Ask for a token by client credentials; returns the access where it was granted."""
    part, tenant = "Backend Services", subject.tenant
    if not tenant.backend_client_id:
        yield good(part, "not registered: nothing is written to the chart")
        return None
    access = BackendToken(subject.ehr)
    try:
        access.token()
    except EhrUnavailable as error:
        yield unknown(part, str(error), "check again")
        return None
    except EhrError as error:
        yield failure(
            part, str(error), "is the client id right, the JWKS URL registered, the scope allowed?"
        )
        return None
    withheld = sorted(set(_withheld(subject, access)))
    if withheld:
        yield warning(part, f"a token without {' '.join(withheld)}", "grant these in the EHR")
    else:
        yield good(part, "a token with every scope asked for")
    return access


def _withheld(subject: Subject, access: BackendToken) -> Iterator[str]:
    for scope in filter(None, map(parse, subject.tenant.backend_scopes)):
        for letter in scope.letters:
            if not access.allows(scope.kind, letter):
                yield f"system/{scope.kind}.{letter}"


def resource_lines(
    subject: Subject, statement: Statement | None, access: BackendToken | None
) -> Iterator[Line]:
    """One line for each kind of resource that this tenant asks to read."""
    asked = [*subject.tenant.scopes, *subject.tenant.backend_scopes]
    scopes = [scope for scope in map(parse, asked) if scope and set(scope.letters) & set("rs")]
    for kind in dict.fromkeys(scope.kind for scope in scopes if scope.kind != "*"):
        if access is not None and access.allows(kind, "s"):
            yield _read(subject, kind, access)
        else:
            yield stated(kind, statement)


def stated(kind: str, statement: Statement | None) -> Line:
    """What the CapabilityStatement says, where no token of ours reaches the kind."""
    part = f"read {kind}"
    if statement is None:
        return warning(part, "no CapabilityStatement to go by", "try a launch")
    if statement.offers_all(kind, "s") or statement.offers_all(kind, "r"):
        return good(part, "offered by the CapabilityStatement")
    mend = f"take {kind} out of scopes: the page says that this part is missing"
    if kind in {each.kind for each in load().reads if each.needed}:
        return failure(
            part, "not offered by the CapabilityStatement", "ask the vendor: it is needed"
        )
    return warning(part, "not offered by the CapabilityStatement", mend)


def _read(subject: Subject, kind: str, access: BackendToken) -> Line:
    part, url = f"read {kind}", f"{subject.base}/{kind}?_id={NOBODY}&_count=1"
    try:
        status, body = _get(subject.ehr.egress, url, Token(subject.base, access.token()))
    except (EgressError, EhrError) as error:
        return unknown(part, str(error), "check again")
    if status == 200 and _is_bundle(body):
        return good(part, "by a search with the Backend token")
    if status in (401, 403):
        return failure(part, f"answered {status}", f"grant system/{kind}.rs to the backend client")
    return warning(
        part, f"a search by _id answered {status}", "some EHRs search by patient only: try a launch"
    )


def _get(egress: Egress, url: str, token: Token) -> tuple[int, bytes]:
    headers = {"Accept": "application/fhir+json"}
    answer = egress.get(url, headers=headers, bearer=token, maximum_bytes=MAXIMUM_BYTES)
    return answer.status_code, answer.content


def _is_bundle(body: bytes) -> bool:
    try:
        return mapping(loads(body)).get("resourceType") == "Bundle"
    except Malformed:
        return False
