from __future__ import annotations

from typing import Any

import pytest

from smart.ehr import Ehr
from smart.errors import EhrMisconfigured, EhrUnavailable
from smart.keys import ClientKeys
from tests.support.stub_ehr import StubEhr


def test_discovery_is_appended_to_the_whole_fhir_base(ehr: Ehr, stub: StubEhr) -> None:
    assert ehr.configuration().token_endpoint == f"{stub.url}/auth/token"
    assert [sent.path for sent in stub.sent] == ["/fhir/.well-known/smart-configuration"]


def test_discovery_is_kept(ehr: Ehr, stub: StubEhr) -> None:
    assert ehr.configuration() == ehr.configuration()
    assert len(stub.sent) == 1


@pytest.mark.parametrize(
    ("given", "meant"),
    [("auth/token", "/fhir/auth/token"), ("/auth/token", "/auth/token"), ("../t", "/t")],
)
def test_relative_endpoints_are_beneath_the_fhir_base(
    ehr: Ehr, stub: StubEhr, given: str, meant: str
) -> None:
    stub.configuration = {"token_endpoint": given}
    assert ehr.configuration().token_endpoint == stub.url + meant


@pytest.mark.threat("T03", "T07")
@pytest.mark.parametrize(
    "wrong",
    [
        {"authorization_endpoint": "https://evil.example/authorize"},
        {"token_endpoint": "https://evil.example/token"},
        {"token_endpoint": "//evil.example/token"},
        {"token_endpoint": "http://localhost:1/token"},
        {"token_endpoint": "http://localhost@evil.example/token"},
        {"token_endpoint": "file:///etc/passwd"},
        {"revocation_endpoint": "https://evil.example/revoke"},
        {"jwks_uri": "https://evil.example/jwks"},
        {"issuer": "https://evil.example"},
        {"token_endpoint": None},
        {"authorization_endpoint": ""},
        {"token_endpoint": ["a", "b"]},
        {"code_challenge_methods_supported": ["plain"]},
        {"code_challenge_methods_supported": None},
        {"code_challenge_methods_supported": "S256"},
    ],
)
def test_a_configuration_that_cannot_be_trusted_is_refused(
    ehr: Ehr, stub: StubEhr, wrong: dict[str, Any]
) -> None:
    stub.configuration = wrong
    with pytest.raises(EhrMisconfigured):
        ehr.configuration()


def test_a_site_may_allow_endpoints_elsewhere(stub: StubEhr, keys: ClientKeys) -> None:
    stub.configuration = {"token_endpoint": "https://login.example/token"}
    ehr = Ehr(stub.tenant(endpoint_origins=("https://login.example",)), keys)
    assert ehr.configuration().token_endpoint == "https://login.example/token"


def test_an_ehr_that_is_down_can_be_tried_again(ehr: Ehr, stub: StubEhr) -> None:
    path = "/fhir/.well-known/smart-configuration"
    stub.statuses[path] = 503
    with pytest.raises(EhrUnavailable):
        ehr.configuration()
    stub.statuses.clear()
    assert ehr.configuration().token_endpoint


@pytest.mark.threat("T02")
def test_a_redirect_is_not_followed(ehr: Ehr, stub: StubEhr) -> None:
    stub.statuses["/fhir/.well-known/smart-configuration"] = 302
    with pytest.raises(EhrMisconfigured, match="302"):
        ehr.configuration()


def test_keys_that_cannot_be_read_are_left_out(ehr: Ehr, stub: StubEhr) -> None:
    assert [key.kid for key in ehr.signing_keys(ehr.base).keys] == ["stub-1"]
