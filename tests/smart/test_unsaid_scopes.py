"""Token answers without a scope, introspection, and Backend Services beside them."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest

from smart.authorization import authorization_request, new_attempt
from smart.backend_services import BackendToken
from smart.ehr import Ehr
from smart.errors import EhrUnavailable, NotPermitted
from smart.keys import ClientKeys
from smart.token_endpoint import exchange_code, introspect
from smart.token_response import Tokens
from tests.support.stub_ehr import StubEhr

REDIRECT = "http://127.0.0.1:8410/callback"
SCOPES = ("launch", "patient/Patient.rs", "patient/Flag.crus")
INTROSPECTION = "/auth/introspect"


@pytest.fixture
def ehr(stub: StubEhr, keys: ClientKeys) -> Ehr:
    return Ehr(stub.tenant(scopes=SCOPES, backend_scopes=("system/Flag.crus",)), keys)


def exchanged(ehr: Ehr, stub: StubEhr) -> Tokens:
    attempt = new_attempt()
    asked = authorization_request(ehr, attempt, redirect_uri=REDIRECT, launch="x")
    code = parse_qs(stub.authorize(asked.url))["code"][0]
    return exchange_code(ehr, code, verifier=attempt.verifier, redirect_uri=REDIRECT)


def offer(stub: StubEhr, claims: dict[str, Any]) -> None:
    stub.configuration = {"introspection_endpoint": stub.url + INTROSPECTION}
    stub.documents[INTROSPECTION] = claims


@pytest.mark.parametrize("said", [None, ""])
def test_without_a_word_nothing_that_writes_counts_as_granted(
    ehr: Ehr, stub: StubEhr, said: object
) -> None:
    stub.token_answer = {"scope": said}
    assert exchanged(ehr, stub).scopes == {"launch", "patient/Patient.rs", "patient/Flag.rs"}


def test_what_was_said_is_what_counts(ehr: Ehr, stub: StubEhr) -> None:
    stub.token_answer = {"scope": "launch patient/Patient.r"}
    assert exchanged(ehr, stub).scopes == {"launch", "patient/Patient.r"}


def test_introspection_says_what_the_token_answer_did_not(ehr: Ehr, stub: StubEhr) -> None:
    stub.token_answer = {"scope": None}
    offer(stub, {"active": True, "scope": "launch patient/Flag.crus"})
    tokens = exchanged(ehr, stub)
    assert tokens.scopes == {"launch", "patient/Flag.crus"}
    [sent] = stub.to(INTROSPECTION)
    assert (sent.method, sent.form["token"]) == ("POST", tokens.access)
    assert "client_assertion" in sent.form


@pytest.mark.parametrize(
    "claims", [{"active": False, "scope": "patient/*.cruds"}, {"scope": "patient/*.cruds"}, [1]]
)
def test_introspection_that_says_nothing_grants_nothing(
    ehr: Ehr, stub: StubEhr, claims: Any
) -> None:
    stub.token_answer = {"scope": None}
    offer(stub, claims)
    assert exchanged(ehr, stub).scopes == {"launch", "patient/Patient.rs", "patient/Flag.rs"}


def test_introspection_tells_whether_a_token_is_active(ehr: Ehr, stub: StubEhr) -> None:
    offer(stub, {"active": True, "patient": "marit"})
    assert (introspect(ehr, "t") or {})["patient"] == "marit"
    offer(stub, {"active": False})
    assert introspect(ehr, "t") is None


def test_introspection_may_be_refused_or_not_be_there(ehr: Ehr, stub: StubEhr) -> None:
    with pytest.raises(NotPermitted):
        introspect(ehr, "t")


@pytest.mark.parametrize(("status", "kind"), [(401, NotPermitted), (503, EhrUnavailable)])
def test_introspection_that_fails_says_why(
    ehr: Ehr, stub: StubEhr, status: int, kind: type[Exception]
) -> None:
    offer(stub, {"active": True})
    stub.statuses[INTROSPECTION] = status
    with pytest.raises(kind):
        introspect(ehr, "t")


@pytest.mark.parametrize(
    ("said", "may_write"),
    [("system/Flag.crus", True), ("system/Flag.rs", False), (None, False), ("system/*.*", True)],
)
def test_delivery_writes_only_what_was_granted_in_words(
    ehr: Ehr, stub: StubEhr, said: str | None, may_write: bool
) -> None:
    stub.documents["/auth/token"] = {
        "access_token": "a",
        "token_type": "bearer",
        "expires_in": 300,
        **({"scope": said} if said else {}),
    }
    token = BackendToken(ehr)
    assert token.allows("Flag", "c") is may_write
    assert token.allows("Flag", "r")
    assert not token.allows("Observation", "c")


def test_delivery_asks_an_old_server_in_its_own_words(ehr: Ehr, stub: StubEhr) -> None:
    stub.configuration = {"capabilities": []}
    answer = {"access_token": "a", "token_type": "bearer", "scope": "system/Flag.*"}
    stub.documents["/auth/token"] = answer
    assert BackendToken(ehr).token() == "a"
    [sent] = stub.to("/auth/token")
    assert sent.form["scope"] == "system/Flag.read system/Flag.write"
    assert sent.form["grant_type"] == "client_credentials"
