"""nbflow: parameterized notebook pipelines, from a laptop to a cluster.

The names below are the front page; each is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbflow.define.pipelines.flow import ConditionTask, Dependency, Expectation, ForEachTask, RunJobTask
    from nbflow.define.pipelines.pipeline import Cluster, Pipeline, Task
    from nbflow.run.papermill.call import execute_notebook
    from nbflow.surface.inside.databricks.dbutils import dbutils
    from nbflow.surface.inside.parameters import widgets
    from nbflow.surface.inside.task import task
    from nbflow.surface.jupyter.calls import run_pipeline
    from nbflow.surface.jupyter.magics import load_ipython_extension
    from nbflow.surface.jupyter.spark_builder import spark_builder

    spark: Any

__all__ = [
    "Cluster",
    "ConditionTask",
    "Dependency",
    "Expectation",
    "ForEachTask",
    "Pipeline",
    "RunJobTask",
    "Task",
    "dbutils",
    "execute_notebook",
    "load_ipython_extension",
    "run_pipeline",
    "spark",
    "spark_builder",
    "task",
    "widgets",
]

__version__ = "0.1.0"

_WHERE = {
    **dict.fromkeys(("ConditionTask", "Dependency", "Expectation", "ForEachTask", "RunJobTask"), "nbflow.define.pipelines.flow"),
    "Cluster": "nbflow.define.pipelines.pipeline",
    "Pipeline": "nbflow.define.pipelines.pipeline",
    "Task": "nbflow.define.pipelines.pipeline",
    "dbutils": "nbflow.surface.inside.databricks.dbutils",
    "execute_notebook": "nbflow.run.papermill.call",
    "load_ipython_extension": "nbflow.surface.jupyter.magics",
    "run_pipeline": "nbflow.surface.jupyter.calls",
    "spark_builder": "nbflow.surface.jupyter.spark_builder",
    "task": "nbflow.surface.inside.task",
}


def __getattr__(name: str) -> Any:
    if name == "widgets":
        return import_module("nbflow.surface.inside.parameters.widgets")
    if name == "spark":
        return import_module("nbflow.surface.inside.spark").session()
    if name not in _WHERE:
        msg = f"module 'nbflow' has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
