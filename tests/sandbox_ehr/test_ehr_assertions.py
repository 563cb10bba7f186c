"""Client assertions: SMART's rules for private_key_jwt, for code flow and backend services."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest
from ehr_visitor import (
    ASSERTION_TYPE,
    EC_KEY,
    JWKS,
    RSA_KEY,
    STRANGE_KEY,
    Clock,
    registered,
    running_ehr,
    served,
)
from joserfc.jwk import ECKey, OctKey


@pytest.mark.parametrize(("key", "alg"), [(EC_KEY, "ES384"), (RSA_KEY, "RS384")])
def test_both_algorithms_are_taken(ehr, key, alg):
    answer = ehr.client_credentials(assertion=ehr.assertion(key=key, alg=alg))
    assert (answer.status_code, answer.json()["expires_in"]) == (200, 300)
    assert "refresh_token" not in answer.json()


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "http://evil.example/token"},
        {"aud": None},
        {"exp": int(time.time()) - 30},
        {"exp": int(time.time()) + 600},
        {"exp": None},
        {"exp": "later"},
        {"jti": None},
        {"iss": "other"},
        {"sub": "reader"},
        {"sub": None},
        {"kid": "unknown"},
        {"kid": ""},
        {"typ": "at+jwt"},
        {"jku": "https://evil.example/jwks"},
        {"key": STRANGE_KEY},
        {"key": RSA_KEY, "alg": "RS256"},
        {"key": OctKey.import_key(json.dumps(JWKS), {"kid": "ec"}), "alg": "HS256"},
        {"client_id": "nobody"},
        {"client_id": "public"},
    ],
)
def test_a_wrong_assertion_gets_no_token(ehr, changes):
    answer = ehr.client_credentials(assertion=ehr.assertion(**changes))
    assert answer.status_code in (400, 401)
    assert answer.json()["error"] == "invalid_client"


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "e30.e30.", "e30.bnVsbA.x"])
def test_garbage_is_no_assertion(ehr, text):
    values = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": text,
    }
    assert ehr.token(values).json()["error"] == "invalid_client"


def test_an_assertion_is_used_once(ehr):
    assertion = ehr.assertion()
    assert ehr.client_credentials(assertion=assertion).status_code == 200
    assert ehr.client_credentials(assertion=assertion).json()["error"] == "invalid_client"


def test_backend_services_get_registered_scopes_only(ehr):
    granted = ehr.client_credentials("reader", "system/*.cruds").json()["scope"]
    assert granted == "system/Flag.rs"


@pytest.mark.parametrize("scope", ["", "system/Condition.rs", "patient/*.rs", "user/*.rs"])
def test_a_backend_service_without_a_scope_it_may_have_gets_no_token(ehr, scope):
    assert ehr.client_credentials("reader", scope).json()["error"] == "invalid_scope"


def test_asymmetric_clients_sign_in_the_code_flow_too(ehr):
    signed = {"client_assertion_type": ASSERTION_TYPE, "client_id": None}
    code = ehr.code(client_id="asymmetric")
    token = ehr.exchange(code, client_assertion=ehr.assertion("asymmetric"), **signed).json()
    assert token["patient"] == "marit-solheim"


def test_an_authenticated_client_sends_no_client_id(ehr):
    signed = {"client_assertion": ehr.assertion("asymmetric"), "client_id": "asymmetric"}
    code = ehr.code(client_id="asymmetric")
    answer = ehr.exchange(code, client_assertion_type=ASSERTION_TYPE, **signed)
    assert answer.json()["error"] == "invalid_client"


def test_a_new_key_at_the_registered_address_is_found(tmp_path):
    published = {"keys": [EC_KEY.as_dict(private=False)]}
    asked = []

    def key_server(environ, start_response):
        asked.append(environ["PATH_INFO"])
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(published).encode()]

    with served(key_server) as address:
        backend = replace(registered()["backend"], jwks=None, jwks_uri=f"{address}/jwks.json")
        with running_ehr(tmp_path, Clock(), backend=backend) as ehr:
            assert ehr.client_credentials().status_code == 200
            assert ehr.client_credentials().status_code == 200
            assert asked == ["/jwks.json"]
            fresh = ECKey.generate_key("P-384", {"kid": "fresh"})
            published["keys"].append(fresh.as_dict(private=False))
            ehr.clock.forward(seconds=2)
            assert ehr.client_credentials(assertion=ehr.assertion(key=fresh)).status_code == 200


def test_an_unreachable_key_set_is_an_invalid_client(tmp_path):
    backend = replace(registered()["backend"], jwks=None, jwks_uri="http://127.0.0.1:9/jwks.json")
    with running_ehr(tmp_path, backend=backend) as ehr:
        assert ehr.client_credentials().json()["error"] == "invalid_client"
