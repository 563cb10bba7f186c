"""The authorization server refuses every misuse and honours every right use once."""

from __future__ import annotations

import pytest
import requests
from ehr_visitor import REDIRECT, Ehr, Fhir, challenge, redirected
from joserfc import jwt
from joserfc.jwk import KeySet

REFUSED_BY_REDIRECT = [
    ({"code_challenge": None}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"),
    ({"state": None}, "invalid_request"),
    ({"aud": None}, "invalid_request"),
    ({"aud": "https://evil.example/fhir"}, "invalid_request"),
    ({"launch": "made-up"}, "invalid_request"),
    ({"launch": None}, "invalid_scope"),
    ({"scope": "patient/*.rs"}, "invalid_scope"),
    ({"scope": "system/*.rs"}, "invalid_scope"),
    ({"scope": None}, "invalid_scope"),
    ({"response_type": "token"}, "unsupported_response_type"),
]
REFUSED_ON_PAGE = [
    {"redirect_uri": None},
    {"redirect_uri": f"{REDIRECT}/"},
    {"redirect_uri": f"{REDIRECT}?x=1"},
    {"redirect_uri": "http://127.0.0.1:9@evil.example/callback"},
    {"redirect_uri": 'http://é"\\.example/'},
    {"client_id": None},
    {"client_id": "nobody"},
]


@pytest.mark.parametrize(("changes", "error"), REFUSED_BY_REDIRECT)
def test_a_wrong_authorization_request_goes_back_with_an_error(ehr, changes, error):
    answer = redirected(ehr.authorize(**changes))
    assert (answer["error"], answer.get("state")) == (error, changes.get("state", "st4te"))
    assert "code" not in answer


@pytest.mark.parametrize("changes", REFUSED_ON_PAGE)
def test_an_unknown_client_or_address_is_never_redirected_to(ehr, changes):
    answer = ehr.authorize(**changes)
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_backend_clients_have_no_code_flow(ehr):
    answer = ehr.authorize(client_id="backend")
    assert answer.status_code == 400


def test_state_and_issuer_come_back_with_the_code(ehr):
    answer = redirected(ehr.authorize(state="a&b=ü"))
    assert answer["state"] == "a&b=ü"
    assert answer["iss"] == f"{ehr.url}/auth"


def test_errors_name_the_issuer_too(ehr):
    assert redirected(ehr.authorize(aud="x"))["iss"] == f"{ehr.url}/auth"


def test_authorize_takes_post(ehr):
    assert redirected(ehr.authorize("POST"))["code"]


def test_authorize_needs_and_sets_no_cookie(ehr):
    ehr.http.cookies.clear()
    assert "Set-Cookie" not in ehr.authorize().headers


def test_token_response_carries_the_launch_context(ehr):
    answer = ehr.exchange(ehr.code())
    token = answer.json()
    assert token["patient"] == "marit-solheim"
    assert token["encounter"] == "marit-solheim-today"
    assert token["need_patient_banner"] is False
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 900)
    assert (token["tenant"], "refresh_token" in token) == ("sandbox", True)
    assert answer.headers["Cache-Control"] == "no-store"


def test_id_token_is_signed_for_this_client_and_nonce(ehr):
    keys = KeySet.import_key_set(requests.get(f"{ehr.url}/auth/jwks", timeout=5).json())
    claims = jwt.decode(ehr.sign_in()["id_token"], keys, algorithms=["RS256"]).claims
    assert claims["iss"] == f"{ehr.url}/auth"
    assert (claims["aud"], claims["nonce"]) == ("public", "n0nce")
    assert claims["fhirUser"] == f"{ehr.base}/Practitioner/ingrid-lind"
    assert claims["name"] == "Dr Ingrid Lind"
    assert claims["exp"] - claims["iat"] == 300


def test_without_openid_there_is_no_id_token(ehr):
    assert "id_token" not in ehr.sign_in(scope="launch patient/*.rs")


def test_without_offline_access_there_is_no_refresh_token(ehr):
    assert "refresh_token" not in ehr.sign_in(scope="launch patient/*.rs")


def test_granted_scopes_are_what_is_both_asked_for_and_registered(ehr):
    asked = "launch patient/*.cruds user/Practitioner.cruds patient/Observation.rs profile"
    granted = ehr.sign_in(scope=asked)["scope"].split()
    assert "patient/MedicationRequest.rs" in granted
    assert "user/Practitioner.r" in granted
    assert not {"profile", "patient/Observation.rs", "patient/*.cruds"} & set(granted)


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "w" * 64},
        {"code_verifier": None},
        {"redirect_uri": f"{REDIRECT}/"},
        {"redirect_uri": None},
        {"client_id": "other"},
        {"client_id": "symmetric"},
        {"client_id": "asymmetric"},
        {"client_id": None},
        {"code": "made-up"},
        {"grant_type": "password"},
    ],
)
def test_a_wrong_token_request_gets_no_token(ehr, changes):
    answer = ehr.exchange(**{"code": ehr.code()} | changes)
    assert answer.status_code in (400, 401)
    assert "access_token" not in answer.json()


def test_a_code_used_twice_revokes_what_it_gave(ehr):
    code = ehr.code()
    token = ehr.exchange(code).json()
    assert ehr.exchange(code).json()["error"] == "invalid_grant"
    assert Fhir(ehr, token["access_token"]).get("Patient/marit-solheim").status_code == 401
    assert ehr.refresh(token["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_code_lives_a_minute(own_ehr):
    code = own_ehr.code()
    own_ehr.clock.forward(seconds=61)
    assert own_ehr.exchange(code).json()["error"] == "invalid_grant"


def test_a_launch_is_good_for_one_code(ehr):
    launch = ehr.launch("marit-solheim")
    assert redirected(ehr.authorize(launch=launch))["code"]
    assert redirected(ehr.authorize(launch=launch))["error"] == "invalid_request"


def test_a_launch_lives_five_minutes(own_ehr):
    launch = own_ehr.launch("marit-solheim")
    own_ehr.clock.forward(minutes=5, seconds=1)
    assert redirected(own_ehr.authorize(launch=launch))["error"] == "invalid_request"


def test_refresh_tokens_rotate_and_keep_the_context(ehr):
    first = ehr.sign_in()
    second = ehr.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert (second["patient"], second["scope"]) == (first["patient"], first["scope"])


def test_a_used_refresh_token_coming_back_revokes_the_family(ehr):
    first = ehr.sign_in()
    second = ehr.refresh(first["refresh_token"]).json()
    assert ehr.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"
    assert ehr.refresh(second["refresh_token"]).json()["error"] == "invalid_grant"
    assert Fhir(ehr, second["access_token"]).get("Patient/marit-solheim").status_code == 401


def test_refreshing_may_narrow_the_scopes_but_not_widen_them(ehr):
    token = ehr.sign_in()["refresh_token"]
    wider = ehr.refresh(token, scope="launch user/Patient.rs")
    assert wider.json()["error"] == "invalid_scope"
    narrower = ehr.refresh(token, scope="patient/Patient.rs").json()
    assert narrower["scope"] == "patient/Patient.rs"
    assert Fhir(ehr, narrower["access_token"]).get("MedicationRequest").status_code == 403


def test_a_refresh_token_is_no_use_to_another_client(ehr):
    token = ehr.sign_in()["refresh_token"]
    assert ehr.refresh(token, client_id="other").json()["error"] == "invalid_grant"
    assert "access_token" in ehr.refresh(token).json()


def test_symmetric_clients_authenticate_with_basic(ehr):
    def exchange(secret: str) -> requests.Response:
        values = {
            "grant_type": "authorization_code",
            "code": ehr.code(client_id="symmetric"),
            "redirect_uri": REDIRECT,
            "code_verifier": "v" * 64,
        }
        return ehr.token(values, auth=("symmetric", secret))

    assert exchange("wrong").status_code == 401
    assert exchange("s3cret").json()["patient"] == "marit-solheim"


def test_a_client_revokes_its_refresh_token_and_all_it_gave(ehr):
    token = ehr.sign_in()
    values = {"token": token["refresh_token"], "client_id": "public"}
    assert ehr.http.post(f"{ehr.url}/auth/revoke", data=values).status_code == 200
    assert Fhir(ehr, token["access_token"]).get("Patient/marit-solheim").status_code == 401


def test_introspection_tells_a_client_about_its_own_tokens_only(ehr):
    token = ehr.sign_in()["access_token"]

    def introspect(client_id: str) -> dict:
        values = {"token": token, "client_id": client_id}
        return ehr.http.post(f"{ehr.url}/auth/introspect", data=values).json()

    own = introspect("public")
    assert (own["active"], own["patient"]) == (True, "marit-solheim")
    assert own["fhirUser"] == f"{ehr.base}/Practitioner/ingrid-lind"
    assert introspect("other") == {"active": False}


def test_standalone_launch_lets_the_user_pick_the_patient(ehr):
    scope = "launch/patient patient/*.rs"
    page = ehr.authorize(launch=None, scope=scope, client_id="public")
    assert "Choose a patient" in page.text
    form = {
        "response_type": "code",
        "client_id": "public",
        "redirect_uri": REDIRECT,
        "scope": scope,
        "state": "st4te",
        "aud": ehr.base,
        "code_challenge": challenge("v" * 64),
        "code_challenge_method": "S256",
        "patient": "jonas-berg",
    }
    picked = ehr.http.post(f"{ehr.url}/auth/pick", data=form, allow_redirects=False)
    answer = ehr.http.get(picked.headers["Location"], allow_redirects=False)
    token = ehr.exchange(redirected(answer)["code"]).json()
    assert (token["patient"], token["need_patient_banner"]) == ("jonas-berg", True)


def test_a_picked_patient_is_not_a_launch(ehr: Ehr):
    launch = ehr.launch("jonas-berg")
    page = ehr.authorize(launch=None, picked=launch, scope="launch/patient patient/*.rs")
    assert "Choose a patient" in page.text
