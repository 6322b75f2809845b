"""What the README shows works when it is pasted."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text("utf-8")
COMMANDS = re.findall(r"^\$ (nbflow .*?)(?:\s+#.*)?$", TEXT, re.MULTILINE)


def blocks(language: str) -> list[str]:
    """The README's blocks of code in that language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the repository's notebooks and pipelines."""
    for name in ("notebooks", "pipelines"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def nbflow(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, run in this folder."""
    return subprocess.run([sys.executable, "-m", "nbflow", *words], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("text", blocks("yaml"))
def test_the_pipeline_files_are_good_ones(text: str, project: Path) -> None:
    """As files of the project whose notebook they name, with nothing to be warned of."""
    (project / "pipelines" / "pasted.yml").write_text(text, "utf-8")
    done = nbflow(project, "validate", "--strict", "pasted")
    assert done.returncode == 0, done.stderr


def test_the_parameters_cell_runs_by_hand_and_is_read(tmp_path: Path) -> None:
    """The same names and defaults, run and inspected."""
    cell = next(text for text in blocks("python") if "widgets.dropdown" in text)
    program = cell + "\nimport json\nprint(json.dumps([layer, limit, dbutils.widgets.get('region')]))"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == '["bronze", 100, "north"]\n', done.stderr
    (tmp_path / "n.py").write_text(f'# %% tags=["parameters"]\n{cell}')
    told = nbflow(tmp_path, "params", "n.py").stdout.splitlines()
    assert [line.split()[0] for line in told[1:]] == ["layer", "source", "limit", "region"]


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_is_one(line: str, project: Path) -> None:
    """Quick ones do what they say; of the others the plan is made, which knows every option of theirs but those of running."""
    words = line.split()[1:]
    if words[0] == "run":
        words = ["plan", *(word for word in words[1:] if word not in ("--json", "--parallel", "4"))]
    done = nbflow(project, *words)
    nothing_ran = words[0] in ("runs", "logs", "report", "tables", "cancel") and (
        "nothing has been run" in done.stderr or "there is no table" in done.stderr
    )
    assert done.returncode == 0 or nothing_ran, done.stderr
