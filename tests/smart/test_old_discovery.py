"""Discovery beside the usual way: old servers, odd capitals, and how long it is kept."""

from __future__ import annotations

from typing import Any

import pytest
from requests import Response
from structlog.testing import capture_logs

from smart.cached import freshness
from smart.capability_statement import CAPABILITIES, OAUTH_URIS
from smart.ehr import Ehr
from smart.errors import EhrMisconfigured, EhrUnavailable
from tests.support.stub_ehr import StubEhr

WELL_KNOWN = "/fhir/.well-known/smart-configuration"
METADATA = "/fhir/metadata"


def statement(stub: StubEhr, **uris: str) -> dict[str, Any]:
    known = {"authorize": f"{stub.url}/auth/authorize", "token": f"{stub.url}/auth/token"}
    parts = [{"url": name, "valueUri": uri} for name, uri in (known | uris).items()]
    return {
        "resourceType": "CapabilityStatement",
        "rest": [
            {
                "mode": "server",
                "security": {
                    "extension": [
                        {"url": OAUTH_URIS, "extension": parts},
                        {"url": CAPABILITIES, "valueCode": "launch-ehr"},
                        {"url": "https://vendor.example/other", "valueCode": "permission-v2"},
                    ]
                },
            }
        ],
    }


def test_an_old_server_is_read_from_its_capability_statement(ehr: Ehr, stub: StubEhr) -> None:
    stub.statuses[WELL_KNOWN] = 404
    stub.documents[METADATA] = statement(stub, revoke=f"{stub.url}/auth/revoke")
    with capture_logs() as logs:
        found = ehr.configuration()
    assert found.source == "capability-statement"
    assert found.token_endpoint == f"{stub.url}/auth/token"
    assert found.revocation_endpoint == f"{stub.url}/auth/revoke"
    assert found.capabilities == {"launch-ehr"}
    assert ehr.asked(("patient/Patient.rs",)) == ("patient/Patient.read",)
    assert [entry["event"] for entry in logs] == ["discovered from the capability statement"]


@pytest.mark.parametrize("status", [500, 502, 503, 429, 400, 401, 403, 410, 302])
def test_only_a_404_leads_there(ehr: Ehr, stub: StubEhr, status: int) -> None:
    stub.statuses[WELL_KNOWN] = status
    stub.documents[METADATA] = statement(stub)
    with pytest.raises((EhrUnavailable, EhrMisconfigured)):
        ehr.configuration()
    assert stub.to(METADATA) == []


@pytest.mark.parametrize(
    "uris",
    [
        {"token": "https://evil.example/token"},
        {"authorize": "https://evil.example/authorize"},
        {"token": ""},
    ],
)
def test_its_endpoints_are_pinned_as_well(ehr: Ehr, stub: StubEhr, uris: dict[str, str]) -> None:
    stub.statuses[WELL_KNOWN] = 404
    stub.documents[METADATA] = statement(stub, **uris)
    with pytest.raises(EhrMisconfigured):
        ehr.configuration()


@pytest.mark.parametrize("document", [{"rest": 7}, {"rest": [None, {}]}, {"a": 1}])
def test_a_statement_that_says_nothing_is_no_discovery(
    ehr: Ehr, stub: StubEhr, document: dict[str, Any]
) -> None:
    stub.statuses[WELL_KNOWN] = 404
    stub.documents[METADATA] = document
    with pytest.raises(EhrMisconfigured, match="authorization_endpoint"):
        ehr.configuration()


def test_an_old_server_that_names_itself_nowhere_is_asked_whom_its_token_names(
    ehr: Ehr, stub: StubEhr
) -> None:
    stub.statuses[WELL_KNOWN] = 404
    stub.documents[METADATA] = statement(stub)
    assert ehr.identity_issuer(stub.base) == stub.base
    with pytest.raises(EhrMisconfigured):
        ehr.identity_issuer("https://evil.example")


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (None, 600),
        ("max-age=900", 900),
        ("public, max-age=120", 120),
        ("Max-Age=120, must-revalidate", 120),
        ('max-age="120"', 120),
        ("max-age=5", 60),
        ("max-age=0", 60),
        ("max-age=31536000", 3600),
        ("no-store", 60),
        ("no-cache, max-age=900", 60),
        ("s-maxage=900", 600),
        ("max-age=soon", 600),
        ("max-age=99999999999999999999", 600),
    ],
)
def test_discovery_is_kept_as_long_as_the_ehr_says_within_bounds(
    said: str | None, seconds: float
) -> None:
    answer = Response()
    answer.headers.update({"Cache-Control": said} if said is not None else {})
    assert freshness(answer) == seconds


def test_what_is_stale_is_fetched_again(
    ehr: Ehr, stub: StubEhr, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub.headers[WELL_KNOWN] = {"Cache-Control": "max-age=0"}
    monkeypatch.setattr("smart.cached.SHORTEST_SECONDS", 0.0)
    ehr.configuration()
    ehr.configuration()
    assert len(stub.to(WELL_KNOWN)) == 2


@pytest.mark.parametrize("methods", [["S256"], ["plain", "S256"]])
def test_s256_is_what_counts(ehr: Ehr, stub: StubEhr, methods: list[str]) -> None:
    stub.configuration = {"code_challenge_methods_supported": methods}
    assert ehr.configuration().source == "smart-configuration"
