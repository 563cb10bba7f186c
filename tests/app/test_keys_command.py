"""`wristchart keys`: rotation with overlap, and without where a key has leaked."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from config.settings import Settings
from config.start_checks import faults
from smart.keys import ClientKeys

LISTEN = "".join(
    f'[{name}]\nhost = "127.0.0.1"\nport = 1\nurl = "http://127.0.0.1:1"\n'
    for name in ("web", "api", "gateway")
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "site.toml").write_text('data = "data"\n' + LISTEN)
    return tmp_path / "site.toml"


def keys(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(config), "keys", *words])


def kids(config: Path) -> set[str]:
    jwks = ClientKeys.open(config.parent / "data" / "keys").public_jwks()
    return {key["kid"] for key in jwks["keys"]}


def test_old_and_new_keys_are_published_side_by_side(config):
    before = kids(config)
    result = keys(config, "rotate")
    assert result.exit_code == 0, result.output
    assert before < kids(config)
    assert result.output.count("signs from") == 2
    assert result.output.count("published until") == 2


def test_the_old_keys_sign_until_the_new_ones_do(config):
    before = kids(config)
    keys(config, "rotate")
    held = ClientKeys.open(config.parent / "data" / "keys").signing("ES384")
    assert held.key.kid in before


def test_a_leaked_key_is_withdrawn_at_once(config):
    before = kids(config)
    assert keys(config, "rotate", "--leaked").exit_code == 0
    assert not before & kids(config)


def test_a_second_rotation_waits_for_the_first(config):
    keys(config, "rotate")
    result = keys(config, "rotate")
    assert result.exit_code == 1
    assert "wait already" in result.output
    assert keys(config, "rotate", "--leaked").exit_code == 0


def test_keys_are_listed_without_their_secret_parts(config):
    result = keys(config, "show")
    assert all(kid in result.output for kid in kids(config))
    assert {line.split()[0] for line in result.output.splitlines()} == {"ES384", "RS384"}


def test_the_site_starts_after_a_rotation(config):
    keys(config, "rotate")
    assert list(faults(Settings.load(config), config, {})) == []
