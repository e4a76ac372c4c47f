"""``make chaos``: the long tests of outages, one after the other; the last line is ``N passed, N failed``.

Arguments choose among them as pytest's ``-k`` does: ``python -m tests.chaos service``.
"""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


class Count:
    """Counts tests by how they ended; a fixture's failure is the test's."""

    def __init__(self) -> None:
        self.failed: set[str] = set()
        self.seen: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called by pytest for each phase of each test."""
        self.seen.add(report.nodeid)
        if report.failed:
            self.failed.add(report.nodeid)


def main() -> int:
    """Run them; 0 when all passed."""
    count = Count()
    chosen = ["-k", sys.argv[1]] if len(sys.argv) > 1 else []
    files = [str(path) for path in sorted(HERE.glob("chaos_*.py"))]
    code = pytest.main(["-v", "--timeout=600", *chosen, *files], plugins=[count])
    sys.stdout.write(f"{len(count.seen - count.failed)} passed, {len(count.failed)} failed\n")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
