"""What an EHR's answer to a write means: an answer in, an outcome out. Pure.

After measured EHR behaviour: Oracle Health answers a stale If-Match with 409 and a missing field
with 500, some answer 201 without a body, proxies answer 200 with HTML.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from smart.chart_reply import Answer, retry_after
from smart.references import local_id
from wearable_agg.delivery.chart import (
    Ambiguous,
    Conflict,
    Created,
    Existed,
    Failure,
    Identifier,
    Mismatched,
    Outcome,
    Refused,
    Rejected,
    Several,
    Throttled,
    Updated,
)

_ETAG = re.compile(r'(?:W/)?"([^"]+)"')


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
        return stored(answer, expected)
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
        outcome = stored(answer, expected)
        if isinstance(outcome, Created | Existed):
            return Updated(outcome.reference, outcome.version)
        return outcome
    return failure(answer)


def transacted(
    answer: Answer,
    count: int,
    expected: Expected,
    reading: Callable[[Answer, Expected], Outcome] = created,
) -> Outcome:
    """Read the answer to a transaction of `count` entries; the first is the main one.

    `reading` reads that entry's answer, and the whole answer where the transaction failed.
    """
    if answer.status != 200:
        return reading(answer, expected) if answer.status != 201 else _not_success(answer)
    bundle = answer.resource or {}
    entries = bundle.get("entry")
    if bundle.get("type") != "transaction-response" or not isinstance(entries, list):
        return _not_success(answer)
    answers = [Answer.of_entry(entry) for entry in entries]
    if len(answers) != count or any(not 200 <= each.status < 300 for each in answers):
        return Ambiguous("The EHR did not answer every part of the transaction with success")
    return reading(answers[0], expected)


def failure(answer: Answer) -> Failure:
    """Say what an answer other than success means, whatever was asked."""
    reason = answer.reason
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
            return Ambiguous(reason, rejected=answer.blames_resource)
        case _:
            return _not_success(answer)


def stored(answer: Answer, expected: Expected) -> Outcome:
    """Read a 200 or 201: where it is, and that it is what `expected` says."""
    shown = None if answer.kind == "OperationOutcome" else answer.resource
    if not answer.legible or answer.failed:
        return _not_success(answer)
    if shown is not None and answer.kind != expected.kind:
        return _not_success(answer)
    if shown is not None and (alarm := misplaced(shown, expected)):
        return alarm
    identifier = _id(answer, shown, expected)
    if not identifier:
        return _not_success(answer)
    if answer.status == 200 and shown is None:
        return Ambiguous("The EHR says that it is there already, but does not show it")
    outcome = Created if answer.status == 201 else Existed
    return outcome(f"{expected.kind}/{identifier}", _version(answer, shown))


def misplaced(resource: Mapping[str, Any], expected: Expected) -> Mismatched | None:
    """Return an alarm where a resource is not about our patient or not the one we named."""
    subject = resource.get("subject")
    reference = subject.get("reference") if isinstance(subject, Mapping) else None
    if local_id(expected.base, reference, "Patient") != expected.patient:
        return Mismatched(f"The EHR answered with a {expected.kind} of another patient")
    if expected.identifier is not None and not bears(resource, expected.identifier):
        return Mismatched(f"The EHR answered with a {expected.kind} that is not ours")
    return None


def bears(resource: Mapping[str, Any], identifier: Identifier) -> bool:
    """Tell whether a resource bears our identifier, or its value in a text.

    Some EHRs keep no identifier that an app sends; there a text says it.
    """
    held = resource.get("identifier")
    named = any(
        isinstance(one, Mapping)
        and (one.get("system"), one.get("value")) == (identifier.system, identifier.value)
        for one in (held if isinstance(held, list) else [held])
    )
    return named or any(identifier.value in text for text in _texts(resource))


def _texts(resource: Mapping[str, Any]) -> Iterator[str]:
    for element, name in (("note", "text"), ("payload", "contentString")):
        listed = resource.get(element)
        for one in listed if isinstance(listed, list) else []:
            if isinstance(one, Mapping) and isinstance(one.get(name), str):
                yield one[name]
    if isinstance(resource.get("description"), str):
        yield resource["description"]


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


def _not_success(answer: Answer) -> Ambiguous:
    return Ambiguous(f"{answer.reason}: not the success it claims to be")
