from __future__ import annotations

import stat
import time
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from smart.assertion import assertion_fields, client_assertion
from smart.ehr import Ehr
from smart.errors import EhrMisconfigured
from smart.key_file import new_keys, write
from smart.keys import ClientKeys, KeysUnusable
from tests.support.stub_ehr import StubEhr


def test_keys_are_the_same_at_the_next_start(tmp_path: Path) -> None:
    assert ClientKeys.open(tmp_path).public_jwks() == ClientKeys.open(tmp_path).public_jwks()


def test_the_key_file_is_for_its_owner_only(tmp_path: Path) -> None:
    ClientKeys.open(tmp_path)
    assert stat.S_IMODE((tmp_path / "client_keys.json").stat().st_mode) == 0o600


def test_a_key_file_others_can_read_is_refused(tmp_path: Path) -> None:
    ClientKeys.open(tmp_path)
    (tmp_path / "client_keys.json").chmod(0o644)
    with pytest.raises(KeysUnusable, match="600"):
        ClientKeys.open(tmp_path)


@pytest.mark.parametrize("content", ["", "{}", '{"keys": []}', '{"keys": [{"kty": "oct"}]}', "[]"])
def test_a_damaged_key_file_is_not_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "client_keys.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeysUnusable):
        ClientKeys.open(tmp_path)
    assert path.read_text() == content


def test_two_keys_of_one_name_are_refused(tmp_path: Path) -> None:
    key = new_keys()[0]
    path = tmp_path / "client_keys.json"
    path.write_bytes(write([key, key]))
    path.chmod(0o600)
    with pytest.raises(KeysUnusable, match="kid"):
        ClientKeys.open(tmp_path)


def test_published_keys_are_bare_and_have_no_private_part(keys: ClientKeys) -> None:
    elliptic, rsa = keys.public_jwks()["keys"]
    assert set(elliptic) == {"kty", "kid", "use", "alg", "key_ops", "crv", "x", "y"}
    assert set(rsa) == {"kty", "kid", "use", "alg", "key_ops", "n", "e"}
    assert (elliptic["alg"], rsa["alg"]) == ("ES384", "RS384")


def read(ehr: Ehr, assertion: str) -> jwt.Token:
    published = KeySet.import_key_set(ehr.keys.public_jwks())
    return jwt.decode(assertion, published, algorithms=["ES384", "RS384"])


def test_an_assertion_verifies_with_the_published_keys(ehr: Ehr, stub: StubEhr) -> None:
    token = read(ehr, client_assertion(ehr, "wristchart"))
    kid = ehr.keys.signing("ES384").key.kid
    assert token.header == {"alg": "ES384", "kid": kid, "typ": "JWT"}
    assert token.claims["iss"] == token.claims["sub"] == "wristchart"
    assert token.claims["aud"] == f"{stub.url}/auth/token"
    assert token.claims["exp"] - time.time() <= 300


@pytest.mark.parametrize(
    ("taken", "used"),
    [
        (["RS384"], "RS384"),
        (["ES384"], "ES384"),
        (["RS256", "RS384", "ES384"], "ES384"),
        (None, "ES384"),
    ],
)
def test_the_algorithm_is_one_that_the_ehr_takes(
    ehr: Ehr, stub: StubEhr, taken: list[str] | None, used: str
) -> None:
    stub.configuration = {"token_endpoint_auth_signing_alg_values_supported": taken}
    token = read(ehr, client_assertion(ehr, "w"))
    assert token.header["alg"] == used
    assert token.header["kid"] == ehr.keys.signing(used).key.kid


def test_an_ehr_that_takes_neither_algorithm_is_misconfigured(ehr: Ehr, stub: StubEhr) -> None:
    stub.configuration = {"token_endpoint_auth_signing_alg_values_supported": ["RS256"]}
    with pytest.raises(EhrMisconfigured, match="ES384"):
        client_assertion(ehr, "w")


def test_the_registry_may_choose_the_algorithm(stub: StubEhr, keys: ClientKeys) -> None:
    ehr = Ehr(stub.tenant(signing_algorithm="RS384"), keys)
    assert read(ehr, client_assertion(ehr, "w")).header["alg"] == "RS384"


def test_the_key_address_is_named_only_as_it_is_registered(stub: StubEhr, keys: ClientKeys) -> None:
    address = "https://app.example/.well-known/jwks.json"
    ehr = Ehr(stub.tenant(jwks_url=address), keys)
    assert read(ehr, client_assertion(ehr, "w")).header["jku"] == address


def test_every_assertion_has_its_own_jti(ehr: Ehr) -> None:
    tokens = [assertion_fields(ehr, "w")["client_assertion"] for _ in range(50)]
    assert len({read(ehr, token).claims["jti"] for token in tokens}) == 50
