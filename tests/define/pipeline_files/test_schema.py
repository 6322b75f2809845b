"""The JSON Schema that editors use: made from the vocabulary, and of one mind with the reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from nbflow.core.errors import DefinitionError
from nbflow.define.pipeline_files.job import read_job_file
from nbflow.define.pipeline_files.schema import FILE, schema_text
from nbflow.define.pipeline_files.vocabulary import JOB as JOB_KEYS
from nbflow.define.pipeline_files.vocabulary import TASK as TASK_KEYS

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads(FILE.read_text("utf-8"))


def test_the_shipped_file_is_the_generated_one() -> None:
    """A change of the vocabulary is a change of the schema: ``python -m nbflow.define.pipeline_files.schema`` writes it."""
    assert FILE.read_text("utf-8") == schema_text()


def test_the_schema_is_one() -> None:
    """It is itself valid."""
    jsonschema.Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "path", [*ROOT.glob("pipelines/*.yml"), *ROOT.glob("nbflow/surface/cli/template/pipelines/*.yml")], ids=lambda path: path.name
)
def test_our_own_pipelines_fit(path: Path) -> None:
    """Every pipeline file of the repository."""
    jsonschema.validate(yaml.safe_load(path.read_text("utf-8")), SCHEMA)


TASK = {"task_key": "a", "notebook": "n"}
LONG = {"task_key": "a", "notebook_task": {"notebook_path": "n"}}


def reader_takes(tmp_path: Path, job: Any) -> bool:
    """Whether the reader has nothing to say against a file with this content; JSON is YAML."""
    path = tmp_path / "p.yml"
    path.write_text(json.dumps(job))
    try:
        read_job_file(path)
    except DefinitionError:
        return False
    return True


@pytest.mark.parametrize(
    "job",
    [
        {"tasks": [TASK]},
        {"tasks": [LONG]},
        {
            "name": "j",
            "description": "",
            "timeout_seconds": 0.5,
            "parameters": {"a.b-c": [1]},
            "tasks": [TASK, {**TASK, "task_key": "b", "depends_on": "a"}],
        },
        {"parameters": [{"name": "x", "default": "1"}], "tasks": [{**TASK, "depends_on": [], "parameters": {"any name": None}}]},
        {"tasks": [LONG, {**LONG, "task_key": "b", "depends_on": ["a"]}, {**LONG, "task_key": "c", "depends_on": [{"task_key": "b"}]}]},
        {
            "tasks": [
                {
                    **TASK,
                    "max_retries": -1,
                    "min_retry_interval_millis": 5,
                    "retry_on_timeout": True,
                    "timeout_seconds": 1,
                    "cell_timeout_seconds": 2.5,
                }
            ]
        },
        {
            "tasks": [
                {
                    **TASK,
                    "kernel": "python3",
                    "run_if": "ALL_SUCCESS",
                    "disabled": True,
                    "existing_cluster_id": 5,
                    "libraries": [{"pypi": {}}],
                }
            ]
        },
        {
            "tasks": [{**LONG, "notebook_task": {"notebook_path": "n", "source": "WORKSPACE", "base_parameters": {"x": {"y": [1]}}}}],
            "schedule": {},
            "queue": None,
        },
        {
            "engine": "sail",
            "job_clusters": [{"job_cluster_key": "c", "new_cluster": {"spark_conf": {"spark.a": 1}, "num_workers": 2}}],
            "tasks": [{**TASK, "job_cluster_key": "c"}, {**TASK, "task_key": "b", "new_cluster": {"engine": "sc://h:1/;token=x"}}],
        },
        {"resources": {"jobs": {"j": {"tasks": [TASK]}}, "schemas": {}}, "bundle": {"name": "b"}, "targets": {}},
    ],
)
def test_what_the_reader_takes_an_editor_takes(tmp_path: Path, job: Any) -> None:
    """Short and long forms, every key that is done, keys without effect, bundles."""
    assert reader_takes(tmp_path, job)
    jsonschema.validate(job, SCHEMA)


@pytest.mark.parametrize(
    "job",
    [
        {},
        [],
        {"tasks": []},
        {"tasks": {}},
        {"tasks": ["a"]},
        {"tasks": [{"notebook": "n"}]},
        {"tasks": [{"task_key": "a"}]},
        {"tasks": [{"task_key": "a", "notbook": "n"}]},
        {"tasks": [{**TASK, "task_key": "a" * 101}]},
        {"tasks": [{**TASK, "task_key": ""}]},
        {"tasks": [{**TASK, **LONG}]},
        {"tasks": [{**LONG, "parameters": {}}]},
        {"tasks": [{**LONG, "notebook_task": {}}]},
        {"tasks": [{**LONG, "notebook_task": {"notebook_path": "n", "source": "GIT"}}]},
        {"tasks": [{**TASK, "max_retries": "x"}]},
        {"tasks": [{**TASK, "max_retries": -2}]},
        {"tasks": [{**TASK, "max_retries": 2**31}]},
        {"tasks": [{**TASK, "min_retry_interval_millis": -1}]},
        {"tasks": [{**TASK, "timeout_seconds": -1}]},
        {"tasks": [{**TASK, "retry_on_timeout": "yes"}]},
        {"tasks": [{**TASK, "depends_on": [5]}]},
        {"tasks": [{**TASK, "depends_on": [{"task": "b"}]}]},
        {"tasks": [{**TASK, "run_if": "ALL_DON"}]},
        {"tasks": [{**TASK, "disabled": 0}]},
        {"tasks": [{"task_key": "a", "condition_task": {"op": "EQUALS", "left": 1, "right": 2}}]},
        {"tasks": [{"task_key": "a", "condition_task": {"op": "EQUAL_TO", "left": 1}}]},
        {"tasks": [{**TASK, "depends_on": [{"task_key": "b", "run_if": "BROKEN"}]}, {"task_key": "b", "notebook": "n"}]},
        {"tasks": [{"task_key": "a", "for_each_task": {"inputs": 5, "task": TASK}}]},
        {"tasks": [{"task_key": "a", "for_each_task": {"inputs": [], "task": TASK, "concurrency": 0}}]},
        {"tasks": [{"task_key": "a", "for_each_task": {"inputs": []}}]},
        {"tasks": [{"task_key": "a", "for_each_task": {"inputs": [], "task": TASK, "tasks": [TASK]}}]},
        {"tasks": [{"task_key": "a", "run_job_task": {}}]},
        {"tasks": [{"task_key": "a", "run_job_task": {"job_name": "x", "notebook_params": {}}}]},
        {"tasks": [{**TASK, "expect": {"tables": "a.b"}}]},
        {"tasks": [{"task_key": "a", "sql_task": {}}]},
        {"tasks": [{**TASK, "python": "x"}]},
        {"tasks": [{"task_key": "a", "script": "x", "kernel": "x"}]},
        {"tasks": [{"task_key": "a", "command": "x", "cell_timeout_seconds": 1}]},
        {"tasks": [{**TASK, "parameters": ["x"]}]},
        {"name": 5, "tasks": [TASK]},
        {"engine": "duckdb", "tasks": [TASK]},
        {"engine": "sc://", "tasks": [TASK]},
        {"job_clusters": [{"job_cluster_key": "c"}], "tasks": [TASK]},
        {"job_clusters": {"c": {}}, "tasks": [TASK]},
        {"tasks": [{**TASK, "new_cluster": {"num_workers": -1}}]},
        {"tasks": [{**TASK, "new_cluster": {"spark_conf": []}}]},
        {"tasks": [{**TASK, "new_cluster": {"spark_env_vars": {}}}]},
        {"tasks": [{**TASK, "new_cluster": {}, "job_cluster_key": "c"}]},
        {"name": None, "tasks": [TASK]},
        {"parameters": {"a b": 1}, "tasks": [TASK]},
        {"parameters": [{"name": "x"}], "tasks": [TASK]},
        {"git_source": {}, "tasks": [TASK]},
        {"resources": {"jobs": {}}},
        {"resources": {"jobs": {"j": {"tasks": []}}}},
        {"bundle": {"name": "b"}},
    ],
)
def test_what_the_reader_refuses_an_editor_marks(tmp_path: Path, job: Any) -> None:
    """Unknown keys, missing ones, wrong types, two forms at once, kinds that cannot be run."""
    assert not reader_takes(tmp_path, job)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(job, SCHEMA)


VALUES = st.sampled_from(["x", "", 5, -1, -2, 0.5, True, False, None, [], ["x"], {}, {"x": 1}, 2**31])


@given(
    st.dictionaries(st.sampled_from([key for key in TASK_KEYS if key not in ("task_key", "depends_on")]), VALUES, max_size=4), st.booleans()
)
def test_the_reader_and_the_schema_are_of_one_mind(tmp_path_factory: pytest.TempPathFactory, entries: dict[str, Any], long: bool) -> None:
    """Whatever stands in a task, both take it or both refuse it."""
    job = {"tasks": [{**(LONG if long else TASK), **entries}]}
    assert reader_takes(tmp_path_factory.mktemp("mind"), job) == jsonschema.Draft7Validator(SCHEMA).is_valid(job)


def test_every_key_says_what_it_is() -> None:
    """An editor shows the sentence beside each key that it completes."""
    for name, table in SCHEMA["$defs"].items():
        for key, entry in table["properties"].items():
            assert entry["description"].rstrip().endswith((".", ")")), f"{name}.{key}"
    assert "No effect in nbflow." in SCHEMA["$defs"]["job"]["properties"]["schedule"]["description"]
    assert "Cannot be run by nbflow." in SCHEMA["$defs"]["task"]["properties"]["pipeline_task"]["description"]


JOB_VALUES = st.sampled_from(
    ["x", "", 5, -1, 0.5, True, None, [], {}, {"x": 1}, {"a b": 1}, [{"name": "x", "default": None}], [{"name": "x"}], [5]]
)


@given(st.dictionaries(st.sampled_from([*JOB_KEYS, "x-own", "nmae"]).filter(lambda key: key != "tasks"), JOB_VALUES, max_size=4))
def test_they_are_of_one_mind_about_jobs_too(tmp_path_factory: pytest.TempPathFactory, entries: dict[str, Any]) -> None:
    """Whatever stands beside its tasks."""
    job = {**entries, "tasks": [TASK]}
    assert reader_takes(tmp_path_factory.mktemp("mind"), {**entries, "tasks": [TASK]}) == jsonschema.Draft7Validator(SCHEMA).is_valid(job)
