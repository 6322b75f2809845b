"""Settings: where they come from, which one wins, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbflow.core.errors import DefinitionError
from nbflow.define.settings import Settings, find_root


def test_the_call_wins_over_the_environment_over_the_file(tmp_path: Path) -> None:
    """Each setting by itself."""
    (tmp_path / "nbflow.toml").write_text('parallel = 1\ngrace_seconds = 1\nkernel = "a"\n')
    read = Settings.read(tmp_path, {"parallel": 3}, {"NBFLOW_PARALLEL": "2", "NBFLOW_GRACE_SECONDS": "2", "NBFLOW_UNRELATED": "x"})
    assert (read.parallel, read.grace_seconds, read.kernel, read.engine) == (3, 2.0, "a", "spark")


def test_pyproject_serves_where_there_is_no_file_of_our_own(tmp_path: Path) -> None:
    """``[tool.nbflow]``."""
    (tmp_path / "pyproject.toml").write_text('[tool.nbflow]\ndriver_memory = "2g"\n[tool.nbflow.spark_conf]\n"spark.sql.ansi.enabled" = false\n')
    read = Settings.read(tmp_path, {}, {})
    assert (read.driver_memory, dict(read.spark_conf)) == ("2g", {"spark.sql.ansi.enabled": False})


def test_all_that_is_wrong_is_told(tmp_path: Path) -> None:
    """Unknown names with a suggestion, wrong types, impossible values, each with where it stands."""
    (tmp_path / "nbflow.toml").write_text('paralel = 2\nengine = "sprak"\n')
    with pytest.raises(DefinitionError) as caught:
        Settings.read(tmp_path, {"grace_seconds": -1}, {"NBFLOW_PARALLEL": "many"})
    keys = [(mistake.file, mistake.key) for mistake in caught.value.mistakes]
    assert keys == [("nbflow.toml", "paralel"), ("nbflow.toml", "engine"), (None, "NBFLOW_PARALLEL"), (None, "--grace-seconds")]
    assert "parallel" in str(caught.value.mistakes[0].hint)


def test_a_broken_file_is_told(tmp_path: Path) -> None:
    """No traceback for a file that is no TOML."""
    (tmp_path / "nbflow.toml").write_text("= 1")
    with pytest.raises(DefinitionError, match="TOML"):
        Settings.read(tmp_path, {}, {})


@pytest.mark.parametrize("mark", ["nbflow.toml", "pipelines/x.yml", "pyproject.toml"])
def test_the_root_is_the_nearest_folder_that_says_so(tmp_path: Path, mark: str) -> None:
    """Upward from a file or a folder, also from ``notebooks/``."""
    (tmp_path / mark).parent.mkdir(exist_ok=True)
    (tmp_path / mark).write_text("[tool.nbflow]\n" if mark == "pyproject.toml" else "")
    below = tmp_path / "notebooks" / "deep"
    below.mkdir(parents=True)
    (below / "pyproject.toml").write_text("[project]\n")
    assert find_root(below) == tmp_path
    assert find_root(below / "n.ipynb") == tmp_path
