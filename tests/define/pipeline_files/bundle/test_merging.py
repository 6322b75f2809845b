"""A target over a bundle where one of the two writes ``${var.x}`` for a map or a list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nbflow.core.errors import DefinitionError
from nbflow.define.pipeline_files.choice import Choice
from nbflow.define.pipeline_files.job import parse_job_file, read_job_file
from nbflow.define.pipelines.pipeline import Pipeline

VARIABLES = """\
bundle: {name: b}
variables:
  cluster:
    type: complex
    default:
      num_workers: 7
      spark_conf: {a: "1", b: "${bundle.target}"}
  other: {type: complex, default: {num_workers: 9, spark_conf: {c: "3"}}}
  conf: {type: complex, default: {b: "2", deep: "${var.text}"}}
  nested: {type: complex, default: {spark_conf: "${var.conf}", num_workers: 3}}
  through: {type: complex, default: "${var.nested}"}
  all: {type: complex, default: {clusters: {big: "${var.through}"}}}
  given: {type: complex, default: {num_workers: 1}}
  values: {type: complex, default: {env: base, kept: 1}}
  libs: {type: complex, default: [{whl: one.whl}]}
  first: {type: complex, default: {task_key: first, notebook: n, max_retries: 4}}
  tasks:
    type: complex
    default: [{task_key: first, notebook: n}, {task_key: second, notebook: n, depends_on: [{task_key: first}]}]
  round: {type: complex, default: "${var.about}"}
  about: {type: complex, default: "${var.round}"}
  inner: {type: complex, default: {spark_conf: "${var.inner.spark_conf}"}}
  turn: {type: complex, default: "${var.back.x}"}
  back: {type: complex, default: "${var.turn.x}"}
  text: {default: word}
  number: {default: 5}
  none: {description: has no value}
"""


def written(folder: Path, base: str, over: str) -> Path:
    """The main file of a bundle whose job has these texts, in the bundle and in its target; both are flow maps' insides."""
    path = folder / "databricks.yml"
    target = (
        "targets:\n  dev:\n    variables: {given: {num_workers: 2, spark_conf: {t: x}}}\n    resources: {jobs: {j:\n      {"
        + over
        + "}}}\n"
    )
    path.write_text(VARIABLES + "resources: {jobs: {j:\n      {" + base + "}}}\n" + target, "utf-8")
    return path


def read(path: Path, **variables: str) -> Pipeline:
    """The job of the bundle."""
    return read_job_file(path, Choice(None, None, variables, tuple(variables), "ann"), path.name)


def mistakes(path: Path) -> list[str]:
    """The mistakes, as people read them."""
    with pytest.raises(DefinitionError) as caught:
        read(path)
    return list(map(str, caught.value.mistakes))


def clusters(base: str, over: str) -> tuple[str, str]:
    """A job whose cluster has these values, and what its target says of it."""
    job = "tasks: [{task_key: t, notebook: n, job_cluster_key: c}], job_clusters: [{job_cluster_key: c, new_cluster: "
    return job + base + "}]", "job_clusters: [{job_cluster_key: c, new_cluster: " + over + "}]"


@pytest.mark.parametrize(
    ("base", "over", "expected"),
    [
        ('"${var.cluster}"', "{num_workers: 1}", (1, {"a": "1", "b": "dev"})),
        ("{num_workers: 1, spark_conf: {x: y}}", '"${var.cluster}"', (7, {"x": "y", "a": "1", "b": "dev"})),
        ('"${variables.cluster.value}"', "{spark_conf: {a: new}}", (7, {"a": "new", "b": "dev"})),
        ('"${var.cluster}"', '"${var.other}"', (9, {"a": "1", "b": "dev", "c": "3"})),
        ('"${var.through}"', "{spark_conf: {b: new}}", (3, {"b": "new", "deep": "word"})),
        ('"${var.all.clusters.big}"', "{num_workers: 1, spark_conf: {e: f}}", (1, {"b": "2", "deep": "word", "e": "f"})),
        ("{spark_conf: {deep: down}}", '{spark_conf: "${var.conf}"}', (None, {"b": "2", "deep": "word"})),
        ('{spark_conf: "${var.nested.spark_conf}"}', "{spark_conf: {z: z}}", (None, {"b": "2", "deep": "word", "z": "z"})),
        ('"${var.given}"', "{spark_conf: {u: v}}", (2, {"t": "x", "u": "v"})),
        ('{num_workers: "${var.number}"}', "{num_workers: 1}", (1, {})),
        ("{num_workers: 1}", '{num_workers: "${var.number}"}', (5, {})),
    ],
)  # fmt: skip
def test_what_a_variable_comes_to_is_merged(tmp_path: Path, base: str, over: str, expected: tuple[int | None, dict[str, Any]]) -> None:
    """On either side, through other variables, with the value that the target gives it; text against text is the later's."""
    cluster = read(written(tmp_path, *clusters(base, over))).job_clusters["c"]
    assert (cluster.num_workers, cluster.spark_conf) == expected


def test_the_values_of_this_machine_are_merged_too(tmp_path: Path) -> None:
    """A variable has the value that wins, as anywhere."""
    path = written(tmp_path, *clusters('"${var.given}"', "{spark_conf: {u: v}}"))
    overrides = tmp_path / ".databricks" / "bundle" / "dev" / "variable-overrides.json"
    overrides.parent.mkdir(parents=True)
    overrides.write_text('{"given": {"num_workers": 8}}', "utf-8")
    cluster = read(path).job_clusters["c"]
    assert (cluster.num_workers, cluster.spark_conf) == (8, {"u": "v"})


@pytest.mark.parametrize("turned", [False, True])
def test_parameters_of_a_task_are_merged(tmp_path: Path, turned: bool) -> None:
    """Those of the variable that the other side does not have stay."""
    one, other = ("{env: mine, own: 2}", '"${var.values}"') if turned else ('"${var.values}"', "{env: mine, own: 2}")
    base = "tasks: [{task_key: t, notebook_task: {notebook_path: n, base_parameters: " + one + "}}]"
    over = "tasks: [{task_key: t, notebook_task: {base_parameters: " + other + "}}]"
    (task,) = read(written(tmp_path, base, over)).tasks
    assert task.parameters == {"env": "base" if turned else "mine", "kept": 1, "own": 2}


def test_lists_of_variables_are_merged_by_key(tmp_path: Path) -> None:
    """Tasks of a variable and those of the target are one list; so are they where one task of a list is a variable."""
    over = "tasks: [{task_key: second, max_retries: 2}, {task_key: third, notebook: n}]"
    tasks = read(written(tmp_path, 'tasks: "${var.tasks}"', over)).tasks
    assert [(task.task_key, task.max_retries, tuple(task.depends_on)) for task in tasks] == [
        ("first", 0, ()), ("second", 2, ("first",)), ("third", 0, ()),
    ]  # fmt: skip
    tasks = read(
        written(tmp_path, "tasks: [{task_key: third, notebook: n}, {task_key: second, max_retries: 3}]", 'tasks: "${var.tasks}"')
    ).tasks
    assert [(task.task_key, task.max_retries) for task in tasks] == [("third", 0), ("second", 3), ("first", 0)]
    for base, more in (
        ('"${var.first}"', "{task_key: first, timeout_seconds: 5}"),
        ("{task_key: first, timeout_seconds: 5}", '"${var.first}"'),
    ):
        (task,) = read(written(tmp_path, f"tasks: [{base}]", f"tasks: [{more}]")).tasks
        assert (task.task_key, task.max_retries, task.timeout_seconds) == ("first", 4, 5)
    (task,) = read(
        written(
            tmp_path,
            'tasks: [{task_key: t, spark_python_task: {python_file: p.py}, libraries: "${var.libs}"}]',
            "tasks: [{task_key: t, libraries: [{whl: two.whl}]}]",
        )
    ).tasks
    assert [item["whl"] for item in task.libraries] == ["one.whl", "two.whl"]


def test_what_is_merged_keeps_its_lines(tmp_path: Path) -> None:
    """Each key has the line on which it stands, in the variable and in the target."""
    path = written(tmp_path, *clusters('"${var.cluster}"', "{num_workers: -1, spark_conf: {x: y}}"))
    lines = path.read_text("utf-8").splitlines()
    (said,) = mistakes(path)
    assert said.startswith(
        f"databricks.yml:{1 + next(at for at, line in enumerate(lines) if '-1' in line)}: resources.jobs.j.job_clusters[0].new_cluster.num_workers: "
    )
    cluster = read(written(tmp_path, *clusters('"${var.cluster}"', "{spark_conf: {x: y}}"))).job_clusters["c"]
    assert "num_workers: 7" in lines[cluster.places["num_workers"].line - 1]
    assert "spark_conf: {a:" in lines[cluster.places["spark_conf.a"].line - 1]


AT_FIRST, AT_SECOND = (f"{{{which}}}: resources.jobs.j.job_clusters[0].new_cluster: " for which in ("first", "second"))
MAPS, LISTS = (f"(write both as {kind}s, or remove one)" for kind in ("map", "list"))


@pytest.mark.parametrize(
    ("base", "over", "expected"),
    [
        ('"${var.none}"', "{num_workers: 1}", AT_FIRST + "the variable 'none' has no value (give it with --var none=…)"),
        ("{num_workers: 1}", '"${var.nome}"', AT_SECOND + "the bundle has no variable 'nome' (did you mean 'none'?)"),
        ('"${var.text}"', "{num_workers: 1}", AT_FIRST + "'${{var.text}}' is no map and cannot be merged with the one in databricks.yml:{second} " + MAPS),
        ("{num_workers: 1}", '"x-${var.text}"', AT_SECOND + "'x-${{var.text}}' is no map and cannot be merged with the one in databricks.yml:{first} " + MAPS),
        ("{num_workers: 1}", "big", AT_SECOND + "'big' is no map and cannot be merged with the one in databricks.yml:{first} " + MAPS),
        ("{num_workers: 1}", "7", AT_SECOND + "7 is no map and cannot be merged with the one in databricks.yml:{first} " + MAPS),
        ("{num_workers: 1}", '"${var.libs}"', AT_SECOND + "'${{var.libs}}' is no map and cannot be merged with the one in databricks.yml:{first} " + MAPS),
        ("{num_workers: 1}", "[{num_workers: 2}]", AT_SECOND + "a list is no map and cannot be merged with the one in databricks.yml:{first} " + MAPS),
        ('"${var.libs}"', '"${var.cluster}"', AT_SECOND + "'${{var.cluster}}' is no list and cannot be merged with the one in databricks.yml:{first} " + LISTS),
    ],
)  # fmt: skip
def test_what_cannot_be_merged_is_told(tmp_path: Path, base: str, over: str, expected: str) -> None:
    """Once, where the text stands that is no map; a variable without a value, or one that refers to itself, as anywhere."""
    path = written(tmp_path, *clusters(base, over))
    at = path.read_text("utf-8").splitlines().index("resources: {jobs: {j:") + 2
    assert mistakes(path) == [f"databricks.yml:{expected.format(first=at, second=at + 5)}"]


@pytest.mark.parametrize("name", ["round", "inner", "turn"])
def test_variables_in_a_circle_come_to_an_end(tmp_path: Path, name: str) -> None:
    """Whole ones and parts of them; the circle is told."""
    (said,) = mistakes(written(tmp_path, *clusters(f'"${{var.{name}}}"', "{num_workers: 1, spark_conf: {a: b}}")))
    assert "refers to itself: " in said


def test_what_cannot_be_merged_and_has_no_effect_is_a_warning(tmp_path: Path) -> None:
    """Databricks would tell it as well."""
    base = "tags: {a: b}, tasks: [{task_key: t, notebook: n}]"
    path = written(tmp_path, base, 'tags: "${var.text}"')
    pipeline, wrong = parse_job_file(path, Choice(), path.name)
    assert pipeline is not None and not wrong
    assert any("'${var.text}' is no map and cannot be merged with the one in" in str(warning) for warning in pipeline.warnings)
    pipeline, wrong = parse_job_file(written(tmp_path, base, 'tags: "${var.values}"'), Choice(), path.name)
    assert pipeline is not None and (wrong, len(pipeline.warnings)) == ([], 1)


@pytest.mark.parametrize(
    ("over", "key", "kind"),
    [("text", "j", "map"), ("{tasks: text}", "j.tasks", "list"), ("{tasks: [{task_key: t, run_job_task: 3}]}", "", "")],
)
def test_a_job_is_no_text(tmp_path: Path, over: str, key: str, kind: str) -> None:
    """Nor are its tasks: this is told of each key, not only of those whose values are looked at."""
    path = tmp_path / "databricks.yml"
    job = "resources: {jobs: {j: {tasks: [{task_key: t, run_job_task: {job_name: n}}]}}}"
    path.write_text(f"bundle: {{name: b}}\n{job}\ntargets: {{d: {{resources: {{jobs: {{j: {over}}}}}}}}}\n", "utf-8")
    key, what, kind = (key, "'text'", kind) if key else ("j.tasks[0].run_job_task", "3", "map")
    assert mistakes(path) == [
        f"databricks.yml:3: resources.jobs.{key}: {what} is no {kind} and cannot be merged with the one in databricks.yml:2 (write both as {kind}s, or remove one)"
    ]


def test_a_job_that_means_nothing_is_told_once(tmp_path: Path) -> None:
    """With the variable that has no value."""
    path = tmp_path / "databricks.yml"
    path.write_text('bundle: {name: b}\nresources: {jobs: {j: "${var.gone}"}}\n', "utf-8")
    assert mistakes(path) == ["databricks.yml:2: resources.jobs.j: the bundle has no variable 'gone' (the bundle defines none)"]


def test_what_two_files_say_of_a_target_is_not_lost(tmp_path: Path) -> None:
    """Variables have no values yet where files are put together: then one of them is to be mended, whatever the bundle has there."""
    said = "tasks: [{task_key: t, new_cluster: VALUE}]"
    target = f"targets: {{d: {{resources: {{jobs: {{j: {{{said}}}}}}}}}}}\n"
    (tmp_path / "one.yml").write_text(target.replace("VALUE", '"${var.c}"'), "utf-8")
    (tmp_path / "two.yml").write_text(target.replace("VALUE", "{spark_conf: {a: b}}"), "utf-8")
    path = tmp_path / "databricks.yml"
    main = "bundle: {name: b}\ninclude: [one.yml, two.yml]\nvariables: {c: {type: complex, default: {num_workers: 3}}}\n"
    for base in ("{num_workers: 1}", '"${var.c}"'):
        path.write_text(f"{main}resources: {{jobs: {{j: {{tasks: [{{task_key: t, notebook: n, new_cluster: {base}}}]}}}}}}\n", "utf-8")
        (told,) = mistakes(path)
        assert told == (
            "one.yml:1: resources.jobs.j.tasks[0].new_cluster: '${var.c}' is no map and cannot be merged with the one in two.yml:1 "
            "(write both as maps, or remove one)"
        )


@pytest.mark.parametrize("turned", [False, True])
def test_one_task_that_another_depends_on_is_a_list_of_it(tmp_path: Path, turned: bool) -> None:
    """The short form means the long one."""
    short, whole = "{task_key: c, depends_on: a}", "{task_key: c, depends_on: [{task_key: b}]}"
    one, other = (whole, short) if turned else (short, whole)
    base = f"tasks: [{{task_key: a, notebook: n}}, {{task_key: b, notebook: n}}, {one.replace('c,', 'c, notebook: n,')}]"
    assert list(read(written(tmp_path, base, f"tasks: [{other}]")).tasks[2].depends_on) == (["b", "a"] if turned else ["a", "b"])
