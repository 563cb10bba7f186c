"""Each parser under a fuzzer that is led by coverage: a minute each, and no crash."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

PARSERS = ("google_health", "withings", "apple_export", "apple_ecg", "apple_push")
"""As fuzzing.py knows them; importing it here would instrument the parsers for every test."""

ROOT = Path(__file__).parents[3]
SECONDS = 60


def fuzz(folder: Path, parser: str, seconds: int) -> subprocess.CompletedProcess[str]:
    command = [
        *(sys.executable, "-m", "tests.wearable_agg.vendors.fuzzing", parser),
        *(f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=1024", "-max_len=40000"),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.long
@pytest.mark.skipif(find_spec("atheris") is None, reason="no atheris for this Python and machine")
@pytest.mark.threat("T24", "T25")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("parser", PARSERS)
def test_nothing_crashes_a_parser_within_a_minute(tmp_path, parser):
    ran = fuzz(tmp_path, parser, SECONDS)
    left = {one.name: one.read_bytes()[:2000] for one in tmp_path.iterdir() if one.is_file()}
    assert ran.returncode == 0, (ran.stderr[-4000:], left)
    assert "cov:" in ran.stderr
