"""`make bench`: every measured figure, one after the other."""

from __future__ import annotations

import subprocess
import sys

BENCHES = (
    ("QRS accuracy", "bench.qrs_accuracy"),
    ("QRS cost and peers", "bench.qrs_cost"),
    ("Rhythm, cross-validated by patient", "bench.rhythm.crossvalidate"),
    ("Embedded engine", "bench.engine"),
    ("Measurements", "bench.measurements"),
    ("Intake", "bench.intake"),
    ("Importing", "bench.apple_import"),
    ("Reading", "bench.reading"),
    ("Delivery", "bench.delivery"),
    ("Page", "bench.page"),
)


def main() -> int:
    """Run all benches, or those whose module is named; return how many failed."""
    chosen = [bench for bench in BENCHES if not sys.argv[1:] or bench[1] in sys.argv[1:]]
    failed = 0
    for title, module in chosen:
        print(f"\n== {title} (python -m {module})", flush=True)
        failed += subprocess.run([sys.executable, "-m", module], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
