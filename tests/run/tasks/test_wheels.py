"""Wheels on the path of a task's Python, without Spark: those of a bundle's environment, and of a task's libraries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import nbformat

FILES = {
    "databricks.yml": "bundle: {name: shop}\ninclude: [resources/*.yml]\ntargets: {dev: {mode: development, default: true}}\n",
    "nbflow.toml": 'engine = "none"\n',
    "src/script.py": "import shop\nprint(shop.VERSION, shop.__file__)\n",
    "resources/shop.yml": """\
resources:
  jobs:
    shop:
      environments:
        - {environment_key: default, spec: {environment_version: "4", dependencies: [../dist/*.whl, requests]}}
      tasks:
        - task_key: main
          environment_key: default
          python_wheel_task: {package_name: shop, entry_point: main, parameters: [--day, "2026-01-02"]}
        - {task_key: script, environment_key: default, spark_python_task: {python_file: ../src/script.py}}
        - {task_key: note, environment_key: default, notebook_task: {notebook_path: ../src/note.ipynb}}
        - {task_key: older, notebook_task: {notebook_path: ../src/note.ipynb}, libraries: [{whl: ../old/shop.whl}]}
        - {task_key: bare, notebook_task: {notebook_path: ../src/note.ipynb}}
""",
}
CODE = "import sys\nVERSION = {version!r}\ndef main():\n    print(VERSION, sys.argv[1:])\n"


def wheel(path: Path, version: str) -> None:
    """A wheel of ``shop`` as an installer would take it."""
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("shop/__init__.py", CODE.format(version=version))
        archive.writestr("shop-1.dist-info/METADATA", f"Metadata-Version: 2.1\nName: shop\nVersion: {version}\n")
        archive.writestr("shop-1.dist-info/entry_points.txt", "[console_scripts]\nmain = shop:main\n")


def bundle(folder: Path) -> None:
    """A project of Databricks' template for Python, built."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    cell = nbformat.v4.new_code_cell("import os, shop\nprint(shop.VERSION, shop.__file__, os.getcwd())")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / "src/note.ipynb")
    wheel(folder / "dist/shop-2-py3-none-any.whl", "2")
    wheel(folder / "old/shop.whl", "1")


def nbflow(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What a call comes to, where nothing else stands on Python's path."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-m", "nbflow", *words], cwd=folder, capture_output=True, text=True, check=False, env=environment, timeout=300
    )


def test_a_bundle_with_a_wheel_in_its_environment_runs_as_it_is(tmp_path: Path) -> None:
    """An entry point, a script and notebooks find the modules of their own wheels, side by side in two versions; a task that names
    none finds none, and nothing of them is left."""
    bundle(tmp_path)
    done = nbflow(tmp_path, "run", "databricks.yml", "--job", "shop", "--json")
    tasks: dict[str, Any] = {task["task_key"]: task for task in json.loads(done.stdout)["tasks"]}
    assert {key: task["result"] for key, task in tasks.items()} == {
        "main": "SUCCESS", "script": "SUCCESS", "note": "SUCCESS", "older": "SUCCESS", "bare": "FAILED",
    }, done.stdout  # fmt: skip
    assert Path(tasks["main"]["log"]).read_text() == "2 ['--day', '2026-01-02']\n"
    assert Path(tasks["script"]["log"]).read_text().startswith("2 ")
    for key, version in {"note": "2", "older": "1"}.items():
        (output,) = nbformat.read(tasks[key]["notebook"], 4).cells[-1].outputs
        found, module, folder = output.text.split()
        assert (found, folder) == (version, str(tmp_path / "src"))
        assert module.endswith("/shop/__init__.py") and not Path(module).exists()
    assert (tasks["bare"]["error"]["ename"], tasks["bare"]["error"]["evalue"]) == ("ModuleNotFoundError", "No module named 'shop'")


def test_all_wheels_that_are_not_there_are_told(tmp_path: Path) -> None:
    """At once, each where it stands, before anything starts: nothing is built for a run."""
    bundle(tmp_path)
    (tmp_path / "dist/shop-2-py3-none-any.whl").unlink()
    (tmp_path / "old/shop.whl").rename(tmp_path / "old/other.whl")
    done = nbflow(tmp_path, "validate", "databricks.yml")
    told = [line for line in done.stderr.splitlines() if "build it first" in line]
    place = "resources/shop.yml:{}: resources.jobs.shop."
    missing = f"{place.format(5)}environments[0].spec.dependencies[0]: no file is named ../dist/*.whl (build it first; "
    assert done.returncode == 2 and not (tmp_path / "runs").exists()
    assert [line.startswith(missing) for line in told] == [True, False], done.stderr
    assert told[1].startswith(f"{place.format(12)}tasks[3].libraries[0].whl: there is no file ../old/shop.whl (build it first; ")
