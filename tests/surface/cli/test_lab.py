"""``nbflow lab`` without a browser: what is told before JupyterLab is there, and how its kernels begin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import nbflow
from tests.surface.jupyter.test_in_a_kernel import Cells

STARTUP = str(Path(nbflow.__file__).parent / "surface/jupyter/startup.py")


def test_a_missing_jupyterlab_is_told(workspace: Path, environment: Any) -> None:
    """One line that says how to get it, and exit code 2."""
    code = "import sys; sys.modules['jupyterlab'] = None\nfrom nbflow.surface.cli.main import main\nmain(['lab'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=workspace, env=environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"nbflow: JupyterLab is not installed here ('{sys.executable} -m pip install jupyterlab' brings it)\n"


def test_arguments_go_to_jupyterlab_and_the_call_s_settings_to_its_kernels(workspace: Path, environment: Any, tmp_path: Path) -> None:
    """In the workspace's folder, with paths from where the caller stands; its exit code is the command's."""
    fake = tmp_path / "fake/jupyterlab"
    fake.mkdir(parents=True)
    (fake / "__init__.py").write_text("")
    (fake / "labapp.py").write_text(
        "import json, os, sys\n"
        "def main():\n"
        "    print(json.dumps([sys.argv[1:], os.getcwd(), {k: v for k, v in os.environ.items() if k.startswith(('NBFLOW_', 'PYTHONS'))}]))\n"
        "    return 7\n"
    )
    own = tmp_path / "own.py"
    own.write_text("")
    command = ["lab", "after.ipynb", "--no-browser", "--port", "9999", "--spark-conf", "spark.x=1", "--", "--debug"]
    done = subprocess.run(
        [sys.executable, "-m", "nbflow", *command], cwd=workspace / "notebooks", capture_output=True, text=True, check=False,
        env=environment(PYTHONPATH=str(tmp_path / "fake"), PYTHONSTARTUP=str(own)),
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (7, "")
    arguments, folder, variables = json.loads(done.stdout)
    assert arguments == [
        f"--ServerApp.root_dir={workspace}", str(workspace / "notebooks/after.ipynb"), "--no-browser", "--port", "9999", "--debug",
    ]  # fmt: skip
    assert folder == str(workspace)
    assert Path(variables.pop("PYTHONSTARTUP")).parts[-4:] == ("nbflow", "surface", "jupyter", "startup.py")
    assert variables == {
        "NBFLOW_WORKSPACE": str(workspace), "NBFLOW_LAB_ENGINE": "none", "NBFLOW_SPARK_CONF": '{"spark.x": "1"}',
        "NBFLOW_FORMER_STARTUP": str(own),
    }  # fmt: skip


def test_a_kernel_begins_with_the_magics_and_the_user_s_own_startup(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``dbutils`` and ``%nbflow`` are there, and what the user's startup file makes; nothing else stands in the namespace."""
    own = tmp_path / "own.py"
    own.write_text("mine = 5\n")
    for name, value in (("PYTHONSTARTUP", STARTUP), ("NBFLOW_FORMER_STARTUP", str(own)), ("NBFLOW_LAB_ENGINE", "none")):
        monkeypatch.setenv(name, value)
    kernel = Cells(workspace)
    try:
        text, _, ename = kernel.run("%nbflow close\nprint(dbutils.widgets.getAll(), mine, [name for name in dir() if 'nbflow' in name])")
        assert (text, ename) == ("the notebook's own defaults hold\n{} 5 []\n", None)
    finally:
        kernel.close()


def test_a_run_that_a_kernel_of_the_lab_starts_is_a_run(nbflow: Any, workspace: Path) -> None:
    """Its kernels inherit the startup file, which leaves them to the run."""
    done = nbflow("run", "small", "-p", "times=3", "--json", PYTHONSTARTUP=STARTUP, NBFLOW_LAB_ENGINE="spark")
    assert (done.code, done.document["tasks"][0]["values"]) == (0, {"words": 6}), done.err
    assert os.path.isfile(done.document["tasks"][1]["notebook"])
