"""Bundles: several files, targets and variables become the jobs that Databricks would deploy."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from nbflow.core.errors import DefinitionError
from nbflow.define.pipeline_files.choice import Choice
from nbflow.define.pipeline_files.job import job_keys, parse_job_file, read_job_file
from nbflow.define.pipelines.pipeline import Pipeline

BUNDLE = Path(__file__).parents[2] / "data" / "databricks"


def written(folder: Path, main: str, **files: str) -> Path:
    """The main file of a bundle with these texts; ``__`` in a name is a folder's end."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    (folder / "databricks.yml").write_text(main, "utf-8")
    return folder / "databricks.yml"


def read(path: Path, job: str | None = None, target: str | None = None, **variables: str) -> Pipeline:
    """The job of a bundle."""
    return read_job_file(path, Choice(job, target, variables, tuple(variables), "ann.lee@example.com"), path.name)


def mistakes(path: Path, job: str | None = None, target: str | None = None, **variables: str) -> list[str]:
    """The mistakes, as people read them, paths from the bundle's folder."""
    with pytest.raises(DefinitionError) as caught:
        read(path, job, target, **variables)
    return list(map(str, caught.value.mistakes))


def task(pipeline: Pipeline, key: str) -> Any:
    """A task by its key."""
    return next(task for task in pipeline.tasks if task.task_key == key)


def test_a_target_changes_what_it_names_and_nothing_else() -> None:
    """The same bundle in two targets: variables, parameters, tasks by their keys, the name's prefix."""
    dev, prod = read(BUNDLE / "databricks.yml"), read(BUNDLE / "databricks.yml", target="prod")
    assert (dev.name, prod.name) == ("[dev ann_lee] orders", "orders")
    assert (dev.parameters["env"], prod.parameters["env"]) == ("dev", "prod")
    assert [item.task_key for item in prod.tasks] == ["ingest", "clean", "daily"]
    assert (task(dev, "clean").max_retries, task(prod, "clean").max_retries) == (0, 2)
    assert (task(dev, "clean").timeout_seconds, task(prod, "clean").timeout_seconds) == (0, 900)
    assert task(prod, "clean").depends_on == ("ingest",)
    assert prod.description == "Takes orders in, cleans them, builds the daily table (prod)."


def test_paths_and_places_are_those_of_the_file_that_has_them() -> None:
    """A notebook's path starts at the file it stands in; each key knows its own line of its own file."""
    prod = read(BUNDLE / "databricks.yml", target="prod")
    assert prod.file == BUNDLE / "resources" / "orders.job.yml"
    notebooks = [(prod.file.parent / task.notebook).resolve() for task in prod.tasks]
    assert notebooks == [BUNDLE / "src" / name for name in ("ingest.py", "clean.ipynb", "daily")]
    place = task(prod, "clean").place("max_retries")
    lines = (BUNDLE / "databricks.yml").read_text().splitlines()
    assert place.file == "databricks.yml" and "max_retries" in lines[place.line - 1]
    place = task(prod, "clean").place("notebook")
    lines = (BUNDLE / "resources" / "orders.job.yml").read_text().splitlines()
    assert place.file == "resources/orders.job.yml" and "clean.ipynb" in lines[place.line - 1]


VARIABLES = """\
bundle: {name: b}
variables:
  text: {default: "007"}
  number: {default: 3}
  given: {description: has no default}
  map: {type: complex, default: {a: [1, {b: "${var.text}"}]}}
  through: {default: "${var.text}-${bundle.target}-${bundle.name}"}
  id: {lookup: {cluster: big}}
targets:
  one: {default: true, variables: {given: here}}
  two: {variables: {number: {default: 4}, map: {a: [5]}}}
resources:
  jobs:
    j:
      max_retries_of: 0
      tasks:
        - {task_key: t, notebook: n, max_retries: "${var.number}", parameters: PARAMETERS}
"""


def parameters(folder: Path, wanted: str, target: str | None = None, **variables: str) -> Any:
    """What a map of parameters with references becomes."""
    text = VARIABLES.replace("      max_retries_of: 0\n", "").replace("PARAMETERS", wanted)
    found = read(written(folder, text), None, target, **variables).tasks[0]
    return found.parameters, found.max_retries


def test_variables_keep_the_kind_of_their_value(tmp_path: Path) -> None:
    """A text that is one reference becomes the value; amid text it is text; parts of a complex one are reached by their path."""
    wanted = '{a: "${var.text}", b: "${var.number}", c: "x${var.number}", d: "${var.map}", e: "${var.map.a[1].b}", f: "${var.through}"}'
    assert parameters(tmp_path, wanted) == (
        {"a": "007", "b": 3, "c": "x3", "d": {"a": [1, {"b": "007"}]}, "e": "007", "f": "007-one-b"},
        3,
    )


def test_the_calls_value_wins_over_the_targets_and_that_over_the_default(tmp_path: Path) -> None:
    """As Databricks orders them; a value of the call is read as YAML would read it."""
    assert parameters(tmp_path, '{a: "${var.map.a[0]}"}', "two") == ({"a": 5}, 4)
    assert parameters(tmp_path, '{a: "${var.given}"}', "two", given="x", number="9") == ({"a": "x"}, 9)
    assert parameters(tmp_path, '{a: "${var.given}", b: "${var.id}"}', id="0612")[0]["a"] == "here"
    around = Choice.of({"BUNDLE_VAR_a": "1", "BUNDLE_VAR_b": "2", "DATABRICKS_BUNDLE_TARGET": "t", "USER": "u"}, variables={"a": "3"})
    assert (around.variables, around.target, around.user, around.asked) == ({"a": "3", "b": "2"}, "t", "u", ("a",))


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("${var.txet}", "the bundle has no variable 'txet' (did you mean 'text'?)"),
        ("${var.given}", "the variable 'given' has no value (give it with --var given=…)"),
        ("${var.id}", "the variable 'id' has no value (it is looked up on Databricks: give it with --var id=…)"),
        ("${var.map.b}", "${var.map.b}: there is no 'b' in it (there are a)"),
        ("x ${var.map}", "${var.map} is a map and cannot stand amid text (let it stand alone)"),
        (
            "${resources.jobs.j.id}",
            "${resources.jobs.j.id} is not known here (resources of Databricks have no ids here: write the value itself)",
        ),
        ("${bundle.taget}", "${bundle.taget} is not known here (did you mean 'bundle.target'?)"),
    ],
)
def test_a_reference_that_means_nothing_is_told(tmp_path: Path, wanted: str, said: str) -> None:
    """Once, with file, line and key."""
    text = VARIABLES.replace("      max_retries_of: 0\n", "").replace("PARAMETERS", f'{{a: "{wanted}"}}')
    assert mistakes(written(tmp_path, text), target="two") == [f"databricks.yml:16: resources.jobs.j.tasks[0].parameters.a: {said}"]


def test_variables_in_a_circle_are_told(tmp_path: Path) -> None:
    """With the way round."""
    main = 'variables: {a: {default: "${var.b}"}, b: {default: "x${var.a}"}}\nresources: {jobs: {j: {name: "${var.a}", tasks: [{task_key: t, notebook: n}]}}}\n'
    (said,) = mistakes(written(tmp_path, main))
    assert "'a' refers to itself: a -> b -> a" in said


def test_mistakes_of_all_files_come_at_once(tmp_path: Path) -> None:
    """Each with its own file and line: unknown keys, resources that are defined twice, files that are not there."""
    main = "bundle: {name: b}\ninclude: [jobs/*.yml, gone.yml]\ntargts: {}\nresources: {jobs: {a: {tasks: [{task_key: t, notebook: n}]}}}\n"
    one = "resources:\n  jobs:\n    a: {tasks: [{task_key: t, notebook: n}]}\n    b:\n      tasks:\n        - {task_key: t, notebok: n}\n"
    path = written(tmp_path, main, jobs__one=one, jobs__two="include: []\n", jobs__three="resources: [")
    said = mistakes(path, "b")
    assert said[0].startswith("databricks.yml:2: include[1]: there is no file gone.yml (paths start at ")
    assert said[1:3] == [
        "databricks.yml:3: targts: unknown key 'targts' (did you mean 'targets'?)",
        "jobs/one.yml:3: resources.jobs.a: 'a' is defined twice, first in databricks.yml:4 (rename one of them)",
    ]
    assert said[3].startswith("jobs/one.yml:6: resources.jobs.b.tasks[0].notebok: unknown key")
    assert any(line.startswith("jobs/three.yml:2: is no YAML") for line in said) and any(
        line.startswith("jobs/two.yml:1: include") for line in said
    )


def test_a_target_must_be_chosen_where_none_is_the_default(tmp_path: Path) -> None:
    """One alone is taken; of several one is named, or is a mistake."""
    job = "resources: {jobs: {j: {tasks: [{task_key: t, notebook: n}]}}}\n"
    assert read(written(tmp_path, f"targets: {{only: {{mode: development}}}}\n{job}")).name == "[dev ann_lee] j"
    path = written(tmp_path, f"targets: {{a: {{presets: {{name_prefix: 'x-'}}}}, b: }}\n{job}")
    assert mistakes(path) == ["databricks.yml:1: targets: none of the targets is the default: a, b (name one with --target)"]
    assert mistakes(path, target="c") == ["databricks.yml:1: targets: the bundle has no target 'c' (there are a, b)"]
    assert (read(path, target="a").name, read(path, target="b").name) == ("x-j", "j")


def test_lists_are_joined_but_for_those_with_keys(tmp_path: Path) -> None:
    """Databricks' rule: what depends on what grows, tasks and parameters and clusters are merged by their keys."""
    main = """\
targets:
  t:
    resources:
      jobs:
        j:
          parameters: [{name: p, default: new}, {name: q, default: 2}]
          job_clusters: [{job_cluster_key: c, new_cluster: {num_workers: 5}}]
          tasks:
            - {task_key: b, depends_on: [{task_key: c}]}
            - {task_key: c, notebook: n}
resources:
  jobs:
    j:
      parameters: [{name: p, default: old}]
      job_clusters: [{job_cluster_key: c, new_cluster: {num_workers: 1, spark_conf: {a: b}}}]
      tasks:
        - {task_key: a, notebook: n}
        - {task_key: b, notebook: n, depends_on: [{task_key: a}]}
"""
    found = read(written(tmp_path, main))
    assert found.parameters == {"p": "new", "q": 2}
    assert (found.job_clusters["c"].num_workers, found.job_clusters["c"].spark_conf) == (5, {"a": "b"})
    assert {item.task_key: tuple(item.depends_on) for item in found.tasks} == {"a": (), "b": ("a", "c"), "c": ()}


def test_the_jobs_of_all_files_are_known(tmp_path: Path) -> None:
    """For whoever checks them all; one is named where there are several."""
    job = "resources: {jobs: {NAME: {tasks: [{task_key: t, notebook: n}]}}}\n"
    path = written(tmp_path, "include: ['r/*.yml']\n" + job.replace("NAME", "a"), r__b=job.replace("NAME", "b"))
    assert job_keys(path) == ["a", "b"]
    assert mistakes(path) == ["databricks.yml:2: resources.jobs: holds several jobs: a, b (name one with --job)"]
    assert read(path, "b").name == "b"


def test_no_file_of_a_bundle_is_touched(tmp_path: Path) -> None:
    """They are read, and stay byte for byte as they are."""
    shutil.copytree(BUNDLE, tmp_path / "b")
    before = {path: path.read_bytes() for path in (tmp_path / "b").rglob("*") if path.is_file()}
    parse_job_file(tmp_path / "b" / "databricks.yml", Choice(target="prod"))
    assert {path: path.read_bytes() for path in (tmp_path / "b").rglob("*") if path.is_file()} == before
