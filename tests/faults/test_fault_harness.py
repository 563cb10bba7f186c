"""The fault harness in its short form: over every kind of EHR, beside a control that doubles."""

import os
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

CODE = """
import sys
from tests.faults.harness.run import PERSONALITIES, run
verdict, good = run(30, 15, PERSONALITIES, 20260301, at_once=6)
sys.exit(0 if good else 1)
"""


@pytest.mark.threat("T34", "T35", "T46")
def test_nothing_is_lost_or_doubled_over_every_kind_of_ehr():
    # a process of its own: the harness forks, and pytest has threads
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, env={**os.environ}
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
