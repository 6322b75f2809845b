"""Bundles: several files, targets and variables become the jobs that Databricks would deploy."""

from __future__ import annotations

import json
import shutil
import subprocess
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
  given: {description: has an empty default, default: }
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


def test_a_call_gives_no_complex_value(tmp_path: Path) -> None:
    """As on Databricks; where it is to be written is told, and nothing that follows from it."""
    path = written(
        tmp_path, VARIABLES.replace("      max_retries_of: 0\n", "").replace("PARAMETERS", '{a: "${var.map.k}", b: "${var.map.a[0]}"}')
    )
    path.write_text(path.read_text("utf-8").replace("{a: [1, {b:", "{k: w, a: [1, {b:"), "utf-8")
    advice = "write it into .databricks/bundle/one/variable-overrides.json, or into the bundle"
    for value in ('{"k":"w"}', "[1]", "text", "", "3"):
        said = f"the variable 'map' takes a map or a list, which --var cannot give ({advice})"
        assert mistakes(path, map=value) == [f"--var map: {said}"]
    around = Choice.of({"BUNDLE_VAR_map": "{}"})
    with pytest.raises(DefinitionError) as caught:
        read_job_file(path, around, path.name)
    assert str(caught.value) == f"BUNDLE_VAR_map: {said.replace('--var', 'BUNDLE_VAR_map')}"
    assert read(path, text='{"k":"w"}').tasks[0].parameters["a"] == "w"
    path.write_text(
        path.read_text("utf-8").replace("type: complex, default:", "type: complex, description: none}\n  other: {type: complex, default:"),
        "utf-8",
    )
    assert f"the variable 'map' has no value ({advice})" in mistakes(path)[0]


@pytest.mark.parametrize("value", ["", "null", "~"])
def test_an_empty_text_is_a_value(tmp_path: Path, value: str) -> None:
    """From the command line and from the environment a value is text, whatever YAML would make of it."""
    path = written(
        tmp_path, VARIABLES.replace("      max_retries_of: 0\n", "").replace("PARAMETERS", '{a: "${var.given}", b: "x${var.text}"}')
    )
    wanted = {"a": value, "b": f"x{value}"}
    assert read(path, target="two", given=value, text=value).tasks[0].parameters == wanted
    around = Choice.of({"BUNDLE_VAR_given": value, "BUNDLE_VAR_text": value}, target="two")
    assert read_job_file(path, around).tasks[0].parameters == wanted


def test_variables_of_a_shell_are_text(tmp_path: Path) -> None:
    """However long their names are."""
    text = "${" + "A" * 60 + "_B:-x}"
    assert parameters(tmp_path, f'{{a: "{text}"}}')[0] == {"a": text}


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
        ("${resources.jobs.j.idd}", "${resources.jobs.j.idd} is not known here (did you mean 'resources.jobs.j.id'?)"),
        ("${resources.jobs.j.tesks}", "${resources.jobs.j.tesks} is not known here (did you mean 'resources.jobs.j.tasks'?)"),
        ("${resources.job.j.id}", "${resources.job.j.id} is not known here (the bundle has no resource 'job.j': did you mean 'jobs.j'?)"),
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


def test_keys_of_a_bundle_may_be_empty(tmp_path: Path) -> None:
    """As where all below them is a comment: nothing is said, and nothing is hidden."""
    job = "resources: {schemas: , jobs: {j: {parameters: {p: VALUE}, tasks: [{task_key: t, notebook: n}]}}}\n"
    main = f"bundle: {{name: b, git: , deployment: }}\ninclude:\nvariables:\nsync:\n{job}"
    assert read(written(tmp_path, f"{main}targets:\n".replace("VALUE", '"${bundle.name}"'))).parameters == {"p": "b"}
    assert read(written(tmp_path, f"targets:\n{job}".replace("VALUE", '"${bundle.name}"'))).parameters == {"p": tmp_path.name}
    target = "targets: {dev: {mode: development, variables: , resources: , presets: , workspace: , bundle: , git: }}\n"
    assert read(written(tmp_path, f"{main}{target}")).name == "[dev ann_lee] j"
    said = mistakes(written(tmp_path, f"{main}{target}".replace("VALUE", '"${var.x}"')))
    assert said == ["databricks.yml:5: resources.jobs.j.parameters.p: the bundle has no variable 'x' (the bundle defines none)"]


SHARED = ("common_permissions", "permission", "new_cluster", "common", "tags", "shared", "defaults", "job_resources", "variable")


@pytest.mark.parametrize("value", ["&p {a: 1}", "{p: &p {a: 1}}", "[&p {a: 1}]"])
@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize("other", [False, True])
def test_keys_of_a_bundle_that_hold_anchors_are_the_authors_own(tmp_path: Path, name: str, value: str, other: bool) -> None:
    """Whatever their names are like, as on Databricks; in each file, also where several use the same name."""
    job = "resources: {jobs: {NAME: {parameters: *p, tasks: [{task_key: t, notebook: n}]}}}\n"
    main = f"bundle: {{name: b}}\ninclude: ['r/*.yml']\n{name}: {value}\n{job.replace('NAME', 'a')}"
    path = written(
        tmp_path,
        main,
        r__b=f"{name}: {value}\n{job.replace('NAME', 'b')}",
        r__c=f"{name}: &p [1]\nresources: {{schemas: {{s: {{x: *p}}}}}}\n",
    )
    assert [read(path, key).parameters for key in ("a", "b")] == [{"a": 1}, {"a": 1}]
    resources = tmp_path / "r" / "b.yml"
    assert read_job_file(resources).parameters == {"a": 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("resorces: {jobs: {k: {parameters: &q {a: 1}, tasks: *t}}}", "resorces: unknown key 'resorces' (did you mean 'resources'?)"),
        ("permission: {a: 1, b: *t}", "permission: unknown key 'permission' (did you mean 'permissions'?)"),
        ("resorces: {one: &o {a: 1}, two: *o, three: 3}", "resorces: unknown key 'resorces' (did you mean 'resources'?)"),
        ("common: {a: 1}", "common: unknown key 'common'"),
    ],
)
def test_a_slip_in_a_bundle_is_told(tmp_path: Path, text: str, said: str) -> None:
    """One without anchors that somebody uses, and one that holds more than such, in the main file and in another."""
    job = "resources: {jobs: {NAME: {tasks: &t [{task_key: t, notebook: n}]}}}\n"
    path = written(
        tmp_path, f"bundle: {{name: b}}\ninclude: [r/b.yml]\n{job.replace('NAME', 'a')}{text}\n", r__b=f"{job.replace('NAME', 'b')}{text}\n"
    )
    assert mistakes(path, "a") == [f"databricks.yml:4: {said}", f"r/b.yml:2: {said}"]


JOB = "resources: {jobs: {j: {tasks: [{task_key: t, notebook: n}]}}}\n"
KINDS = "alert, cluster_policy, cluster, dashboard, instance_pool, job, metastore, notification_destination, pipeline, query and 2 more"
TYPED = "give it text, a number, true or false; or define it with 'type: complex'"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bundle: {nam: retail}", ["1: bundle.nam: unknown key 'nam' (did you mean 'name'?)"]),
        ("bundle: {title: retail}", ["1: bundle.title: unknown key 'title'", "1: bundle: 'name' is missing (each bundle has one)"]),
        ("bundle: {git: {branch: main}}", ["1: bundle: 'name' is missing (each bundle has one)"]),
        ("bundle:", ["1: bundle: 'name' is missing (each bundle has one)"]),
        ("bundle: {name: }", ["1: bundle.name: takes text, got nothing (give it a value, or remove the key)"]),
        ("bundle: {name: b, databricks_cli_versions: x}", ["1: bundle.databricks_cli_versions: unknown key 'databricks_cli_versions' (did you mean 'databricks_cli_version'?)"]),
        ("targets: {a: {mode: developement}}", ["1: targets.a.mode: takes one of development, production, got 'developement' (did you mean 'development'?)"]),
        ("targets: {a: {default: true}, b: {mode: prodction}}", ["1: targets.b.mode: takes one of development, production, got 'prodction' (did you mean 'production'?)"]),
        ("targets: {a: {mode: staging}}", ["1: targets.a.mode: takes one of development, production, got 'staging'"]),
        ("targets: {a: {bundle: {nme: x}}}", ["1: targets.a.bundle.nme: unknown key 'nme' (did you mean 'name'?)"]),
        ("variables: {a: {type: complx, default: {x: 1}}}", ["1: variables.a.type: takes complex, or is left out, got 'complx' (did you mean 'complex'?)"]),
        ("variables: {a: {type: string, default: x}}", ["1: variables.a.type: takes complex, or is left out, got 'string'"]),
        ("variables: {a: {type: complex, default: text}}", ["1: variables.a.default: the variable 'a' takes a map or a list, got text"]),
        ("variables: {a: {type: complex, default: 3}}", ["1: variables.a.default: the variable 'a' takes a map or a list, got a number"]),
        ("variables: {a: {default: {x: 1}}}", [f"1: variables.a.default: the variable 'a' takes no map ({TYPED})"]),
        ("variables: {a: {default: x}}\ntargets: {t: {variables: {a: [1]}}}", [f"2: targets.t.variables.a: the variable 'a' takes no list ({TYPED})"]),
        ("variables: {a: {type: complex}}\ntargets: {t: {variables: {a: {default: x}}}}", ["2: targets.t.variables.a.default: the variable 'a' takes a map or a list, got text"]),
        ("variables: {a: {lookup: {warehous: x}}}", ["1: variables.a.lookup.warehous: unknown key 'warehous' (did you mean 'warehouse'?)"]),
        ("variables: {a: {lookup: {zone: x}}}", ["1: variables.a.lookup.zone: unknown key 'zone'"]),
        ("variables: {a: {lookup: {}}}", [f"1: variables.a.lookup: takes one thing to look up, got none (there are {KINDS})"]),
        ("variables: {a: {lookup: {job: x, query: y}}}", ["1: variables.a.lookup: takes one thing to look up, got job, query (keep one)"]),
        ("variables: {a: {default: x}}\ntargets: {t: {variables: {a: {lookup: {jobb: x}}}}}", ["2: targets.t.variables.a.lookup.jobb: unknown key 'jobb' (did you mean 'job'?)"]),
    ],
)  # fmt: skip
def test_what_databricks_refuses_of_a_bundle_is_told(tmp_path: Path, text: str, said: list[str]) -> None:
    """Names, modes of targets, types and values of variables, what is looked up."""
    assert mistakes(written(tmp_path, f"{text}\n{JOB}")) == [f"databricks.yml:{line}" for line in said]


def test_what_databricks_takes_of_a_bundle_is_taken(tmp_path: Path) -> None:
    """A complex variable through another, a type that the target gives, each kind that can be looked up, a name in another file."""
    main = """\
include: [more.yml]
bundle: {uuid: u, databricks_cli_version: ">= 0.2", deployment: {lock: {enabled: false}}}
variables:
  a: {type: complex, default: "${var.b}"}
  b: {type: complex, default: [1]}
  c: {default: x}
  d: {lookup: {notification_destination: "${var.c}"}}
  e: {type: complex}
targets:
  t: {mode: production, variables: {c: {type: complex, default: {x: 1}}, d: {lookup: {service_principal: s}}}, bundle: {name: other, deployment: }}
"""
    path = written(
        tmp_path,
        main + JOB.replace("tasks:", 'parameters: {a: "${var.a}", c: "${var.c}", b: "${bundle.name}"}, tasks:'),
        more="bundle: {name: b}\n",
    )
    found = read(path)
    assert (found.parameters, found.warnings) == ({"a": [1], "c": {"x": 1}, "b": "other"}, ())


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("${workspace.root_path}/files/src/n.py", "src/n.py"),
        ("${workspace.file_path}/src/n.py", "src/n.py"),
        ("${var.root}/files/src/n.py", "src/n.py"),
        ("${var.files}/src/n.py", "src/n.py"),
        ("${workspace.root_path}/files/files/n.py", "files/n.py"),
        ("${workspace.file_path}/files/n.py", "files/n.py"),
        ("${workspace.root_path}/files_of/n.py", "files_of/n.py"),
        ("${workspace.root_path}/src/n.py", "src/n.py"),
        ("${workspace.root_path}/files", ""),
        ("${workspace.root_path}", ""),
    ],
)
def test_the_folder_of_files_on_databricks_is_the_bundles(tmp_path: Path, text: str, place: str) -> None:
    """Under the root, where a bundle says nothing else, as in its own name."""
    main = """\
variables: {root: {default: "${workspace.root_path}"}, files: {default: "${workspace.root_path}/files"}}
resources: {jobs: {j: {tasks: [{task_key: t, notebook_task: {notebook_path: "PATH", base_parameters: {p: "PATH"}}}]}}}
"""
    (task,) = read(written(tmp_path, main.replace("PATH", text))).tasks
    expected = str(tmp_path / place)
    assert (task.notebook, task.parameters) == (expected, {"p": expected})
    assert type(task.parameters["p"]) is str


USUAL = """\
bundle: {name: b}
variables:
  catalog: {default: main}
  wh: {description: found by its name, lookup: {warehouse: Shared}}
  policy: {description: has no value}
targets:
  dev: {mode: development, default: true}
  prod: {mode: production, presets: {name_prefix: "${bundle.target}-"}}
resources:
  schemas:
    bronze: {catalog_name: "${var.catalog}", name: bronze}
  volumes:
    landing: {catalog_name: "${var.catalog}", schema_name: "${resources.schemas.bronze.name}", name: landing}
  experiments:
    fit: {name: "/Users/${workspace.current_user.userName}/fit"}
  pipelines:
    flow: {catalog: "${var.catalog}", schema: "${resources.schemas.bronze.id}"}
  dashboards:
    sales: {display_name: Sales, file_path: sales.lvdash.json, warehouse_id: "${var.wh}"}
  clusters:
    big: {cluster_name: Big, policy_id: "${var.policy}"}
  jobs:
    one:
      tags: {cluster: "${resources.clusters.big.id}"}
      parameters:
        - {name: schema, default: "${resources.schemas.bronze.name}"}
        - {name: full, default: "${resources.schemas.bronze.id}"}
        - {name: path, default: "${resources.volumes.landing.volume_path}/in"}
        - {name: experiment, default: "${resources.experiments.fit.name}"}
        - {name: other, default: "${resources.jobs.two.name}, ${resources.jobs.three.name}"}
        - {name: key, default: "${resources.jobs.one.tasks[0].task_key}"}
      tasks:
        - {task_key: load, notebook_task: {notebook_path: n}, existing_cluster_id: "${resources.clusters.big.id}"}
        - {task_key: flow, depends_on: [{task_key: load}], pipeline_task: {pipeline_id: "${resources.pipelines.flow.id}"}}
        - {task_key: report, depends_on: [{task_key: flow}], sql_task: {warehouse_id: "${var.wh}", file: {path: r.sql}}}
        - {task_key: next, depends_on: [{task_key: report}], run_job_task: {job_id: "${resources.jobs.two.id}"}}
    two:
      name: Two
      parameters: [{name: wh, default: "${var.wh}"}, {name: flow, default: "${resources.pipelines.flow.id}"}, {name: no, default: "${var.catlog}"}]
      tasks: [{task_key: t, notebook_task: {notebook_path: n}}]
    three: {tasks: [{task_key: t, notebook_task: {notebook_path: n}}]}
"""


def found(path: Path, job: str, target: str | None = None, **variables: str) -> tuple[Any, list[str], list[str]]:
    """The job's parameters, and its mistakes and warnings as people read them, with what only Databricks has left out."""
    choice = Choice(job, target, variables, tuple(variables), "ann.lee@example.com")
    pipeline, wrong = parse_job_file(path, choice, path.name, allow_missing=True)
    assert pipeline is not None
    return pipeline.parameters, list(map(str, wrong)), list(map(str, pipeline.warnings))


def test_a_bundle_whose_resources_refer_to_one_another_needs_what_its_job_needs(tmp_path: Path) -> None:
    """What only a deployment knows stops nothing where it has no effect; what the bundle says itself is resolved, the names as the target has them."""
    path = written(tmp_path, USUAL)
    parameters, wrong, warnings = found(path, "one")
    assert wrong == [] and not [line for line in warnings if "$" in line]
    assert parameters == {
        "schema": "dev_ann_lee_bronze",
        "full": "main.dev_ann_lee_bronze",
        "path": "/Volumes/main/dev_ann_lee_bronze/landing/in",
        "experiment": "/Users/ann.lee@example.com/[dev ann_lee] fit",
        "other": "[dev ann_lee] Two, [dev ann_lee] three",
        "key": "load",
    }
    plain = written(tmp_path, f"{USUAL}experimental: {{skip_name_prefix_for_schema: true, scripts: {{}}}}\n")
    assert found(plain, "one")[0]["full"] == "main.bronze"
    last = len(USUAL.splitlines()) + 1
    assert f"databricks.yml:{last}: experimental.scripts: has no effect here" in found(plain, "one")[2]
    path = written(tmp_path, USUAL)
    prod = found(path, "one", "prod")[0]
    assert (prod["full"], prod["other"], prod["experiment"]) == (
        "main.prodbronze",
        "prod-Two, prod-three",
        "/Users/ann.lee@example.com/prod-fit",
    )
    assert found(path, "three")[1] == []


def test_what_has_an_effect_must_be_known(tmp_path: Path) -> None:
    """Each with its line and key: in the job that is asked for, whatever stands in others."""
    main = USUAL.replace("task_key: load,", 'task_key: load, timeout_seconds: "${var.policy}", depends_on: ["${var.wh}"],')
    main = main.replace("notebook_path: n}, existing", 'notebook_path: n, source: "${var.policy}"}, existing')
    path = written(tmp_path, main)
    at = main.splitlines().index(next(line for line in main.splitlines() if "task_key: load" in line)) + 1
    said = found(path, "one")[1]
    lead, no_value = f"databricks.yml:{at}: resources.jobs.one.tasks[0]", "the variable 'policy' has no value (give it with --var policy=…)"
    assert sorted(line.removeprefix(lead) for line in said) == [
        ".depends_on[0]: the variable 'wh' has no value (it is looked up on Databricks: give it with --var wh=…)",
        f".notebook_task.source: {no_value}",
        f".timeout_seconds: {no_value}",
    ]
    assert [line.partition("default: ")[2] for line in found(path, "two")[1]] == [
        "the variable 'wh' has no value (it is looked up on Databricks: give it with --var wh=…)",
        "${resources.pipelines.flow.id} is not known here (resources of Databricks have no ids here: write the value itself)",
        "the bundle has no variable 'catlog' (did you mean 'catalog'?)",
    ]
    assert found(path, "two", wh="7")[0]["wh"] == 7


def test_what_is_wrong_where_it_has_no_effect_is_a_warning(tmp_path: Path) -> None:
    """What Databricks would refuse as well is told, so that it is not found there first."""
    main = USUAL.replace('"${var.policy}"', '"${var.polcy}"').replace(
        "Sales,", '"${resources.schemas.bronz.name} ${resources.schemas.bronze.nme}",'
    )
    main = main.replace("{cluster:", '{a: "${bundle.nam}", b: "${workspace.host}", cluster:')
    parameters, wrong, warnings = found(written(tmp_path, main), "one")
    assert (wrong, parameters["schema"]) == ([], "dev_ann_lee_bronze")
    assert [line.partition(": ")[2] for line in warnings if "$" in line or "variable" in line] == [
        "resources.dashboards.sales.display_name: ${resources.schemas.bronz.name} is not known here (the bundle has no resource 'schemas.bronz': did you mean 'schemas.bronze'?)",
        "resources.dashboards.sales.display_name: ${resources.schemas.bronze.nme} is not known here (did you mean 'resources.schemas.bronze.name'?)",
        "resources.clusters.big.policy_id: the bundle has no variable 'polcy' (did you mean 'policy'?)",
        "resources.jobs.one.tags.a: ${bundle.nam} is not known here (did you mean 'bundle.name'?)",
    ]


def test_names_in_a_circle_are_told_where_they_matter(tmp_path: Path) -> None:
    """With the way round; a job without a name has its key."""
    main = """\
bundle: {name: b}
resources:
  schemas:
    a: {catalog_name: c, name: "${resources.schemas.b.name}"}
    b: {catalog_name: "x${resources.schemas.a.name}", name: "x${resources.schemas.a.name}"}
  jobs:
    j: {tasks: [{task_key: t, notebook: n}]}
    k: {parameters: {p: "${resources.schemas.b.catalog_name}"}, tasks: [{task_key: t, notebook: n}]}
"""
    path = written(tmp_path, main)
    assert read(path, "j").name == "j"
    (said,) = mistakes(path, "k")
    circle = "resources.schemas.a.name -> resources.schemas.b.name -> resources.schemas.a.name"
    assert said == f"databricks.yml:5: resources.jobs.k.parameters.p: ${{resources.schemas.a.name}} refers to itself: {circle}"


GIT = """\
bundle: {name: b, git: {origin_url: "https://example.org/${bundle.name}"}}
targets: {dev: {default: true}, prod: {git: {branch: main}}}
resources:
  jobs:
    j:
      parameters: {branch: "${bundle.git.branch}", commit: "${bundle.git.commit}", url: "${bundle.git.origin_url}", at: "${bundle.git.bundle_root_path}"}
      tasks: [{task_key: t, notebook: n}]
"""


def test_what_git_knows_is_known(tmp_path: Path) -> None:
    """What the bundle and the target say wins over it; where there is no repository it is empty, as on Databricks."""

    def git(*words: str) -> str:
        who = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
        return subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True, text=True).stdout.strip()

    (tmp_path / "deep" / "er").mkdir(parents=True)
    path, url = written(tmp_path / "deep" / "er", GIT), "https://example.org/b"
    assert read(path).parameters == {"branch": "", "commit": "", "url": url, "at": ""}
    git("init", "-q", "-b", "feature/x")
    assert read(path).parameters == {"branch": "feature/x", "commit": "", "url": url, "at": "deep/er"}
    git("commit", "-q", "--allow-empty", "-m", "m")
    head = (tmp_path / ".git" / "refs" / "heads" / "feature" / "x").read_text().strip()
    assert read(path, target="prod").warnings == ()
    assert read(path, target="prod").parameters == {"branch": "main", "commit": head, "url": url, "at": "deep/er"}
    git("checkout", "-q", "--detach")
    assert read(path).parameters["branch"] == ""


def overridden(folder: Path, text: str, target: str = "one") -> Path:
    """The main file of a bundle of ``VARIABLES`` with this text in the target's file of overrides."""
    path = folder / ".databricks" / "bundle" / target / "variable-overrides.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    wanted = '{a: "${var.text}", b: "${var.map}", c: "${var.id}", d: "${var.given}"}'
    return written(folder, VARIABLES.replace("      max_retries_of: 0\n", "").replace("PARAMETERS", wanted))


def test_the_targets_file_of_overrides_wins_over_the_bundle_and_the_call_over_it(tmp_path: Path) -> None:
    """Command line, environment, the file, the target, the default: in Databricks' order; its values have the kinds of JSON."""
    values = {"text": "${bundle.target}/\U0001f600", "number": 7, "given": None, "map": [{"a": "${var.text}"}], "id": "0612"}
    path = overridden(tmp_path, json.dumps(values, indent=1))
    (task,) = read(path).tasks
    assert task.parameters == {"a": "one/\U0001f600", "b": [{"a": "one/\U0001f600"}], "c": "0612", "d": "here"}
    assert task.max_retries == 7
    around = Choice.of({"BUNDLE_VAR_number": "2", "BUNDLE_VAR_text": "around"}, variables={"text": "asked"})
    (task,) = read_job_file(path, around).tasks
    assert (task.parameters["a"], task.parameters["c"], task.max_retries) == ("asked", "0612", 2)
    assert mistakes(path, target="two") == [
        "databricks.yml:16: resources.jobs.j.tasks[0].parameters.c: the variable 'id' has no value (it is looked up on Databricks: give it with --var id=…)",
        "databricks.yml:16: resources.jobs.j.tasks[0].parameters.d: the variable 'given' has no value (give it with --var given=…)",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"text": "a",\n "nubmer": 1}', ["2: nubmer: the bundle has no variable 'nubmer' (did you mean 'number'?)"]),
        ('{"text": "a",\n "map": "b",\n "number": [1],\n "text": "c"}', [
            "2: map: the variable 'map' takes a map or a list, got text",
            "3: number: the variable 'number' takes no list (give it text, a number, true or false; or define it with 'type: complex')",
            "4: text: the key 'text' stands twice (keep one of them)",
        ]),
        ('{"text": "${var.txet}"}', ["1: resources.jobs.j.tasks[0].parameters.a: the bundle has no variable 'txet' (did you mean 'text'?)"]),
        ('{"text"\n 1}', ["2: is no JSON: Expecting ':' delimiter (write {\"name\": \"value\"})"]),
        ('["text"]', ['1: holds no JSON object (write {"name": "value"}, with the names of variables)']),
        ('{"number": NaN}', [' is no JSON: NaN is no value of JSON (write {"name": "value"})']),
        ('{"map": ' + "[" * 200 + "]" * 200 + "}", [" is nested too deep (nest it less deeply)"]),
        ('{"map": ' + "[" * 100_000 + "]" * 100_000 + "}", [" is nested too deep (nest it less deeply)"]),
        ("", ['1: is no JSON: Expecting value (write {"name": "value"})']),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_file_of_overrides_is_told(tmp_path: Path, text: str, said: list[str]) -> None:
    """With its own path and line."""
    path = overridden(tmp_path, text)
    told = mistakes(path, id="1")
    assert [line.removeprefix(".databricks/bundle/one/variable-overrides.json:") for line in told] == said
