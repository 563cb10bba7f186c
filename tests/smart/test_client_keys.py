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
