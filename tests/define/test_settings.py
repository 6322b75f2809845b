"""Settings: where they come from, which one wins, and what is wrong with them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

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
    (tmp_path / "pyproject.toml").write_text(
        '[tool.nbflow]\ndriver_memory = "2g"\n[tool.nbflow.spark_conf]\n"spark.sql.ansi.enabled" = false\n'
    )
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


def wrong(folder: Path, overrides: dict[str, Any] | None = None, environment: dict[str, str] | None = None) -> list[tuple[Any, ...]]:
    """What is wrong with the settings of the workspace at ``folder``: file, line and key of each mistake."""
    with pytest.raises(DefinitionError) as caught:
        Settings.read(folder, overrides or {}, environment or {})
    return [(mistake.file, mistake.line, mistake.key) for mistake in caught.value.mistakes]


def test_each_mistake_has_the_line_of_its_key(tmp_path: Path) -> None:
    """In both files, also where keys are tables of their own."""
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nparallel = 1\n\n[tool.nbflow]\nparallel = "many"\n\n[tool.nbflow.spark_con]\nx = 1\n'
    )
    assert wrong(tmp_path) == [("pyproject.toml", 5, "parallel"), ("pyproject.toml", 7, "spark_con")]
    (tmp_path / "nbflow.toml").write_text('# ours\n"strict" = 5\n[extra]\n')
    assert wrong(tmp_path) == [("nbflow.toml", 2, "strict"), ("nbflow.toml", 3, "extra")]


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"parallel = 1\n= 2\n", 2, "TOML"),
        (b"parallel = 1\nparallel = 2\n", 2, "TOML"),
        (b'kernel = "a', None, "TOML"),
        ("parallel = 1\n".encode("utf-16"), 1, "UTF-16"),
        ('parallel = 1\nkernel = "\xe9"\n'.encode("latin-1"), 2, "not UTF-8"),
        (b'kernel = "a\x00b"\n', 1, "control character"),
        (b"x = " + b"[" * 50_000, None, "TOML"),
    ],
)
def test_a_file_that_is_no_toml_is_told_with_its_line(tmp_path: Path, data: bytes, line: int | None, words: str) -> None:
    """Never a traceback."""
    (tmp_path / "nbflow.toml").write_bytes(data)
    with pytest.raises(DefinitionError, match=words) as caught:
        Settings.read(tmp_path, {}, {})
    assert line is None or caught.value.mistakes[0].line == line


@pytest.mark.parametrize(("text", "line"), [("[tool]\nnbflow = 5\n", 2), ("tool = 5\n", 1), ("[[tool.nbflow]]\nparallel = 1\n", 1)])
def test_settings_that_are_no_table_are_told(tmp_path: Path, text: str, line: int) -> None:
    """Nothing is passed over in silence."""
    (tmp_path / "pyproject.toml").write_text(text)
    assert wrong(tmp_path) == [("pyproject.toml", line, "tool.nbflow")]


def test_a_table_that_belongs_to_the_other_file_is_explained(tmp_path: Path) -> None:
    """``[tool.nbflow]`` in ``nbflow.toml`` is a common slip."""
    (tmp_path / "nbflow.toml").write_text("[tool.nbflow]\nparallel = 1\n")
    with pytest.raises(DefinitionError, match="stand at the top of this file"):
        Settings.read(tmp_path, {}, {})


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    """Files from Windows tools are read, and found."""
    (tmp_path / "nbflow.toml").write_bytes(b"\xef\xbb\xbfparallel = 3\r\n")
    assert Settings.read(tmp_path, {}, {}).parallel == 3


@pytest.mark.parametrize(
    "written", ["spark.sql.ansi.enabled = false", '"spark.sql.ansi.enabled" = false', '"spark.sql" = {ansi.enabled = false}']
)
def test_settings_of_spark_may_be_written_without_quotes(tmp_path: Path, written: str) -> None:
    """TOML makes tables of dotted names; Spark's names are meant."""
    (tmp_path / "nbflow.toml").write_text(f"[spark_conf]\n{written}\n")
    assert dict(Settings.read(tmp_path, {}, {}).spark_conf) == {"spark.sql.ansi.enabled": False}


def test_settings_of_spark_come_from_the_environment_as_json(tmp_path: Path) -> None:
    """One variable holds them all."""
    assert dict(Settings.read(tmp_path, {}, {"NBFLOW_SPARK_CONF": '{"spark.a": 1}'}).spark_conf) == {"spark.a": 1}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("engine", "sprak"), ("engine", ""), ("parallel", 0), ("parallel", "1.5"), ("parallel", True), ("start_timeout_seconds", -1),
        ("cell_timeout_seconds", "nan"), ("grace_seconds", "inf"), ("output_limit_bytes", 0), ("max_value_bytes", "x"), ("warehouse", ""), ("runs", ""),
        ("driver_memory", "lots"), ("driver_memory", "0g"), ("driver_memory", "1024"), ("driver_memory", "10m"), ("driver_memory", "524287k"), ("spark_conf", "x"), ("strict", "yes"),
    ],
)  # fmt: skip
def test_values_that_cannot_be_are_refused(tmp_path: Path, name: str, value: Any) -> None:
    """Each setting by its own rule, told under the option's name."""
    assert wrong(tmp_path, {name: value}) == [(None, None, f"--{name.replace('_', '-')}")]


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("driver_memory", "512m", "512m"),
        ("driver_memory", "524288k", "524288k"),
        ("parallel", "4", 4),
        ("grace_seconds", 0, 0.0),
        ("strict", "true", True),
        ("python", "/usr/bin/python3", "/usr/bin/python3"),
        ("kernel", None, None),
    ],
)
def test_values_are_converted_by_their_type(tmp_path: Path, name: str, value: Any, kept: Any) -> None:
    """Text of an option or a variable; ``None`` is an option not given."""
    assert getattr(Settings.read(tmp_path, {name: value}, {}), name) == kept


def test_without_a_file_no_toml_is_loaded(tmp_path: Path) -> None:
    """Commands start quickly."""
    code = "import sys; from pathlib import Path; from nbflow.define.settings import Settings; Settings.read(Path(sys.argv[1]), {}, {}); print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert not {"'tomllib'", "'tomli'", "'yaml'"} & set(done.stdout.strip("[]\n").split(", "))


@pytest.mark.parametrize(
    ("text", "is_root"),
    [
        ("[tool.nbflow]\n", True), ("[ tool . nbflow ]\n", True), ('[tool."nbflow"]\n', True), ("[tool.nbflow.spark_conf]\n", True), ("\ufeff[tool.nbflow]\n", True),
        ("# [tool.nbflow]\n", False), ("[tool.nbflow-extra]\n", False), ("[project]\nname = 'nbflow'\n", False), ("", False),
    ],
)  # fmt: skip
def test_a_project_is_a_root_by_its_table_alone(tmp_path: Path, text: str, is_root: bool) -> None:
    """A comment or another tool's table is none."""
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "nbflow.toml").touch()
    (inner / "pyproject.toml").write_text(text, "utf-8")
    assert find_root(inner) == (inner if is_root else tmp_path)


def test_a_bundle_is_a_root_where_no_folder_above_says_so(tmp_path: Path) -> None:
    """A notebook of a bundle keeps its tables where the bundle's jobs keep theirs; a workspace around the bundle stays one."""
    below = tmp_path / "bundle" / "src"
    below.mkdir(parents=True)
    for name in ("databricks.yml", "databricks.yaml"):
        (tmp_path / "bundle" / name).write_text("bundle: {name: b}\n")
        assert find_root(below) == find_root(below / "n.py") == tmp_path / "bundle"
        (tmp_path / "nbflow.toml").touch()
        assert find_root(below) == tmp_path
        (tmp_path / "nbflow.toml").unlink()
        (tmp_path / "bundle" / name).unlink()


def test_without_any_mark_the_root_is_where_one_is(tmp_path: Path) -> None:
    """The folder of a file that need not be there, or the folder itself."""
    assert find_root(tmp_path) == tmp_path
    assert find_root(tmp_path / "some.ipynb") == tmp_path


def test_a_misspelt_variable_is_told_and_a_users_own_is_not(tmp_path: Path) -> None:
    """``NBFLOW_PARALEL`` has no effect, which nobody would see; ``NBFLOW_BUCKET`` may be anybody's."""
    with pytest.raises(DefinitionError) as caught:
        Settings.read(tmp_path, {}, {"NBFLOW_PARALEL": "2", "NBFLOW_WORKSPCE": "x", "NBFLOW_BUCKET": "b"})
    assert [(mistake.key, mistake.hint) for mistake in caught.value.mistakes] == [
        ("NBFLOW_PARALEL", "did you mean NBFLOW_PARALLEL?"), ("NBFLOW_WORKSPCE", "did you mean NBFLOW_WORKSPACE?"),
    ]  # fmt: skip


def test_what_the_call_gave_is_known(tmp_path: Path) -> None:
    """Only what it gave, not what it left open."""
    assert Settings.read(tmp_path, {"kernel": "ir", "parallel": None}, {"NBFLOW_RUNS": "r"}).of_call == {"kernel"}


def test_the_interpreter_starts_where_it_was_written(tmp_path: Path) -> None:
    """A path from the caller's folder, of the file from the root; a name is looked up; what is not there is told."""
    here = tmp_path / "here"
    here.mkdir()
    for folder in (tmp_path, here):
        (folder / "py").write_text("#!/bin/sh\n")
        (folder / "py").chmod(0o755)
    assert Settings.read(tmp_path, {"python": "./py"}, {}, here).python == str(here / "py")
    assert Settings.read(tmp_path, {}, {"NBFLOW_PYTHON": "../py"}, here).python == str(tmp_path / "py")
    assert Path(str(Settings.read(tmp_path, {"python": "sh"}, {}, here).python)).name == "sh"
    (tmp_path / "nbflow.toml").write_text('python = "./py"')
    assert Settings.read(tmp_path, {}, {}, here).python == str(tmp_path / "py")
    for wrong in ("./gone", "no-such-program-here"):
        with pytest.raises(DefinitionError, match="there is no program"):
            Settings.read(tmp_path, {"python": wrong}, {}, here)


def test_messages_name_the_file_as_seen_from_where_one_stands(tmp_path: Path) -> None:
    """From another folder by its whole path; a folder of that name is no settings."""
    (tmp_path / "nbflow.toml").write_text("paralel = 2")
    for folder, shown in ((tmp_path, "nbflow.toml"), (tmp_path / "x", str(tmp_path / "nbflow.toml"))):
        with pytest.raises(DefinitionError) as caught:
            Settings.read(tmp_path, {}, {}, folder)
        assert caught.value.mistakes[0].file == shown
    (tmp_path / "nbflow.toml").unlink()
    (tmp_path / "nbflow.toml").mkdir()
    with pytest.raises(DefinitionError, match="is no file"):
        Settings.read(tmp_path, {}, {}, tmp_path)
