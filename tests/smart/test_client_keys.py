from __future__ import annotations

import stat
import time
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from smart.assertion import assertion_fields, client_assertion
from smart.keys import ClientKeys, KeysUnusable

TOKEN_URL = "https://ehr.example/token"


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


def test_published_keys_have_no_private_part(tmp_path: Path) -> None:
    (key,) = ClientKeys.open(tmp_path).public_jwks()["keys"]
    assert {"kty", "crv", "x", "y", "kid"} <= key.keys()
    assert "d" not in key


def test_an_assertion_verifies_with_the_published_keys(tmp_path: Path) -> None:
    keys = ClientKeys.open(tmp_path)
    token = jwt.decode(
        client_assertion("wristchart", TOKEN_URL, keys),
        KeySet.import_key_set(keys.public_jwks()),
        algorithms=["ES384"],
    )
    assert token.header == {"alg": "ES384", "kid": keys.signing.kid, "typ": "JWT"}
    assert token.claims["iss"] == token.claims["sub"] == "wristchart"
    assert token.claims["aud"] == TOKEN_URL
    assert token.claims["exp"] - time.time() <= 300


def test_every_assertion_has_its_own_jti(tmp_path: Path) -> None:
    keys = ClientKeys.open(tmp_path)
    key_set = KeySet.import_key_set(keys.public_jwks())
    tokens = [assertion_fields("w", TOKEN_URL, keys)["client_assertion"] for _ in range(50)]
    seen = {jwt.decode(token, key_set, algorithms=["ES384"]).claims["jti"] for token in tokens}
    assert len(seen) == 50
