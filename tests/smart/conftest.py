from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from smart.ehr import Ehr
from smart.fhir import FhirReader
from smart.keys import ClientKeys
from tests.support.client_keys import client_keys
from tests.support.stub_ehr import StubEhr, patient


@pytest.fixture
def stub() -> Iterator[StubEhr]:
    ehr = StubEhr(patients={"marit": patient()})
    yield ehr
    ehr.close()


@pytest.fixture
def keys(tmp_path: Path) -> ClientKeys:
    return client_keys(tmp_path / "keys")


@pytest.fixture
def ehr(stub: StubEhr, keys: ClientKeys) -> Ehr:
    return Ehr(stub.tenant(), keys)


class Grant:
    """A bearer whose token the EHR accepts, renewed as often as asked."""

    def __init__(self, stub: StubEhr) -> None:
        self.stub, self.current, self.renewals = stub, stub.grant()["access_token"], 0

    def token(self) -> str:
        return self.current

    def renewed(self, refused: str) -> str:
        self.renewals += 1
        self.current = self.stub.grant()["access_token"]
        return self.current


@pytest.fixture
def bearer(stub: StubEhr) -> Grant:
    return Grant(stub)


@pytest.fixture
def reader(ehr: Ehr, bearer: Grant) -> FhirReader:
    return FhirReader(ehr.base, ehr.egress, bearer)
