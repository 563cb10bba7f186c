"""Reading FHIR R4: single resources and searches, never leaving the EHR's base."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from requests import Response

from safeguards.egress import Egress, Token
from smart.answers import json_object, send
from smart.bearer import Bearer
from smart.errors import (
    AuthorizationLost,
    EhrError,
    EhrMisconfigured,
    EhrUnavailable,
    NotFound,
    NotPermitted,
)
from smart.gaps import reason_for
from smart.references import inside, resolved
from smart.token_response import FHIR_ID

MAXIMUM_BYTES = 16_000_000
MAXIMUM_PAGES = 100

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search brought; `problems` says in a sentence each what it did not."""

    resources: list[Resource] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class FhirReader:
    """Reads from one FHIR base with one launch's access."""

    def __init__(self, base: str, egress: Egress, bearer: Bearer) -> None:
        self.base = base.rstrip("/")
        self._egress = egress
        self._bearer = bearer

    def read(self, kind: str, identifier: str) -> Resource:
        """Read one resource.

        Raises NotFound, NotPermitted, AuthorizationLost, EhrUnavailable, EhrMisconfigured.
        """
        if not FHIR_ID.fullmatch(identifier):
            raise NotFound("not a FHIR id")
        resource = self._get(f"{self.base}/{kind}/{identifier}")
        if resource.get("resourceType") != kind or resource.get("id") != identifier:
            raise EhrMisconfigured(f"asked for a {kind}, the answer is something else")
        return resource

    def search(self, kind: str, parameters: Mapping[str, str]) -> Found:
        """Search, following pages; raises as `read` does where the first page cannot be read.

        A later page that cannot be read, or a link out of the EHR, ends the search with a
        problem. Entries that are not a `kind` are left out, counted as a problem.
        """
        found = Found()
        url = f"{self.base}/{kind}?{urlencode(parameters)}"
        for page in self._pages(url, found.problems):
            _collect(page, kind, found)
        return found

    def _pages(self, url: str, problems: list[str]) -> Iterator[Resource]:
        page = _bundle(self._get(url))
        yield page
        seen = {url}
        while link := _next(page):
            url = resolved(self.base, link)
            if problem := self._wrong(url, seen):
                problems.append(problem)
                return
            seen.add(url)
            try:
                page = _bundle(self._get(url))
            except EhrError as error:
                problems.append(
                    f"Only the first {len(seen) - 1} pages were read. {reason_for(error)}"
                )
                return
            yield page

    def _wrong(self, url: str, seen: set[str]) -> str:
        if not inside(self.base, url):
            return "Further entries lie outside the EHR and were not fetched."
        if url in seen or len(seen) >= MAXIMUM_PAGES:
            return "The EHR's list does not come to an end; the rest was not read."
        return ""

    def _get(self, url: str) -> Resource:
        token = self._bearer.token()
        answer = self._send(url, token)
        if answer.status_code == 401:
            answer = self._send(url, self._bearer.renewed(token))
        _check(answer.status_code)
        return json_object(answer, limit=MAXIMUM_BYTES)

    def _send(self, url: str, token: str) -> Response:
        return send(
            self._egress,
            "GET",
            url,
            headers={"Accept": "application/fhir+json"},
            bearer=Token(self.base, token),
            maximum_bytes=MAXIMUM_BYTES,
        )


def _check(status: int) -> None:
    if status == 401:
        raise AuthorizationLost("the EHR refuses even a new token")
    if status == 403:
        raise NotPermitted("the EHR answered 403")
    if status in {404, 410}:
        raise NotFound(f"the EHR answered {status}")
    if status != 200:
        raise EhrMisconfigured(f"the EHR answered {status}")


def _bundle(resource: Resource) -> Resource:
    if resource.get("resourceType") == "OperationOutcome":
        raise EhrUnavailable("the EHR answered a search with an OperationOutcome")
    if resource.get("resourceType") != "Bundle":
        raise EhrMisconfigured("the EHR answered a search with something else")
    return resource


def _next(page: Resource) -> str:
    links = page.get("link")
    for link in links if isinstance(links, list) else []:
        if isinstance(link, dict) and link.get("relation") == "next":
            return str(link.get("url", ""))
    return ""


def _collect(page: Resource, kind: str, found: Found) -> None:
    """Sort a page's entries: what was asked for, what the EHR remarks, what is unusable."""
    entries = page.get("entry", [])
    unusable = 0
    for entry in entries if isinstance(entries, list) else [None]:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            unusable += 1
        elif resource.get("resourceType") == "OperationOutcome":
            found.problems.extend(_remarks(resource))
        elif resource.get("resourceType") == kind:
            found.resources.append(resource)
        else:
            unusable += 1
    if unusable:
        found.problems.append(f"Entries that could not be understood: {unusable}.")


def _remarks(outcome: Resource) -> Iterator[str]:
    issues = outcome.get("issue")
    for issue in issues if isinstance(issues, list) else []:
        if isinstance(issue, dict) and issue.get("severity") in {"fatal", "error", "warning"}:
            words = issue.get("diagnostics") or issue.get("code") or "no reason given"
            yield f"The EHR remarks: {str(words)[:200]}"
