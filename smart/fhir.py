"""Reading FHIR R4: single resources and searches, never leaving the EHR's base."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Protocol
from urllib.parse import urlencode

from requests import Response

from safeguards.egress import Egress, Token
from smart.ahead import WORTH_SECONDS, Ahead, next_in_line
from smart.answers import json_object, send
from smart.bearer import Bearer
from smart.errors import AuthorizationLost, EhrError, EhrMisconfigured, NotFound, NotPermitted
from smart.gaps import reason_for
from smart.identifiers import FHIR_ID
from smart.lenient import mappings
from smart.pages import Found, Resource, bundle, next_link, take
from smart.patience import Budget, patiently
from smart.references import inside, resolved

__all__ = ["FhirReader", "Found", "Resource"]

MAXIMUM_BYTES = 16_000_000
MAXIMUM_PAGES = 100
HEADERS = {"Accept": "application/fhir+json"}


class Take(Protocol):
    """Is given the resources of each page while the next one is on its way."""

    def __call__(self, resources: list[Resource], found: Found, /) -> object: ...


class FhirReader:
    """Reads from one FHIR base with one launch's access. Thread-safe.

    A GET that the EHR is too busy for is repeated (see `smart.patience`).
    """

    def __init__(self, base: str, egress: Egress, bearer: Bearer) -> None:
        self.base = base.rstrip("/")
        self._egress = egress
        self._bearer = bearer

    def read(self, kind: str, identifier: str, budget: Budget | None = None) -> Resource:
        """Read one resource.

        Raises NotFound, NotPermitted, AuthorizationLost, EhrUnavailable, EhrMisconfigured.
        """
        if not FHIR_ID.fullmatch(identifier):
            raise NotFound("not a FHIR id")
        answer = self._get(f"{self.base}/{kind}/{identifier}", budget or Budget())
        resource = json_object(answer, limit=MAXIMUM_BYTES)
        if resource.get("resourceType") != kind or resource.get("id") != identifier:
            raise EhrMisconfigured(f"asked for a {kind}, the answer is something else")
        return resource

    def search(
        self,
        kind: str,
        parameters: Mapping[str, str],
        *,
        each: Take | None = None,
        most_pages: int = MAXIMUM_PAGES,
        budget: Budget | None = None,
    ) -> Found:
        """Search, following pages; raises as `read` does where the first page cannot be read.

        A later page that cannot be read, or a link out of the EHR, ends the search with a
        problem. Entries that are not usable are left out and counted as a problem.
        """
        found = Found()
        url = f"{self.base}/{kind}?{urlencode(parameters)}"
        for page in self._pages(url, found.problems, most_pages, budget or Budget()):
            resources = take(page, kind, found)
            if each is not None:
                each(resources, found)
        if found.quarantined:
            found.problems.append(
                f"Entries that could not be understood: {len(found.quarantined)}."
            )
        return found

    def _pages(
        self, url: str, problems: list[str], most_pages: int, budget: Budget
    ) -> Iterator[Resource]:
        began = time.monotonic()
        page = self._page(url, budget)
        waited = time.monotonic() - began
        seen = [url]
        with Ahead(lambda u: self._page(u, budget), is_worth_it=waited > WORTH_SECONDS) as ahead:
            while link := next_link(page):
                url = resolved(self.base, link)
                if problem := self._wrong(url, seen, most_pages, budget):
                    problems.append(problem)
                    break
                ahead.start(url)
                if ahead.is_worth_it and (foreseen := self._foreseen(seen, url, page, most_pages)):
                    ahead.start(foreseen)
                yield page
                try:
                    page = ahead.page(url)
                except EhrError as error:
                    read = len(seen)
                    problems.append(f"Only the first {read} pages were read. {reason_for(error)}")
                    return
                seen.append(url)
            yield page

    def _foreseen(self, seen: list[str], url: str, page: Resource, most_pages: int) -> str:
        """The address of the page after `url`, if the EHR counts its pages and says of one more."""
        foreseen = next_in_line(seen[-1], url)
        total, pages = page.get("total"), len(seen) + 1
        is_there = isinstance(total, int) and total > pages * len(mappings(page.get("entry")))
        fits = is_there and pages < most_pages and inside(self.base, foreseen)
        return foreseen if fits else ""

    def _wrong(self, url: str, seen: list[str], most_pages: int, budget: Budget) -> str:
        if not inside(self.base, url):
            return "Further entries lie outside the EHR and were not fetched."
        if url in seen or len(seen) >= MAXIMUM_PAGES:
            return "The EHR's list does not come to an end; the rest was not read."
        if len(seen) >= most_pages:
            return f"Only the first {most_pages} pages were read; there are more."
        if budget.left <= 0:
            return f"Only the first {len(seen)} pages were read. The EHR takes too long."
        return ""

    def _page(self, url: str, budget: Budget) -> Resource:
        return bundle(self._get(url, budget).content, MAXIMUM_BYTES)

    def _get(self, url: str, budget: Budget) -> Response:
        return patiently(lambda: self._answer(url), budget)

    def _answer(self, url: str) -> Response:
        token = self._bearer.token()
        answer = self._send(url, token)
        if answer.status_code == 401:
            answer = self._send(url, self._bearer.renewed(token))
        _check(answer.status_code)
        return answer

    def _send(self, url: str, token: str) -> Response:
        return send(
            self._egress,
            "GET",
            url,
            headers=HEADERS,
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
