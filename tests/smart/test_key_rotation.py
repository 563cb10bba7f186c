from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from smart.assertion import client_assertion
from smart.ehr import Ehr
from smart.key_file import HeldKey, RotationUnderWay, new_keys, rotated, signing, write
from smart.keys import ClientKeys, KeysUnusable
from tests.support.stub_ehr import StubEhr

HOUR = 3600
NOW = 1_800_000_000


class Clock:
    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(tmp_path: Path, clock: Clock) -> ClientKeys:
    opened = ClientKeys.open(tmp_path / "keys", clock)
    clock.now = max(clock.now, *(key.signs_from for key in opened.held()))
    return opened


def published(keys: ClientKeys) -> set[str]:
    return {key["kid"] for key in keys.public_jwks()["keys"]}


def test_new_keys_are_published_before_they_sign(keys: ClientKeys, clock: Clock) -> None:
    before = {algorithm: keys.signing(algorithm) for algorithm in ("ES384", "RS384")}
    keys.rotate(overlap=24 * HOUR, keep=24 * HOUR)
    assert len(published(keys)) == 4
    assert {algorithm: keys.signing(algorithm).key.kid for algorithm in before} == {
        algorithm: held.key.kid for algorithm, held in before.items()
    }
    clock.now += 24 * HOUR
    assert keys.signing("ES384").key.kid != before["ES384"].key.kid
    assert before["ES384"].key.kid in published(keys)


def test_old_keys_go_once_nothing_of_theirs_is_on_its_way(keys: ClientKeys, clock: Clock) -> None:
    old = published(keys)
    keys.rotate(overlap=24 * HOUR, keep=2 * HOUR)
    clock.now += 26 * HOUR - 1
    assert old < published(keys)
    clock.now += 1
    assert not old & published(keys)
    assert len(published(keys)) == 2


def test_there_is_a_key_to_sign_with_at_every_moment(keys: ClientKeys, clock: Clock) -> None:
    for _ in range(3):
        keys.rotate(overlap=5 * HOUR, keep=1 * HOUR)
        for _ in range(24):
            assert keys.signing("ES384").key.kid in published(keys)
            assert keys.signing("RS384").key.kid in published(keys)
            clock.now += HOUR / 2


def test_assertions_verify_all_through_a_rotation(stub: StubEhr, keys: ClientKeys) -> None:
    ehr = Ehr(stub.tenant(), keys)
    before = client_assertion(ehr, "w")
    keys.rotate(overlap=0, keep=HOUR)
    fetched = KeySet.import_key_set(keys.public_jwks())
    kids = set()
    for assertion in (before, client_assertion(ehr, "w")):
        kids.add(jwt.decode(assertion, fetched, algorithms=["ES384"]).header["kid"])
    assert len(kids) == 2


def test_one_rotation_at_a_time(keys: ClientKeys) -> None:
    keys.rotate(overlap=HOUR, keep=HOUR)
    with pytest.raises(RotationUnderWay):
        keys.rotate(overlap=HOUR, keep=HOUR)


def test_leaked_keys_are_withdrawn_at_once(keys: ClientKeys) -> None:
    keys.rotate(overlap=HOUR, keep=HOUR)
    leaked = published(keys)
    keys.rotate(overlap=0, keep=0)
    assert not leaked & published(keys)
    assert keys.signing("RS384").key.kid in published(keys)


def test_a_running_process_sees_the_rotation_of_another(tmp_path: Path, keys: ClientKeys) -> None:
    running = ClientKeys.open(tmp_path / "keys")
    keys.rotate(overlap=0, keep=HOUR)
    assert published(running) == published(keys)


def test_the_file_stays_for_its_owner_only(tmp_path: Path, keys: ClientKeys) -> None:
    keys.rotate(overlap=0, keep=HOUR)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()}
    assert modes == {"client_keys.json": 0o600, ".client_keys.json.lock": 0o600}


def test_a_file_of_one_algorithm_says_how_to_get_the_other(
    tmp_path: Path, keys: ClientKeys
) -> None:
    path = tmp_path / "keys" / "client_keys.json"
    elliptic = [key for key in keys.held() if key.algorithm == "ES384"]
    path.write_bytes(write(elliptic))
    os.utime(path, (1, 1))
    with pytest.raises(KeysUnusable, match="keys rotate"):
        keys.signing("RS384")
    keys.rotate(overlap=0, keep=HOUR)
    assert keys.signing("RS384")


def test_a_key_past_its_time_signs_nothing() -> None:
    [key, _] = new_keys()
    past = HeldKey(key.key, 0, NOW)
    assert signing([past], "ES384", NOW - 1) == past
    assert signing([past], "ES384", NOW) is None
    assert past not in rotated([past], NOW, overlap=0, keep=HOUR)
