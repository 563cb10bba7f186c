from __future__ import annotations

import base64
import json
import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from safeguards.key_encryption import KeyFile, KeyUnavailable, WrappedKey
from safeguards.vault import Unreadable, Vault

PLACE = "a|contexts|tokens|1"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.open(tmp_path)


def test_what_is_sealed_for_a_place_is_read_back_there(vault: Vault) -> None:
    sealed = vault.seal(b"token", bound_to=PLACE)
    assert vault.unseal(sealed, bound_to=PLACE) == b"token"
    assert b"token" not in sealed


@pytest.mark.parametrize(
    "place",
    [
        "b|contexts|tokens|1",
        "a|accounts|tokens|1",
        "a|contexts|facts|1",
        "a|contexts|tokens|2",
        "",
    ],
)
def test_sealed_bytes_moved_elsewhere_are_unreadable(vault: Vault, place: str) -> None:
    vault.seal(b"other", bound_to=place)
    sealed = vault.seal(b"token", bound_to=PLACE)
    with pytest.raises(Unreadable):
        vault.unseal(sealed, bound_to=place)


@pytest.mark.parametrize("position", [0, 1, 5, 8, 9, 17, 20, 21, -1])
def test_a_flipped_bit_anywhere_is_noticed(vault: Vault, position: int) -> None:
    sealed = bytearray(vault.seal(b"token", bound_to=PLACE))
    sealed[position] ^= 1
    with pytest.raises(Unreadable):
        vault.unseal(bytes(sealed), bound_to=PLACE)


@pytest.mark.parametrize("length", [0, 1, 5, 9, 12, 21, 30])
def test_cut_bytes_are_unreadable(vault: Vault, length: int) -> None:
    sealed = vault.seal(b"token", bound_to=PLACE)
    with pytest.raises(Unreadable):
        vault.unseal(sealed[:length], bound_to=PLACE)


def test_the_same_bytes_are_never_sealed_the_same(vault: Vault) -> None:
    assert len({vault.seal(b"token", bound_to=PLACE) for _ in range(100)}) == 100


def test_each_tenant_has_a_key_of_its_own(vault: Vault) -> None:
    for tenant in ("a", "b"):
        vault.seal(b"token", bound_to=f"{tenant}|contexts|tokens|1")
    assert len({keys.current for keys in vault.ring.show()}) == 2


def test_key_files_are_for_their_owner_only(vault: Vault, tmp_path: Path) -> None:
    vault.seal(b"token", bound_to=PLACE)
    vault.ring.rotate()
    vault.ring.rewrap()
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()}
    assert {"vault.json", "wrapping.json"} <= modes.keys()
    assert set(modes.values()) == {0o600}


def test_no_data_key_stands_unwrapped_in_any_file(tmp_path: Path) -> None:
    given: list[bytes] = []

    class Watching(KeyFile):
        def wrap(self, key: bytes, about: str) -> WrappedKey:
            given.append(key)
            return super().wrap(key, about)

    vault = Vault.open(tmp_path, Watching(tmp_path / "wrapping.json"))
    vault.seal(b"token", bound_to=PLACE)
    vault.ring.rotate()
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert len(given) == 2
    for key in given:
        assert key not in files
        assert base64.b64encode(key) not in files


def test_a_rotation_seals_with_a_new_key_and_still_reads_the_old(vault: Vault) -> None:
    old = vault.seal(b"token", bound_to=PLACE)
    vault.ring.rotate()
    new = vault.seal(b"token", bound_to=PLACE)
    assert old[:9] != new[:9]
    assert vault.unseal(old, bound_to=PLACE) == vault.unseal(new, bound_to=PLACE) == b"token"
    assert (vault.is_current(old, bound_to=PLACE), vault.is_current(new, bound_to=PLACE)) == (
        False,
        True,
    )


def test_a_process_that_is_running_seals_with_the_new_key(vault: Vault, tmp_path: Path) -> None:
    old = vault.seal(b"token", bound_to=PLACE)
    Vault.open(tmp_path).ring.rotate()
    assert vault.seal(b"token", bound_to=PLACE)[:9] != old[:9]


def test_a_process_that_is_running_reads_what_a_new_key_sealed(
    vault: Vault, tmp_path: Path
) -> None:
    vault.seal(b"token", bound_to=PLACE)
    other = Vault.open(tmp_path)
    other.ring.rotate()
    assert vault.unseal(other.seal(b"new", bound_to=PLACE), bound_to=PLACE) == b"new"


def test_rewrapping_touches_no_sealed_byte_and_gives_up_the_old_key(
    vault: Vault, tmp_path: Path
) -> None:
    sealed = vault.seal(b"token", bound_to=PLACE)
    before = json.loads((tmp_path / "wrapping.json").read_bytes())["current"]
    vault.ring.rewrap()
    assert vault.is_current(sealed, bound_to=PLACE)
    assert Vault.open(tmp_path).unseal(sealed, bound_to=PLACE) == b"token"
    assert before not in (tmp_path / "wrapping.json").read_text()
    assert before not in (tmp_path / "vault.json").read_text()


def test_a_rewrapping_that_was_cut_off_loses_no_key(vault: Vault, tmp_path: Path) -> None:
    sealed = vault.seal(b"token", bound_to=PLACE)
    KeyFile(tmp_path / "wrapping.json").rotate()
    assert Vault.open(tmp_path).unseal(sealed, bound_to=PLACE) == b"token"


def test_a_wrapped_key_of_another_tenant_is_of_no_use(vault: Vault, tmp_path: Path) -> None:
    sealed = vault.seal(b"theirs", bound_to="b|contexts|tokens|1")
    vault.seal(b"mine", bound_to=PLACE)
    document = json.loads((tmp_path / "vault.json").read_bytes())
    document["tenants"]["a"]["keys"] |= document["tenants"]["b"]["keys"]
    (tmp_path / "vault.json").write_text(json.dumps(document))
    with pytest.raises(KeyUnavailable):
        Vault.open(tmp_path).unseal(sealed, bound_to=PLACE)


class Outage(KeyFile):
    """A key management service that can be down."""

    down = False

    def wrap(self, key: bytes, about: str) -> WrappedKey:
        if self.down:
            raise KeyUnavailable("no answer")
        return super().wrap(key, about)

    def unwrap(self, wrapped: WrappedKey, about: str) -> bytes:
        if self.down:
            raise KeyUnavailable("no answer")
        return super().unwrap(wrapped, about)


@pytest.mark.threat("T33")
def test_without_the_wrapping_key_known_data_is_read_and_nothing_is_sealed_in_the_clear(
    tmp_path: Path,
) -> None:
    service = Outage(tmp_path / "wrapping.json")
    vault = Vault.open(tmp_path, service)
    sealed = vault.seal(b"token", bound_to=PLACE)
    service.down = True
    assert vault.unseal(sealed, bound_to=PLACE) == b"token"
    with pytest.raises(KeyUnavailable):
        vault.seal(b"token", bound_to="new tenant|contexts|tokens|1")
    with pytest.raises(KeyUnavailable):
        vault.ring.rotate()
    service.down = False
    vault.ring.rotate()
    assert vault.unseal(sealed, bound_to=PLACE) == b"token"


def sealed_in_the_first_format(keys: Path) -> bytes:
    """The key file and a sealed value as the first version of the vault made them."""
    key, nonce, header = AESGCM.generate_key(256), os.urandom(12), b"\x01\xaa\xbb\xcc\xdd"
    entry = {"id": "aabbccdd", "key": base64.b64encode(key).decode()}
    keys.mkdir(exist_ok=True)
    (keys / "vault.json").write_text(json.dumps({"current": "aabbccdd", "keys": [entry]}))
    return header + nonce + AESGCM(key).encrypt(nonce, b"token", header + PLACE.encode())


def test_an_older_key_file_is_taken_over_and_its_key_wrapped(tmp_path: Path) -> None:
    sealed = sealed_in_the_first_format(tmp_path)
    plain = json.loads((tmp_path / "vault.json").read_bytes())["keys"][0]["key"]
    vault = Vault.open(tmp_path)
    assert plain not in (tmp_path / "vault.json").read_text()
    assert vault.unseal(sealed, bound_to=PLACE) == b"token"
    assert not vault.is_current(sealed, bound_to=PLACE)
    vault.ring.rotate()
    vault.ring.rewrap()
    assert Vault.open(tmp_path).unseal(sealed, bound_to=PLACE) == b"token"


def test_a_key_file_that_cannot_be_read_stops_everything(vault: Vault, tmp_path: Path) -> None:
    (tmp_path / "vault.json").write_text("{")
    with pytest.raises(KeyUnavailable):
        vault.seal(b"token", bound_to=PLACE)
