"""Addresses that others choose: none of them makes the product look anybody up or connect."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest

from safeguards.egress import Egress, Refused, Token
from safeguards.egress_addresses import Reach
from smart.ehr import Ehr
from smart.errors import EhrError
from smart.fhir import FhirReader
from smart.record import PatientRecord
from tests.app.conftest import WEB
from tests.app.conftest import Site as App
from tests.smart.conftest import Grant
from tests.support.client_keys import client_keys
from tests.support.stub_ehr import SCOPES, StubEhr, order, patient
from tests.threats.wire import Wire

PAGES = ("launch", "launch.html")
METADATA = "169.254.169.254"
ORDERS = "/fhir/MedicationRequest"

ISSUERS = [
    "https://evil.example/fhir",
    "http://localhost:1/fhir",
    "{root}/fhir/",
    "{root}/FHIR",
    "{root}/fhir/../fhir",
    "{root}/fhir?x=1",
    "{root}/fhir#x",
    "{root}/fhir%00",
    "{root}/fhir\n",
    " {root}/fhir",
    "http://127.0.0.1:{port}/fhir",
    "http://2130706433:{port}/fhir",
    "http://0x7f.1:{port}/fhir",
    "http://0177.0.0.1:{port}/fhir",
    "http://127.1:{port}/fhir",
    "http://[::1]:{port}/fhir",
    "http://[::ffff:127.0.0.1]:{port}/fhir",
    "http://127。0。0。1:{port}/fhir",
    "http://localhost:{port}@evil.example/fhir",
    "http://evil.example#@localhost:{port}/fhir",
    "http://evil.example\\@localhost:{port}/fhir",
    "http://localhost.:{port}/fhir",
    "http://localhost.evil.example:{port}/fhir",
    "http://LOCALHOST:{port}/fhir",
    "http://169.254.169.254/latest/meta-data",
    "file:///etc/passwd",
    "gopher://localhost:{port}/_GET",
]
ENDPOINTS = [
    {"token_endpoint": "https://evil.example/token"},
    {"token_endpoint": "//evil.example/token"},
    {"token_endpoint": "http://localhost:1/token"},
    {"token_endpoint": "http://localhost:{port}@evil.example/token"},
    {"token_endpoint": "http://169.254.169.254/latest/api/token"},
    {"authorization_endpoint": "https://evil.example/authorize"},
    {"jwks_uri": "http://[::ffff:169.254.169.254]/keys"},
    {"jwks_uri": "file:///etc/passwd"},
    {"revocation_endpoint": "http://10.0.0.1/revoke"},
    {"issuer": "https://evil.example"},
]
LINKS = [
    "https://evil.example/fhir/MedicationRequest",
    "//evil.example/fhir/MedicationRequest",
    "///evil.example/fhir/MedicationRequest",
    "http://localhost:1/fhir/MedicationRequest",
    "http://127.0.0.1:{port}/fhir/MedicationRequest",
    "http://localhost:{port}@evil.example/fhir/x",
    "http://localhost:{port}\\@evil.example/fhir/x",
    "http://evil.example\\@localhost:{port}/fhir/x",
    "http://169.254.169.254/fhir/latest",
    "http://[::1]:{port}/fhir/MedicationRequest",
    "{root}/admin",
    "{root}/fhir/../admin",
    "{root}/fhir/%2e%2e/admin",
    "{root}/fhir/%2E%2e%2fadmin",
    "{root}/fhir/..\\admin",
    "{root}/fhirsecrets",
    "{root}/fhir\r\nHost: evil.example",
    "file:///fhir/MedicationRequest",
]
REFERENCES = [
    "https://evil.example/fhir/Medication/1",
    "//evil.example/Medication/1",
    "http://169.254.169.254/Medication/1",
    "{root}/other/Medication/1",
    "Medication/../../admin",
    "Medication/1?x=http://evil.example",
    "Medication/1/../../admin",
    "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0",
]
ADDRESSES = [
    ["127.0.0.1"],
    ["10.0.0.5"],
    ["172.16.3.4"],
    ["192.168.1.1"],
    ["100.64.0.1"],
    ["0.0.0.0"],  # noqa: S104  # an address to refuse
    ["224.0.0.1"],
    [METADATA],
    ["168.63.129.16"],
    ["203.0.114.9", "10.0.0.5"],
    ["::1"],
    ["::"],
    ["fe80::1"],
    ["fc00::1"],
    ["fd00:ec2::254"],
    ["::ffff:10.0.0.5"],
    ["::ffff:169.254.169.254"],
    ["64:ff9b::a00:5"],
    ["2002:a00:5::1"],
    ["ff02::1"],
]


@pytest.fixture
def stub() -> Iterator[StubEhr]:
    ehr = StubEhr(patients={"marit": patient()}, resources={"MedicationRequest": [order()]})
    yield ehr
    ehr.close()


@pytest.fixture
def ehr(stub: StubEhr, tmp_path: Path) -> Ehr:
    return Ehr(stub.tenant(), client_keys(tmp_path / "keys"))


def filled(text: str, stub: StubEhr) -> str:
    return text.replace("{root}", stub.url).replace("{port}", stub.url.rpartition(":")[2])


def read(ehr: Ehr, stub: StubEhr) -> None:
    reader = FhirReader(ehr.base, ehr.egress, Grant(stub))
    PatientRecord(reader, "marit", ZoneInfo("Europe/Oslo")).medications(SCOPES.split())


@pytest.mark.threat("T01", "T02")
@pytest.mark.parametrize("issuer", ISSUERS)
def test_a_launch_from_anybody_else_asks_nobody(stub: StubEhr, tmp_path: Path, issuer: str) -> None:
    client = App(stub, tmp_path / "data").app.test_client()
    query = urlencode({"iss": filled(issuer, stub), "launch": "l"})
    with Wire() as wire:
        statuses = [client.get(f"/{page}?{query}", base_url=WEB).status_code for page in PAGES]
    assert min(statuses) >= 400
    assert (wire.looked_up, wire.connected, stub.sent) == ([], [], [])


@pytest.mark.threat("T02", "T03")
@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: next(iter(endpoint.values())))
def test_discovery_cannot_send_the_product_elsewhere(
    ehr: Ehr, stub: StubEhr, endpoint: dict[str, str]
) -> None:
    stub.configuration = {name: filled(url, stub) for name, url in endpoint.items()}
    with Wire() as wire, pytest.raises(EhrError):
        ehr.configuration()
    assert wire.strangers(stub.url) == []
    assert [sent.path for sent in stub.sent] == ["/fhir/.well-known/smart-configuration"]


@pytest.mark.threat("T02", "T19")
@pytest.mark.parametrize("link", LINKS)
def test_a_next_link_leads_nowhere_else(ehr: Ehr, stub: StubEhr, link: str) -> None:
    following = {"relation": "next", "url": filled(link, stub)}
    entries = [{"resource": order()}]
    stub.pages = {ORDERS: {"resourceType": "Bundle", "link": [following], "entry": entries}}
    with Wire() as wire:
        read(ehr, stub)
    assert wire.strangers(stub.url) == []
    assert {sent.path for sent in stub.sent} == {ORDERS, "/fhir/MedicationStatement"}


@pytest.mark.threat("T19")
@pytest.mark.parametrize("reference", REFERENCES)
def test_a_reference_leads_nowhere_else(ehr: Ehr, stub: StubEhr, reference: str) -> None:
    meant = {"medicationReference": {"reference": filled(reference, stub)}}
    stub.resources["MedicationRequest"] = [order(medicationCodeableConcept=None, **meant)]
    with Wire() as wire:
        read(ehr, stub)
    assert wire.strangers(stub.url) == []
    assert {sent.path for sent in stub.sent} == {ORDERS, "/fhir/MedicationStatement"}


@pytest.mark.threat("T02")
@pytest.mark.parametrize("addresses", ADDRESSES, ids=" ".join)
def test_a_name_that_stands_for_an_inner_address_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    resolve(monkeypatch, addresses)
    with Wire() as wire, pytest.raises(Refused):
        Egress(["https://ehr.hospital.example"]).get("https://ehr.hospital.example/fhir")
    assert wire.connected == []


@pytest.mark.threat("T02")
@pytest.mark.parametrize("address", [METADATA, "127.0.0.1", "::ffff:127.0.0.1", "168.63.129.16"])
def test_no_entry_of_the_registry_opens_these(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    resolve(monkeypatch, [address])
    everything = Reach.of(["0.0.0.0/0", "::/0"])
    with Wire() as wire, pytest.raises(Refused):
        Egress(["https://ehr.example"], reach=everything).get("https://ehr.example/fhir")
    assert wire.connected == []


@pytest.mark.threat("T02")
def test_a_name_is_looked_up_once_and_the_connection_goes_where_it_stood(
    monkeypatch: pytest.MonkeyPatch, stub: StubEhr
) -> None:
    answers = resolve(monkeypatch, ["127.0.0.1"], [METADATA])
    with Wire() as wire:
        assert Egress([stub.url]).get(f"{stub.base}/.well-known/smart-configuration").ok
    assert len(answers) == 1
    assert {host for host, _ in wire.connected} == {"127.0.0.1"}


@pytest.mark.threat("T02")
def test_a_loopback_name_stands_for_loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, [METADATA])
    with Wire() as wire, pytest.raises(Refused):
        Egress(["http://localhost:8400"]).get("http://localhost:8400/fhir")
    assert wire.connected == []


@pytest.mark.threat("T19")
@pytest.mark.parametrize(
    "url", ["https://login.example/token", "https://ehr.example/other", "https://ehr.example/fhirs"]
)
def test_a_token_stays_beneath_its_base_even_among_allowed_origins(url: str) -> None:
    egress = Egress(["https://ehr.example", "https://login.example"])
    with Wire() as wire, pytest.raises(Refused):
        egress.get(url, bearer=Token("https://ehr.example/fhir", "canary"))
    assert (wire.looked_up, wire.connected) == ([], [])


@pytest.mark.threat("T19")
@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
def test_a_token_without_a_base_is_not_sent(name: str) -> None:
    with Wire() as wire, pytest.raises(Refused):
        Egress(["https://ehr.example"]).get("https://ehr.example/", headers={name: "Bearer canary"})
    assert (wire.looked_up, wire.connected) == ([], [])


def resolve(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Make every name stand for the first answer, then the next; the list grows by each lookup."""
    asked: list[str] = []

    def lookup(host: Any, port: Any, *_: Any, **__: Any) -> list[Any]:
        asked.append(str(host))
        addresses = answers[min(len(asked), len(answers)) - 1]
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [
            (family[":" in each], socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return asked
