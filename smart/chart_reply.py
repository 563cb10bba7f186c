"""One HTTP answer of an EHR, as far as a write looks at it. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from safeguards.strict_json import Malformed, loads

FAULTS_OF_OURS = frozenset({"required", "structure", "business-rule", "invalid", "value"})
"""Issue types by which a server says, whatever the status, that the resource is at fault."""

_LIMIT = 32_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (names in lower case) and the FHIR resource in the body, if there is one.

    `legible` is False where the body holds anything but one FHIR resource.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    resource: Mapping[str, Any] | None = None
    legible: bool = True

    @classmethod
    def read(cls, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        """Read an answer; an empty body is legible."""
        lowered = {name.lower(): value for name, value in headers.items()}
        if not body.strip():
            return cls(status, lowered)
        try:
            document = loads(body, limit=_LIMIT)
        except Malformed:
            return cls(status, lowered, legible=False)
        if not isinstance(document, dict) or not isinstance(document.get("resourceType"), str):
            return cls(status, lowered, legible=False)
        return cls(status, lowered, document)

    @classmethod
    def of_entry(cls, entry: object) -> Answer:
        """Turn an entry of a transaction-response into the answer it would have been alone."""
        response = entry.get("response") if isinstance(entry, Mapping) else None
        if not isinstance(entry, Mapping) or not isinstance(response, Mapping):
            return cls(0, legible=False)
        status = str(response.get("status", ""))[:3]
        headers = {name: str(response[name]) for name in ("location", "etag") if response.get(name)}
        shown = entry.get("resource")
        resource = shown if isinstance(shown, Mapping) else None
        return cls(int(status) if status.isdecimal() else 0, headers, resource)

    @property
    def kind(self) -> str:
        """The type of the resource in the body, or ""."""
        return str((self.resource or {}).get("resourceType", ""))

    @property
    def reason(self) -> str:
        """What the EHR answered, in its issue codes: its free text may speak of patients."""
        codes = ", ".join(sorted({code for code, _ in self._issues()}))
        return f"The EHR answered {self.status}" + (f" ({codes})" if codes else "")

    @property
    def failed(self) -> bool:
        """Whether an OperationOutcome says that it failed, whatever the status."""
        return any(severity in ("error", "fatal") for _, severity in self._issues())

    @property
    def blames_resource(self) -> bool:
        """Whether an OperationOutcome says that the fault is in what was sent."""
        return any(code in FAULTS_OF_OURS for code, _ in self._issues())

    def _issues(self) -> list[tuple[str, str]]:
        issues = (self.resource or {}).get("issue") if self.kind == "OperationOutcome" else None
        return [
            (str(issue.get("code"))[:40], str(issue.get("severity")))
            for issue in (issues if isinstance(issues, list) else [])
            if isinstance(issue, Mapping)
        ]


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the seconds an EHR asks us to wait: seconds or a date, or Azure's milliseconds."""
    milliseconds = _number(headers.get("x-ms-retry-after-ms", ""))
    if milliseconds is not None:
        return max(milliseconds / 1000, 0.0)
    text = headers.get("retry-after", "").strip()
    seconds = _number(text)
    if seconds is not None or not text:
        return None if seconds is None else max(seconds, 0.0)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max((until - (now or datetime.now(UTC))).total_seconds(), 0.0)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
