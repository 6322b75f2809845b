"""Where no test may be skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SKIPS = """\
import pytest

def test_good(): pass
def test_asks(): pytest.skip("no browser")
@pytest.mark.skipif(True, reason="no compiler")
def test_marked(): pass
@pytest.mark.xfail(reason="known")
def test_known(): assert False
@pytest.fixture
def part(): pytest.skip("no engine")
def test_with(part): pass
"""


@pytest.mark.parametrize(("variable", "told"), [("", "1 passed, 4 skipped, 1 xfailed"), ("1", "1 failed, 1 passed, 1 xfailed, 3 errors")])
def test_a_skip_is_a_failure_where_the_variable_says_so(tmp_path: Path, variable: str, told: str) -> None:
    """Tests, marks, fixtures and whole files that skip fail with their reasons; without the variable they are skipped. What is expected
    to fail stays that."""
    shutil.copy(ROOT / "tests/conftest.py", tmp_path)
    (tmp_path / "test_some.py").write_text(SKIPS)
    (tmp_path / "test_whole.py").write_text("import pytest\npytest.importorskip('no_such_module')\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
    environment = {**os.environ, "NBFLOW_TEST_NO_SKIP": variable, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert told in done.stdout, done.stdout + done.stderr
    assert done.returncode == (1 if variable else 0)
    for reason in ("no browser", "no compiler", "no engine", "no_such_module"):
        assert (reason in done.stdout) == bool(variable)
