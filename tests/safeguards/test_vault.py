import json
import stat

import pytest

from safeguards.vault import Unreadable, Vault


def test_what_is_sealed_for_a_place_is_read_back_there(tmp_path):
    vault = Vault.open(tmp_path)
    sealed = vault.seal(b"token", bound_to="a|contexts|tokens|1")
    assert vault.unseal(sealed, bound_to="a|contexts|tokens|1") == b"token"


def test_sealed_bytes_moved_to_another_row_are_unreadable(tmp_path):
    vault = Vault.open(tmp_path)
    sealed = vault.seal(b"token", bound_to="a|contexts|tokens|1")
    with pytest.raises(Unreadable):
        vault.unseal(sealed, bound_to="a|contexts|tokens|2")


@pytest.mark.parametrize("position", [0, 1, 5, 17, -1])
def test_a_flipped_bit_anywhere_is_noticed(tmp_path, position):
    vault = Vault.open(tmp_path)
    sealed = bytearray(vault.seal(b"token", bound_to="place"))
    sealed[position] ^= 1
    with pytest.raises(Unreadable):
        vault.unseal(bytes(sealed), bound_to="place")


@pytest.mark.parametrize("length", [0, 1, 5, 12, 20])
def test_cut_bytes_are_unreadable(tmp_path, length):
    vault = Vault.open(tmp_path)
    with pytest.raises(Unreadable):
        vault.unseal(vault.seal(b"token", bound_to="place")[:length], bound_to="place")


def test_the_key_file_is_for_its_owner_only(tmp_path):
    Vault.open(tmp_path)
    assert stat.S_IMODE((tmp_path / "vault.json").stat().st_mode) == 0o600


def test_an_older_key_still_reads_after_a_new_one_became_current(tmp_path):
    sealed = Vault.open(tmp_path).seal(b"token", bound_to="place")
    document = json.loads((tmp_path / "vault.json").read_text())
    document["keys"].append({"id": "00000001", "key": document["keys"][0]["key"]})
    document["current"] = "00000001"
    (tmp_path / "vault.json").write_text(json.dumps(document))
    assert Vault.open(tmp_path).unseal(sealed, bound_to="place") == b"token"
