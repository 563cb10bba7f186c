"""What the demo's people do by themselves: patients link their wearables, a patch is paired."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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


WEARERS = (
    Wearer("marit-solheim", "google_health", "marit"),
    Wearer("jonas-berg", "withings", "jonas"),
    Wearer("amara-okafor", "google_health", "amara"),
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

    def invite(self, patient: str) -> str:
        """Make an invitation and return its link."""
        return str(self._post("invitations", patient)["url"])

    def ecg_token(self, patient: str) -> str:
        """Return a token with which the patient's patch may stream."""
        return str(self._post("ecg-tokens", patient)["token"])

    def _post(self, what: str, patient: str) -> dict[str, object]:
        answer = requests.post(
            f"{self._api_url}/api/v1/patient/{what}",
            headers=self._as(patient),
            json={},
            timeout=_SECONDS,
        )
        answer.raise_for_status()
        document: dict[str, object] = answer.json()
        return document

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


def link(backend: Backend, wearer: Wearer) -> None:
    """Walk through the link pages as the patient would; raises LinkFailed."""
    browser = requests.Session()
    browser.trust_env = False
    consent = browser.get(f"{backend.invite(wearer.patient)}/{wearer.vendor}", timeout=_SECONDS)
    action, values = _form(consent)
    done = browser.post(
        urljoin(consent.url, action),
        data={**values, "user": wearer.user, "approve": "yes"},
        timeout=_SECONDS,
    )
    if not done.ok:
        raise LinkFailed(f"{wearer.patient}, {wearer.vendor}: {done.status_code} at {done.url}")


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
