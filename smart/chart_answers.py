"""What an EHR's answer to a write means. Pure: status, headers and body in, an outcome out.

After the table of measured EHR behaviour: Oracle Health answers a stale If-Match with 409 and a
missing field with 500, some answer 201 without a body, proxies answer 200 with HTML.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from safeguards.strict_json import Malformed, loads
from smart.references import local_id
from wearable_agg.delivery.chart import (
    Ambiguous,
    Conflict,
    Created,
    Existed,
    Failure,
    Identifier,
    Mismatched,
    NotSent,
    Outcome,
    Refused,
    Rejected,
    Several,
    Throttled,
    Updated,
)

FAULTS_OF_OURS = frozenset({"required", "structure", "business-rule", "invalid", "value"})
"""Issue types by which a server says, whatever the status, that the resource is at fault."""

_ETAG = re.compile(r'(?:W/)?"([^"]+)"')
_LIMIT = 32_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; header names in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def resource(self) -> dict[str, Any] | None:
        """The FHIR resource in the body, or None where it holds anything else."""
        try:
            document = loads(self.body, limit=_LIMIT) if self.body.strip() else None
        except Malformed:
            return None
        return document if isinstance(document, dict) and "resourceType" in document else None


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer must be about; `identifier` is None where it was given by id."""

    base: str
    kind: str
    patient: str
    identifier: Identifier | None = None


def created(answer: Answer, expected: Expected) -> Outcome:
    """Read the answer to a conditional create of one resource."""
    if answer.status in (200, 201):
        return _stored(answer, expected)
    if answer.status == 409:
        return Ambiguous("The EHR answered 409 to a create")
    if answer.status == 412:
        return Several("The EHR holds several with our identifier")
    return failure(answer)


def updated(answer: Answer, expected: Expected) -> Outcome:
    """Read the answer to an update by id with If-Match."""
    if answer.status in (409, 412, 428):
        return Conflict(f"The EHR answered {answer.status}: changed since it was read")
    if answer.status in (200, 201):
        outcome = _stored(answer, expected)
        if isinstance(outcome, Created | Existed):
            return Updated(outcome.reference, outcome.version)
        return outcome
    return failure(answer)


def transacted(answer: Answer, count: int, place: int, expected: Expected) -> Outcome:
    """Read the answer to a transaction of `count` entries, of which `place` is the main one.

    Existed here still needs a look at what existed, unless the answer carries it.
    """
    if answer.status != 200:
        return failure(answer)
    bundle = answer.resource
    entries = bundle.get("entry") if bundle else None
    if not bundle or bundle.get("type") != "transaction-response" or not isinstance(entries, list):
        return _not_success(answer)
    answers = [_entry_answer(entry) for entry in entries]
    if len(answers) != count or any(not 200 <= each.status < 300 for each in answers):
        return Ambiguous("The EHR did not answer every part of the transaction with success")
    return created(answers[place], expected)


def failure(answer: Answer) -> Failure:
    """Say what an answer other than success means, whatever was asked."""
    reason = _reason(answer)
    match answer.status:
        case 401:
            return Refused("The EHR does not accept our access, even with a new token")
        case 403:
            return Refused(f"{reason}: not permitted")
        case 404 | 410:
            return Refused(f"{reason}: the patient or resource is gone, perhaps merged")
        case 405 | 501:
            return Refused(f"{reason}: the EHR does not offer this")
        case 409 | 412 | 428:
            return Conflict(reason)
        case 423 | 425 | 429 | 503:
            return Throttled(reason, retry_after(answer.headers))
        case 408:
            return Ambiguous(reason)
        case status if 300 <= status < 400:
            return Refused(f"{reason}: redirected, so the registered address may be wrong")
        case status if 400 <= status < 500:
            return Rejected(reason)
        case status if status >= 500:
            return Ambiguous(reason, rejected=_is_our_fault(answer))
        case _:
            return _not_success(answer)


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


def unsent(reason: str) -> NotSent:
    """Say that nothing reached the chart."""
    return NotSent(reason)


def misplaced(resource: Mapping[str, Any], expected: Expected) -> Mismatched | None:
    """Return an alarm where a resource is not about our patient or not the one we named."""
    subject = resource.get("subject")
    reference = subject.get("reference") if isinstance(subject, Mapping) else None
    if local_id(expected.base, reference, "Patient") != expected.patient:
        return Mismatched(f"The EHR answered with a {expected.kind} of another patient")
    if expected.identifier is not None and not _bears(resource, expected.identifier):
        return Mismatched(f"The EHR answered with a {expected.kind} that is not ours")
    return None


def _stored(answer: Answer, expected: Expected) -> Outcome:
    """Read a 200 or 201: where it is, and that it is what we sent."""
    resource = answer.resource
    if answer.body.strip() and resource is None:
        return _not_success(answer)
    if resource is not None and resource["resourceType"] == "OperationOutcome":
        if any(_severe(resource)):
            return _not_success(answer)
        resource = None
    if resource is not None:
        if resource["resourceType"] != expected.kind:
            return _not_success(answer)
        if alarm := misplaced(resource, expected):
            return alarm
    identifier = _id(answer, resource, expected)
    if not identifier:
        return _not_success(answer)
    if answer.status == 200 and resource is None:
        return Ambiguous("The EHR says that it is there already, but does not show it")
    kind = Created if answer.status == 201 else Existed
    return kind(f"{expected.kind}/{identifier}", _version(answer, resource))


def _id(answer: Answer, resource: Mapping[str, Any] | None, expected: Expected) -> str:
    location = answer.headers.get("location") or answer.headers.get("content-location")
    if resource is not None and resource.get("id"):
        return local_id(expected.base, f"{expected.kind}/{resource['id']}", expected.kind)
    return local_id(expected.base, location, expected.kind)


def _version(answer: Answer, resource: Mapping[str, Any] | None) -> str:
    meta = (resource or {}).get("meta")
    if isinstance(meta, Mapping) and meta.get("versionId"):
        return str(meta["versionId"])
    found = _ETAG.fullmatch(answer.headers.get("etag", "").strip())
    return found[1] if found else ""


def _entry_answer(entry: object) -> Answer:
    """Turn one entry of a transaction-response into the answer it would have been alone."""
    response = entry.get("response") if isinstance(entry, Mapping) else None
    if not isinstance(entry, Mapping) or not isinstance(response, Mapping):
        return Answer(0)
    status = str(response.get("status", ""))[:3]
    headers = {name: str(response[name]) for name in ("location", "etag") if response.get(name)}
    resource = entry.get("resource")
    return _EntryAnswer(int(status) if status.isdecimal() else 0, headers, resource)


@dataclass(frozen=True, slots=True)
class _EntryAnswer(Answer):
    shown: Any = None


def _not_success(answer: Answer) -> Ambiguous:
    return Ambiguous(f"{_reason(answer)}: not the success it claims to be")


def _reason(answer: Answer) -> str:
    """Say what the EHR answered, in its issue codes; its free text may speak of patients."""
    codes = sorted({code for code, _ in _issues(answer.resource)})
    return f"The EHR answered {answer.status}" + (f" ({', '.join(codes)})" if codes else "")


def _is_our_fault(answer: Answer) -> bool:
    return any(code in FAULTS_OF_OURS for code, _ in _issues(answer.resource))


def _severe(resource: Mapping[str, Any]) -> Iterator[bool]:
    return (severity in ("error", "fatal") for _, severity in _issues(resource))


def _issues(resource: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    issues = (resource or {}).get("issue")
    return [
        (str(issue.get("code"))[:40], str(issue.get("severity")))
        for issue in (issues if isinstance(issues, list) else [])
        if isinstance(issue, Mapping)
    ]


def _bears(resource: Mapping[str, Any], identifier: Identifier) -> bool:
    held = resource.get("identifier")
    return any(
        isinstance(one, Mapping)
        and (one.get("system"), one.get("value")) == (identifier.system, identifier.value)
        for one in (held if isinstance(held, list) else [])
    )


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
