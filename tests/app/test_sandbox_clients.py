"""Every type of client and every launch, against the demo EHR's own strict sign-in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from smart.token_endpoint import introspect, revoke_all
from tests.support.hospital import WEB, Hospital

Opener = Callable[..., Hospital]


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[Opener]:
    opened: list[Hospital] = []

    def opener(kind: str = "asymmetric", **tenant: Any) -> Hospital:
        opened.append(Hospital(tmp_path, kind, **tenant))
        return opened[-1]

    yield opener
    for each in opened:
        each.close()


@pytest.mark.parametrize(
    ("kind", "tenant"),
    [
        ("public", {}),
        ("symmetric", {}),
        ("asymmetric", {"signing_algorithm": "ES384"}),
        ("asymmetric", {"signing_algorithm": "RS384"}),
    ],
)
def test_every_type_of_client_launches_refreshes_and_revokes(
    hospital: Opener, kind: str, tenant: dict[str, Any]
) -> None:
    ehr = hospital(kind, **tenant)
    browser = ehr.web.test_client()
    identifier = ehr.launch(browser, "marit-solheim").split("/")[2]
    contexts, client = ehr.parts.contexts, ehr.parts.ehrs["sandbox"]
    tokens = contexts.tokens(identifier)
    assert (introspect(client, tokens.access) or {})["patient"] == "marit-solheim"
    renewed = ehr.access(browser, identifier).renewed(tokens.access)
    assert reads(ehr, renewed) == 200
    assert revoke_all(client, renewed, contexts.tokens(identifier).refresh)
    assert introspect(client, renewed) is None
    assert reads(ehr, renewed) == 401


def reads(ehr: Hospital, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{ehr.url}/fhir/Patient/marit-solheim"
    return requests.get(url, headers=headers, timeout=10).status_code


@pytest.mark.parametrize("patient", ["jonas-berg", "amara-okafor"])
def test_a_patient_picked_at_the_ehr_is_the_one_shown(hospital: Opener, patient: str) -> None:
    ehr = hospital()
    browser = ehr.web.test_client()
    path = ehr.start(browser, patient)
    assert browser.get(path, base_url=WEB).status_code == 200
    assert ehr.context(browser, path.split("/")[2]).facts.patient == patient


def test_the_key_address_is_checked_by_the_ehr(hospital: Opener) -> None:
    ehr = hospital(jwks_url="https://another.example/jwks.json")
    with pytest.raises(AssertionError, match="not set up to work together"):
        ehr.launch(ehr.web.test_client(), "marit-solheim")
