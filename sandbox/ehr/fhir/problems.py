"""What can go wrong in a FHIR interaction, named by what the caller can do about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any


class FhirProblem(Exception):
    """An interaction was refused; carries the HTTP status and the OperationOutcome issue."""

    status = 500
    code = "exception"

    def __init__(self, diagnostics: str) -> None:
        super().__init__(diagnostics)
        self.diagnostics = diagnostics

    def headers(self) -> dict[str, str]:
        """Headers the answer needs besides the content type."""
        return {}


class Malformed(FhirProblem):
    """The request is not valid FHIR; change it."""

    status, code = 400, "invalid"


class Missing(Malformed):
    """A resource lacks an element that FHIR requires; add it."""

    code = "required"


class NotSupported(FhirProblem):
    """The server has no such type, parameter or interaction; ask for something else."""

    status, code = 400, "not-supported"


class WrongMethod(NotSupported):
    """No such interaction at this address."""

    status = 405


class BrokenRule(FhirProblem):
    """Valid FHIR, but the content breaks a rule of this server; correct the content."""

    status, code = 422, "business-rule"


class NotFound(FhirProblem):
    """There is nothing at this address."""

    status, code = 404, "not-found"


class Gone(FhirProblem):
    """There was something at this address; it is deleted or has expired."""

    status, code = 410, "deleted"


class Stale(FhirProblem):
    """The resource is not as the precondition says; read again and decide again."""

    status, code = 412, "conflict"


class SeveralMatches(FhirProblem):
    """A conditional interaction matched more than one resource; be more precise."""

    status, code = 412, "multiple-matches"


class NotAcceptable(FhirProblem):
    """Only JSON is spoken here."""

    status, code = 406, "not-supported"


class WrongContentType(FhirProblem):
    """The body is not declared as FHIR JSON."""

    status, code = 415, "not-supported"


class Unauthenticated(FhirProblem):
    """No valid access token; get a new one."""

    status, code = 401, "login"

    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": f'Bearer error="invalid_token", error_description="{self}"'}


class NoToken(Unauthenticated):
    """The request carries no access token at all; send one."""

    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Bearer realm="fhir"'}


class Forbidden(FhirProblem):
    """The access token does not reach this far."""

    status, code = 403, "forbidden"


class Unavailable(FhirProblem):
    """The server is down for now; try again later."""

    status, code = 503, "transient"

    def headers(self) -> dict[str, str]:
        return {"Retry-After": "5"}


class Throttled(FhirProblem):
    """Too many requests; wait as long as the header says."""

    status, code = 429, "throttled"

    def __init__(self, diagnostics: str, seconds: float, form: str) -> None:
        super().__init__(diagnostics)
        self._seconds, self._form = seconds, form

    def headers(self) -> dict[str, str]:
        if self._form == "milliseconds":
            return {"x-ms-retry-after-ms": str(round(self._seconds * 1000))}
        if self._form == "date":
            until = datetime.now(UTC) + timedelta(seconds=self._seconds)
            return {"Retry-After": format_datetime(until, usegmt=True)}
        return {"Retry-After": str(max(1, round(self._seconds)))}


def outcome(severity: str, code: str, diagnostics: str) -> dict[str, Any]:
    """An OperationOutcome with one issue."""
    issue = {"severity": severity, "code": code, "diagnostics": diagnostics}
    return {"resourceType": "OperationOutcome", "issue": [issue]}
