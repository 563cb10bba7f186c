"""Archives that want to harm whoever imports them: refused or set apart, in little memory."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.hostile_exports import CORPUS, SECRET, make

ROOT = Path(__file__).parents[3]
MOST_MEGABYTES, MOST_SECONDS = 300, 60


@pytest.mark.threat("T23")
def test_each_is_refused_or_set_apart_and_nothing_is_read_that_is_ours(tmp_path):
    make(tmp_path)
    began = time.monotonic()
    command = [sys.executable, "-m", "tests.support.hostile_exports", str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    *outcomes, last = map(json.loads, ended.stdout.splitlines())
    said = {one["file"]: one["said"] for one in outcomes}
    assert len(said) >= 15
    wrong = {name: said.get(name) for name, (_, why) in CORPUS.items() if why not in said[name]}
    assert wrong == {}
    assert time.monotonic() - began < MOST_SECONDS
    assert last["peak_megabytes"] < MOST_MEGABYTES
    kept = b"".join(path.read_bytes() for path in (tmp_path / "site").glob("wearables.db*"))
    assert SECRET.encode() not in kept
