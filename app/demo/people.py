"""What the demo's people do by themselves: patients say what they share, and link wearables."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser
from urllib.parse import urljoin

import requests

from safeguards.assertions import Asker, Signer

_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Wearer:
    """A synthetic patient and the account they have with a wearable vendor."""

    patient: str
    vendor: str
    user: str
    born: date


@dataclass(frozen=True, slots=True)
class Invited:
    """What the care team hands to a patient: the link, and a code told in person."""

    url: str
    code: str


WEARERS = (
    Wearer("marit-solheim", "google_health", "marit", date(1958, 3, 14)),
    Wearer("jonas-berg", "withings", "jonas", date(1949, 7, 2)),
    Wearer("amara-okafor", "google_health", "amara", date(1971, 11, 23)),
    Wearer("elena-rossi", "google_health", "elena", date(1964, 5, 30)),
)
PATCH_PATIENT = "marit-solheim"


class LinkFailed(Exception):
    """A patient could not link a wearable; the message says where it stopped."""


class Backend:
    """The aggregation backend, asked on behalf of the demo's care team."""

    def __init__(self, api_url: str, signer: Signer, tenant: str, issuer: str) -> None:
        self._api_url = api_url
        self._signer = signer
        self._tenant = tenant
        self._issuer = issuer

    def is_linked(self, wearer: Wearer) -> bool:
        """Tell whether the patient has linked this vendor already."""
        answer = requests.get(
            f"{self._api_url}/api/v1/patient", headers=self._as(wearer.patient), timeout=_SECONDS
        )
        answer.raise_for_status()
        return any(link["vendor"] == wearer.vendor for link in answer.json()["linked"])

    def invite(self, patient: str, born: date) -> Invited:
        """Make an invitation for a patient whose chart has this date of birth."""
        made = self._post("invitations", patient, {"birth_date": born.isoformat()})
        return Invited(str(made["url"]), str(made["code"]))

    def ecg_token(self, patient: str) -> str:
        """Return a token with which the patient's patch may stream."""
        return str(self._post("ecg-tokens", patient, {})["token"])

    def own_page(self, vendor: str) -> str:
        """Where a patient leaves for a vendor's consent page."""
        return f"{self._api_url}/link/me/{vendor}"

    def _post(self, what: str, patient: str, document: dict[str, str]) -> dict[str, object]:
        answer = requests.post(
            f"{self._api_url}/api/v1/patient/{what}",
            headers={**self._as(patient), "Idempotency-Key": str(uuid.uuid4())},
            json=document,
            timeout=_SECONDS,
        )
        answer.raise_for_status()
        made: dict[str, object] = answer.json()
        return made

    def _as(self, patient: str) -> dict[str, str]:
        asker = Asker(
            tenant=self._tenant,
            issuer=self._issuer,
            patient=patient,
            user="Practitioner/ingrid-lind",
            user_name="Dr Ingrid Lind",
            context="demo",
            scopes=frozenset({"chart.read", "people.invite", "ecg.write"}),
        )
        return {"Authorization": f"Bearer {self._signer.sign(asker, 'wristchart-api')}"}


def share(backend: Backend, patient: str, born: date) -> requests.Session:
    """Use an invitation as the patient would and agree to everything; raises LinkFailed.

    Returns the patient's browser.
    """
    browser = requests.Session()
    browser.trust_env = False
    invited = backend.invite(patient, born)
    proof = {"birth_date": born.isoformat(), "code": invited.code}
    page = browser.post(f"{invited.url}/proof", data=proof, timeout=_SECONDS)
    _, values = _form(page)
    agreed = browser.post(
        urljoin(page.url, "/link/me/consent"),
        data={"form": values["form"], "choice": "everything"},
        timeout=_SECONDS,
    )
    _require(agreed, patient)
    return browser


def link(backend: Backend, wearer: Wearer) -> None:
    """Walk through the pages as the patient would, and the vendor's; raises LinkFailed."""
    browser = share(backend, wearer.patient, wearer.born)
    consent = browser.get(backend.own_page(wearer.vendor), timeout=_SECONDS)
    action, values = _form(consent)
    done = browser.post(
        urljoin(consent.url, action),
        data={**values, "user": wearer.user, "approve": "yes"},
        timeout=_SECONDS,
    )
    _require(done, f"{wearer.patient}, {wearer.vendor}")


def _require(answer: requests.Response, who: str) -> None:
    if not answer.ok:
        raise LinkFailed(f"{who}: {answer.status_code} at {answer.url}")


def link_all(backend: Backend) -> Iterator[Wearer]:
    """Link every wearer who has not linked yet; yield those who now have."""
    for wearer in WEARERS:
        if not backend.is_linked(wearer):
            link(backend, wearer)
            yield wearer


class _FormParser(HTMLParser):
    """Reads a page's one form: where it goes and its hidden values."""

    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.values: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self.action = found.get("action") or ""
        elif tag == "input" and found.get("type") == "hidden":
            self.values[found.get("name") or ""] = found.get("value") or ""


def _form(page: requests.Response) -> tuple[str, dict[str, str]]:
    parser = _FormParser()
    parser.feed(page.text)
    if not page.ok or parser.action is None:
        raise LinkFailed(f"{page.status_code} at {page.url}: no consent form")
    return parser.action, parser.values
