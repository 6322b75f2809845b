"""Which entry points of packages lead to Spark."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbflow.core.errors import DefinitionError
from nbflow.define.library import Library, installed_library, wheel_library
from nbflow.define.program import read_python_file

POINTS = "[other]\nrun = jobs.other:main\n\n[console_scripts]\nrun = jobs.run:main [extra]\nUpper = jobs.sub.upper:main\n"


def wheel(folder: Path, files: Mapping[str, str], name: str = "my_jobs-1.0-py3-none-any.whl") -> Path:
    with zipfile.ZipFile(folder / name, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return folder / name


def leads_to_spark(tmp_path: Path, files: Mapping[str, str], entry: str = "run") -> bool:
    found = wheel_library([wheel(tmp_path, {"my_jobs-1.0.dist-info/entry_points.txt": POINTS, **files})])
    return found.entry_uses_spark("my-jobs", entry)


SPARK = "from pyspark.sql import SparkSession\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from jobs import deep", True),
        ("from . import deep", True),
        ("from .deep import session as s", True),
        ("import jobs.deep as d, os", True),
        ("import os; import jobs.deep", True),
        ("def main():\n    if x: from .deep import (  # the engine\n        session,\n    )", True),
        ("from jobs import \\\n    deep", True),
        ("import importlib\nimportlib.import_module('jobs.deep')", True),
        ("import importlib\nimportlib.import_module('.deep', __package__)", True),
        ("import importlib\nimportlib.import_module(name)", True),
        ("import pkgutil", True),
        ("from importlib import import_module", False),
        ("from .. import deep", False),
        ("import jobs.other, json", False),
        ("deep = 'jobs.deep'", False),
        ("def main(spark): return spark.range(5)", False),
        ("def main(): return spark.range(5)", True),
        ("import delta", True),
        ("from delta.tables import DeltaTable", True),
        ("delta = timedelta(1)", False),
        ("from nbflow import spark", True),
        ("spark = (", False),
    ],
)
def test_what_leads_to_spark(tmp_path: Path, text: str, expected: bool) -> None:
    """Only what the entry point needs counts: the imports of its module and of those that they lead to, however they are written."""
    assert leads_to_spark(tmp_path, {"jobs/__init__.py": "", "jobs/run.py": text, "jobs/other.py": "", "jobs/deep.py": SPARK}) is expected


def test_the_entry_point_s_module(tmp_path: Path) -> None:
    """That of the metadata, the console's first, with the packages that it stands in; without one the package itself; all, where it is elsewhere."""
    files = {"jobs/__init__.py": "", "jobs/run.py": "", "jobs/other.py": SPARK, "jobs/sub/__init__.py": SPARK, "jobs/sub/upper.py": ""}
    assert not leads_to_spark(tmp_path, files)
    assert leads_to_spark(tmp_path, files, "Upper")
    assert leads_to_spark(tmp_path, files, "unknown")
    assert not leads_to_spark(tmp_path, {**files, "my_jobs.py": ""}, "unknown")
    assert leads_to_spark(tmp_path, {**files, "my_jobs-1.0.data/purelib/my_jobs.py": SPARK}, "unknown")


_FORMS = ["import p.m{0}", "from p import m{0}", "from . import m{0} as x", "from .m{0} import y", "if x:\n    import os, p.m{0}"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(_FORMS)), max_size=3), min_size=6, max_size=6),
    st.sets(st.integers(0, 5), max_size=2),
)
def test_all_that_is_imported_is_followed(edges: list[list[tuple[int, str]]], spark: set[int]) -> None:
    """As a search of the graph has it; in circles, and for each entry after the other."""
    texts = ["".join(form.format(to) + "\n" for to, form in each) + (SPARK if at in spark else "") for at, each in enumerate(edges)]
    modules: dict[str, Any] = {f"p.m{at}": (lambda text=text: text.encode()) for at, text in enumerate(texts)}
    library = Library({"p": lambda: b"", **modules}, frozenset({"p"}), {})
    for start in range(6):
        reached = {start}
        for _ in range(6):
            reached |= {to for at in reached for to, _ in edges[at]}
        assert library.uses_spark(f"p.m{start}") is bool(reached & spark)


def test_a_program_reaches_its_wheels(tmp_path: Path) -> None:
    """Also from a module beside it; what it does not import counts for nothing."""
    library = wheel_library([wheel(tmp_path, {"jobs/a.py": SPARK, "jobs/b.py": ""})])
    for text, expected in (("import jobs.b", False), ("import jobs.a", True), ("import beside", True)):
        (tmp_path / "beside.py").write_text("from jobs import a")
        (tmp_path / "p.py").write_text(text)
        assert read_python_file(tmp_path / "p.py", "p.py", (), None, library).uses_spark is expected


def test_each_module_is_looked_at_once(tmp_path: Path) -> None:
    """However many tasks ask, and only when one does."""
    asked = []

    def read() -> bytes:
        asked.append(1)
        return b"import p.b"

    library = Library({"p.a": read, "p.b": read, "p.c": read}, frozenset(), {})
    assert not any(library.uses_spark(name) for name in ("p.a", "p.b", "p.a"))
    assert len(asked) == 2


def test_installed_packages() -> None:
    """Those of this environment; one that is not there is nobody's to read."""
    click = installed_library("click")
    assert click is not None and not click.entry_uses_spark("click", "x")
    pyspark = installed_library("nbflow-is-not-this")
    assert pyspark is None


def test_a_package_that_is_installed_as_editable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody reads it: what is installed only finds the modules, which lie elsewhere and may use Spark."""
    (tmp_path / "__editable___jobs_1_0_finder.py").write_text("MAPPING = {'jobs': '/elsewhere'}\n")
    (tmp_path / "jobs-1.0.dist-info").mkdir()
    (tmp_path / "jobs-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: jobs\nVersion: 1.0\n")
    (tmp_path / "jobs-1.0.dist-info/RECORD").write_text("__editable___jobs_1_0_finder.py,,\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert installed_library("jobs") is None


def test_what_is_no_wheel_is_told(tmp_path: Path) -> None:
    """Also where only one of its files is broken."""
    (tmp_path / "a.whl").write_text("no")
    with pytest.raises(DefinitionError, match=r"a.whl: is no wheel"):
        wheel_library([tmp_path / "a.whl"])
    for broken in ("a.py", "a-1.dist-info/entry_points.txt"):
        path = wheel(tmp_path, {broken: "x" * 100})
        data = bytearray(path.read_bytes())
        data[data.index(b"x" * 100)] = 0
        path.write_bytes(data)
        with pytest.raises(DefinitionError, match=r"whl: is no wheel"):
            wheel_library([path]).uses_spark("a")
