from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from smart.authorization import Attempt, authorization_request, new_attempt
from smart.ehr import Ehr
from smart.errors import (
    AuthorizationLost,
    AuthorizationRefused,
    EhrMisconfigured,
    EhrUnavailable,
)
from smart.keys import ClientKeys
from smart.token_endpoint import exchange_code, refresh, revoke_all
from smart.token_response import Tokens, parse_tokens
from tests.support.stub_ehr import CLIENT, SCOPES, StubEhr

REDIRECT = "http://127.0.0.1:8410/callback"
ANSWER = {"access_token": "a", "token_type": "Bearer", "scope": "launch", "patient": "marit"}


def asked(url: str) -> dict[str, str]:
    return {name: value for name, [value] in parse_qs(urlsplit(url).query).items()}


def exchanged(ehr: Ehr, stub: StubEhr, attempt: Attempt) -> Tokens:
    url = authorization_request(ehr, attempt, redirect_uri=REDIRECT, launch="xyz").url
    code = parse_qs(stub.authorize(url))["code"][0]
    return exchange_code(ehr, code, verifier=attempt.verifier, redirect_uri=REDIRECT)


def test_the_authorization_request_has_all_that_smart_asks_for(ehr: Ehr, stub: StubEhr) -> None:
    attempt = new_attempt()
    url = authorization_request(ehr, attempt, redirect_uri=REDIRECT, launch="x/y z+&").url
    assert url.startswith(f"{stub.url}/auth/authorize?")
    given = asked(url)
    assert len(given.pop("code_challenge")) == 43
    assert given == {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": REDIRECT,
        "scope": SCOPES,
        "state": attempt.state,
        "nonce": attempt.nonce,
        "aud": stub.base,
        "launch": "x/y z+&",
        "code_challenge_method": "S256",
    }


def test_secrets_are_long_and_never_the_same() -> None:
    secrets = {
        s for a in (new_attempt() for _ in range(100)) for s in (a.state, a.nonce, a.verifier)
    }
    assert len(secrets) == 300
    assert all(len(base64.urlsafe_b64decode(secret + "=")) == 32 for secret in secrets)


@pytest.mark.threat("T11")
def test_secrets_do_not_show_in_logs() -> None:
    attempt = new_attempt()
    assert attempt.state not in repr(attempt)
    assert "a-token" not in repr(parse_tokens(ANSWER | {"access_token": "a-token"}))


def test_the_token_request_proves_the_client_by_its_key(ehr: Ehr, stub: StubEhr) -> None:
    attempt = new_attempt()
    assert exchanged(ehr, stub, attempt).patient == "marit"
    [sent] = stub.to("/auth/token")
    assert {"client_id", "client_secret"} & sent.form.keys() == set()
    assert (sent.form["redirect_uri"], sent.form["code_verifier"]) == (REDIRECT, attempt.verifier)
    keys = KeySet.import_key_set(ehr.keys.public_jwks())
    proof = jwt.decode(sent.form["client_assertion"], keys, algorithms=["ES384"])
    assert proof.claims["aud"] == f"{stub.url}/auth/token"


def test_a_client_with_a_secret_sends_it_in_the_header(stub: StubEhr, keys: ClientKeys) -> None:
    tenant = stub.tenant(client_type="symmetric", client_secret="s:e c")
    exchanged(Ehr(tenant, keys), stub, new_attempt())
    [sent] = stub.to("/auth/token")
    assert base64.b64decode(sent.authorization.removeprefix("Basic ")) == b"wristchart:s%3Ae%20c"
    assert "client_id" not in sent.form


def test_a_public_client_names_itself(stub: StubEhr, keys: ClientKeys) -> None:
    exchanged(Ehr(stub.tenant(client_type="public"), keys), stub, new_attempt())
    [sent] = stub.to("/auth/token")
    assert (sent.form["client_id"], sent.authorization) == (CLIENT, "")


@pytest.mark.threat("T05")
def test_a_wrong_verifier_gets_nothing(ehr: Ehr, stub: StubEhr) -> None:
    url = authorization_request(ehr, new_attempt(), redirect_uri=REDIRECT, launch="x").url
    code = parse_qs(stub.authorize(url))["code"][0]
    with pytest.raises(AuthorizationRefused):
        exchange_code(ehr, code, verifier=new_attempt().verifier, redirect_uri=REDIRECT)


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, "invalid_grant", AuthorizationRefused),
        (401, "invalid_client", EhrMisconfigured),
        (400, "unauthorized_client", EhrMisconfigured),
        (400, None, EhrMisconfigured),
        (429, "slow_down", EhrUnavailable),
        (503, "temporarily_unavailable", EhrUnavailable),
    ],
)
def test_token_errors_say_what_can_be_done(
    ehr: Ehr, stub: StubEhr, status: int, error: str | None, kind: type[Exception]
) -> None:
    stub.token_error = (status, {"error": error})
    with pytest.raises(kind):
        exchange_code(ehr, "c", verifier="v", redirect_uri=REDIRECT)


@pytest.mark.parametrize("word", ["Bearer", "bearer", "BEARER"])
def test_the_token_type_may_be_written_in_any_case(word: str) -> None:
    assert parse_tokens(ANSWER | {"token_type": word}).access == "a"


@pytest.mark.parametrize(
    "wrong",
    [
        {"token_type": "mac"},
        {"token_type": None},
        {"access_token": ""},
        {"access_token": 7},
        {"access_token": "x" * 20_000},
        {"scope": None},
        {"scope": []},
        {"patient": "../Practitioner/1"},
        {"patient": "a&patient=b"},
        {"patient": "x" * 65},
        {"encounter": "a/b"},
    ],
)
def test_a_token_answer_that_cannot_be_used_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(EhrMisconfigured):
        parse_tokens(ANSWER | wrong)


@pytest.mark.parametrize(
    ("given", "seconds"), [(570, 570), ("570", 570), (None, 300), (-1, 300), (True, 300), ([], 300)]
)
def test_without_a_life_time_little_is_assumed(given: object, seconds: int) -> None:
    assert parse_tokens(ANSWER | {"expires_in": given}).seconds == seconds


@pytest.mark.parametrize(
    ("given", "shown"), [(False, False), (True, True), (None, True), ("", True)]
)
def test_the_own_banner_is_shown_unless_the_ehr_says_no(given: object, shown: bool) -> None:
    assert parse_tokens(ANSWER | {"need_patient_banner": given}).need_patient_banner is shown


def test_a_refresh_brings_the_next_refresh_token(ehr: Ehr, stub: StubEhr) -> None:
    first = exchanged(ehr, stub, new_attempt())
    second = refresh(ehr, first.refresh, first.scopes)
    assert second.access != first.access
    assert second.refresh not in ("", first.refresh)


def test_a_refresh_may_leave_the_scope_and_refresh_token_as_they_were(
    ehr: Ehr, stub: StubEhr
) -> None:
    first = exchanged(ehr, stub, new_attempt())
    stub.rotate, stub.token_answer = False, {"scope": ""}
    second = refresh(ehr, first.refresh, first.scopes)
    assert (second.refresh, second.scopes) == ("", first.scopes)


def test_a_refresh_token_that_is_spent_means_launching_again(ehr: Ehr, stub: StubEhr) -> None:
    with pytest.raises(AuthorizationLost):
        refresh(ehr, "spent", frozenset({"launch"}))


def test_revocation_takes_the_refresh_token_first(ehr: Ehr, stub: StubEhr) -> None:
    assert revoke_all(ehr, "access", "refresh")
    hints = [sent.form["token_type_hint"] for sent in stub.to("/auth/revoke")]
    assert hints == ["refresh_token", "access_token"]


def test_revocation_is_best_effort(ehr: Ehr, stub: StubEhr) -> None:
    stub.statuses["/auth/revoke"] = 500
    assert revoke_all(ehr, "access", "refresh") is False
