"""The version beside every episode changes with the numbers that decide."""

from __future__ import annotations

import tomllib
import zlib

import pytest

from wearable_agg.afib import beats_only, types
from wearable_agg.afib.rules import configured
from wearable_agg.afib.trees import FOLDER, Trees, stored

STANDS_FOR = tomllib.loads((FOLDER / "versions.toml").read_text("utf-8"))
VERSIONS = {
    types.DECIDER: types.DECIDER_VERSION,
    beats_only.DECIDER: beats_only.DECIDER_VERSION,
}


def checksum(*models: Trees) -> str:
    """Of every number of the models, and of the constants that they are used with."""
    made = zlib.crc32(repr(configured()).encode())
    for trees in models:
        for array in trees:
            made = zlib.crc32(array.tobytes(), made)
    return f"{made:08x}"


@pytest.mark.parametrize("decider", VERSIONS)
def test_a_version_stands_for_these_models_and_constants(decider: str) -> None:
    known = STANDS_FOR[decider]
    found = checksum(*map(stored, known["models"]))
    assert found == known["checksum"], "other models or constants decide: change the version"
    assert known["version"] == VERSIONS[decider], "the version changed: record what it stands for"


def test_the_checksum_sees_one_number_that_changed() -> None:
    trees = stored("beats")
    other = trees._replace(threshold=trees.threshold + 1e-3)
    assert checksum(other) != checksum(trees)
