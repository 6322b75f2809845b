"""The JSON Schema that editors use: made from the vocabulary, and of one mind with the reader."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from nbflow.define.schema import FILE, schema_text

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads(FILE.read_text("utf-8"))


def test_the_shipped_file_is_the_generated_one() -> None:
    """A change of the vocabulary is a change of the schema: ``python -m nbflow.define.schema`` writes it."""
    assert FILE.read_text("utf-8") == schema_text()


def test_the_schema_is_one() -> None:
    """It is itself valid."""
    jsonschema.Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", [*ROOT.glob("pipelines/*.yml"), *ROOT.glob("nbflow/surface/cli/template/pipelines/*.yml")], ids=lambda path: path.name)
def test_our_own_pipelines_fit(path: Path) -> None:
    """Every pipeline file of the repository."""
    jsonschema.validate(yaml.safe_load(path.read_text("utf-8")), SCHEMA)


@pytest.mark.parametrize(
    "job",
    [
        {"tasks": [{"task_key": "a", "notbook": "n"}]},
        {"tasks": []},
        {"tasks": [{"notebook": "n"}]},
        {"tasks": [{"task_key": "a", "notebook": "n", "max_retries": "x"}]},
        {"tasks": [{"task_key": "a", "sql_task": {}}]},
        {"name": 5, "tasks": [{"task_key": "a", "notebook": "n"}]},
    ],
)
def test_what_the_reader_refuses_an_editor_marks(job: object) -> None:
    """Unknown keys, missing ones, wrong types, kinds that cannot be run."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(job, SCHEMA)
