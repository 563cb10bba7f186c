"""Asking the backend, each time with a short-lived assertion of who asks."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from requests import Response

from clinical.findings import Decision
from safeguards.assertions import Asker, Signer
from safeguards.egress import Egress, EgressError, Token
from safeguards.strict_json import Malformed, dumps, loads
from wearable_agg.client.care import (
    Deliveries,
    Delivery,
    EcgToken,
    Invitation,
    Preview,
    Sharing,
    WorkItem,
    WorkItems,
)
from wearable_agg.client.errors import (
    BackendDown,
    BackendError,
    BackendSilent,
    NotAllowed,
    NotFound,
    Refused,
    Stale,
)
from wearable_agg.client.model import (
    Beats,
    Buckets,
    Days,
    Finding,
    Findings,
    PatientLinks,
    Rhythm,
    Strip,
)
from wearable_agg.client.reading import read

AUDIENCE = "wristchart-api"
MOST_BYTES = 8 * 1024 * 1024

Model = TypeVar("Model")

_ERRORS: Mapping[int, type[BackendError]] = {
    401: NotAllowed,
    403: NotAllowed,
    404: NotFound,
    409: Stale,
}
_IN_FLIGHT = "urn:wristchart:problem:in-flight"


class ApiClient:
    """The backend's routes as functions.

    Each raises BackendDown, BackendSilent where no answer came, and NotAllowed where the asker's
    scopes or the patient's consent do not reach so far. One client serves all threads; connections
    are pooled by the Egress.
    """

    def __init__(self, base_url: str, signer: Signer, egress: Egress) -> None:
        self._root = f"{base_url.rstrip('/')}/api/v1"
        self._base = f"{self._root}/patient"
        self._signer, self._egress = signer, egress

    def patient(self, asker: Asker) -> PatientLinks:
        """Return which wearables the patient has linked."""
        return self._get(PatientLinks, asker, "")

    def days(self, asker: Asker, first: date, last: date) -> Days:
        """Return each local day from `first` up to, not including, `last`."""
        return self._get(Days, asker, "/days", {"from": f"{first}", "to": f"{last}"})

    def heart_rate(self, asker: Asker, start: datetime, end: datetime) -> Buckets:
        """Return heart rate between two instants in at most 900 buckets."""
        return self._get(Buckets, asker, "/heart-rate", _window(start, end))

    def rhythm(self, asker: Asker, start: datetime, end: datetime) -> Rhythm:
        """Return episodes of possible atrial fibrillation between two instants."""
        return self._get(Rhythm, asker, "/rhythm", _window(start, end))

    def findings(self, asker: Asker) -> tuple[Finding, ...]:
        """Return every finding of the patient, the latest first."""
        found: list[Finding] = []
        cursor: str | None = ""
        while cursor is not None:
            page = self._get(Findings, asker, "/findings", {"cursor": cursor})
            found += page.findings
            cursor = page.next
        return tuple(found)

    def strip(self, asker: Asker, finding_id: str) -> Strip | None:
        """Return the ECG behind a finding, None where there is none."""
        try:
            return self._get(Strip, asker, f"/findings/{finding_id}/strip")
        except NotFound:
            return None

    def beats(self, asker: Asker, finding_id: str) -> Beats | None:
        """Return the heart beats behind a finding without an ECG, None where there are none."""
        try:
            return self._get(Beats, asker, f"/findings/{finding_id}/beats")
        except NotFound:
            return None

    def decide(
        self,
        asker: Asker,
        finding_id: str,
        decision: Decision,
        version: int,
        note: str,
        idempotency_key: str,
    ) -> Finding:
        """Record what the asker decides about a finding, once per `idempotency_key`.

        Raises Stale where `version` is not the present one or the finding does not stand where
        this can be decided, NotFound, and Refused.
        """
        document = {"decision": decision.value, "version": version, "note": note}
        path = f"/findings/{finding_id}/decisions"
        return self._post(Finding, asker, path, document, idempotency_key)

    def invite(self, asker: Asker, birth_date: date | None = None) -> Invitation:
        """Make an invitation with which the patient can link wearables.

        Raises Refused where the hospital proves patients by date of birth and none is given.
        """
        document = {"birth_date": birth_date and birth_date.isoformat()}
        return self._post(Invitation, asker, "/invitations", document)

    def work_items(self, asker: Asker) -> tuple[WorkItem, ...]:
        """Return what only the care team can settle."""
        return self._get(WorkItems, asker, "/work-items").items

    def settle(self, asker: Asker, item_id: str) -> tuple[WorkItem, ...]:
        """Say that an item is settled; returns what remains. Raises NotFound."""
        return self._post(WorkItems, asker, f"/work-items/{item_id}/settlement", {}).items

    def withdraw(self, asker: Asker, topics: Collection[str] | None = None) -> Sharing:
        """Record that the patient withdraws consent for topics, for all without any."""
        document = {"topics": None if topics is None else sorted(topics)}
        return self._post(Sharing, asker, "/consent/withdrawal", document)

    def deliveries(self, asker: Asker) -> Deliveries:
        """Return what waits to be written in the asker's hospital; for its operators."""
        return self._ask(Deliveries, asker, "GET", f"{self._root}/deliveries")

    def delivery(self, asker: Asker, number: int) -> Preview:
        """Return a write and what would be sent for it now. Raises NotFound."""
        return self._ask(Preview, asker, "GET", f"{self._root}/deliveries/{number}")

    def replay(self, asker: Asker, number: int, idempotency_key: str) -> Delivery:
        """Have a write that waits for a person begin anew. Raises NotFound."""
        url = f"{self._root}/deliveries/{number}/replay"
        return self._post_to(Delivery, asker, url, {}, idempotency_key)

    def ecg_token(self, asker: Asker) -> EcgToken:
        """Return a token with which the patient's ECG device can stream."""
        return self._post(EcgToken, asker, "/ecg-tokens", {})

    def _get(
        self, model: type[Model], asker: Asker, path: str, query: Mapping[str, str] | None = None
    ) -> Model:
        return self._ask(model, asker, "GET", self._base + path, params=query or {})

    def _post(
        self,
        model: type[Model],
        asker: Asker,
        path: str,
        document: Mapping[str, object],
        idempotency_key: str = "",
    ) -> Model:
        key = idempotency_key or str(uuid.uuid4())
        return self._post_to(model, asker, self._base + path, document, key)

    def _post_to(
        self, model: type[Model], asker: Asker, url: str, document: Mapping[str, object], key: str
    ) -> Model:
        sent = {"Idempotency-Key": key, "Content-Type": "application/json"}
        return self._ask(model, asker, "POST", url, data=dumps(document), headers=sent)

    def _ask(
        self,
        model: type[Model],
        asker: Asker,
        method: str,
        url: str,
        **options: Any,
    ) -> Model:
        bearer = Token(self._root, self._signer.sign(asker, AUDIENCE))
        try:
            answer = self._egress.request(method, url, bearer=bearer, **options)
        except EgressError as error:
            raise BackendSilent(str(error)) from error
        return _understood(model, answer)


def _understood(model: type[Model], answer: Response) -> Model:
    if not answer.ok:
        raise _error(answer)(f"{answer.status_code}: {answer.text[:300]}")
    try:
        return read(model, loads(answer.content, limit=MOST_BYTES))
    except (Malformed, TypeError, KeyError, ValueError) as error:
        raise BackendDown(f"an answer of another shape: {error!r}") from error


def _error(answer: Response) -> type[BackendError]:
    if answer.status_code == 409 and _IN_FLIGHT in answer.text:
        return BackendDown
    usual = Refused if answer.status_code < 500 else BackendDown
    return _ERRORS.get(answer.status_code, usual)


def _window(start: datetime, end: datetime) -> dict[str, str]:
    return {"from": start.isoformat(), "to": end.isoformat()}
