"""Python programs as tasks, without Spark: their environment, their arguments, and how they end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from typing import Any

PIPELINE = """\
parameters: {who: you}
tasks:
  - task_key: bare
    script: s.py
    parameters: [--who, "{{job.parameters.who}}", {a: [1]}, "", true]
    python: venv/bin/python
  - {task_key: raises, script: bad.py, max_retries: 1}
  - {task_key: exits, script: exits.py}
  - {task_key: ends, script: ends.py}
  - {task_key: console, python_wheel_task: {package_name: my-pkg, entry_point: tool, parameters: [x]}, libraries: [{whl: my*.whl}]}
  - {task_key: function, python_wheel_task: {package_name: my-pkg, entry_point: plain, named_parameters: {}}, libraries: [{whl: my*.whl}]}
  - {task_key: lost, python_wheel_task: {package_name: my-pkg, entry_point: nowhere}, libraries: [{whl: my*.whl}]}
  - {task_key: absent, python_wheel_task: {package_name: no-such-package-here, entry_point: x}}
"""

SCRIPTS = {
    "s.py": "import json, sys\nfrom nbflow import task\ndbutils.jobs.taskValues.set('n', 5)\n"
    "print(json.dumps([sys.argv[1:], sys.prefix, task.task_key]))\n",
    "bad.py": "def f():\n    raise ValueError('no good')\n\nf()\n",
    "exits.py": "import sys\nsys.exit(3)\n",
    "ends.py": "dbutils.notebook.exit('early')\nraise SystemError\n",
}


def run(folder: Path) -> dict[str, Any]:
    """The tasks of a run of that pipeline, by key."""
    (folder / "p.yml").write_text(PIPELINE)
    (folder / "nbflow.toml").write_text('engine = "none"\n')
    for name, text in SCRIPTS.items():
        (folder / name).write_text(text)
    with zipfile.ZipFile(folder / "my_pkg-1.0-py3-none-any.whl", "w") as archive:
        code = "import sys\ndef tool():\n    print(sys.argv)\n    return 4\ndef plain():\n    print(sys.argv)\n    return 4\n"
        archive.writestr("my_pkg/__init__.py", code)
        archive.writestr("my_pkg-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: my-pkg\nVersion: 1.0\n")
        archive.writestr("my_pkg-1.0.dist-info/entry_points.txt", "[console_scripts]\ntool = my_pkg:tool\n")
    venv.create(folder / "venv", with_pip=False)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-m", "nbflow", "run", "p.yml", "--json"], cwd=folder, capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 1, done.stderr
    return {task["task_key"]: task for task in json.loads(done.stdout)["tasks"]}


def test_python_programs(tmp_path: Path) -> None:
    """In an environment without nbflow too; an exception, an exit code, an early end, and entry points of every kind."""
    tasks = run(tmp_path)
    logs = {key: Path(task["log"]).read_text() for key, task in tasks.items()}
    results = {key: (task["result"], task["error"] and task["error"]["message"]) for key, task in tasks.items()}
    assert json.loads(logs["bare"]) == [["--who", "you", '{"a": [1]}', "", "true"], str(tmp_path / "venv"), "bare"], results
    assert (results["bare"], tasks["bare"]["values"]) == (("SUCCESS", None), {"n": 5})
    error = tasks["raises"]["error"]
    assert (error["kind"], error["ename"], error["evalue"], len(tasks["raises"]["attempts"])) == ("EXIT", "ValueError", "no good", 2)
    assert [line for line in logs["raises"].splitlines() if "File" in line] == [
        f'  File "{tmp_path}/bad.py", line 4, in <module>', f'  File "{tmp_path}/bad.py", line 2, in f',
    ]  # fmt: skip
    assert results["exits"] == ("FAILED", "the program ended with exit code 3")
    assert (results["ends"], tasks["ends"]["exit_value"]) == (("SUCCESS", None), "early")
    assert (results["console"], logs["console"]) == (("FAILED", "the program ended with exit code 4"), "['tool', 'x']\n")
    assert (results["function"], logs["function"]) == (("SUCCESS", None), "['plain', '--who=you']\n")
    assert "package my-pkg has no entry point nowhere" in logs["lost"]
    assert "there is no package no-such-package-here: name its wheel in libraries, or install it into" in logs["absent"]
