"""What the plan of 10,000 tasks costs, alone and with control flow in it: branches, clean-ups, items, promises.

``python -m tests.bench.plan_of_many_tasks [TASKS]``; prints seconds of the processor, the best of several. At most one second is wanted.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from nbflow.core.values import ValueType
from nbflow.define.notebooks.notebook import Notebook
from nbflow.define.notebooks.parameters import Parameter
from nbflow.define.pipelines.flow import ConditionTask, Dependency, Expectation, ForEachTask
from nbflow.define.pipelines.order import check_pipeline
from nbflow.define.pipelines.pipeline import Pipeline, Task
from nbflow.define.settings import Settings
from nbflow.plan.build import Request, build_plan
from nbflow.plan.select import Selection

NOTEBOOK = Notebook(Path("/w/n.ipynb"), {}, "0", parameters=(Parameter("n", ValueType("int"), 1),), declares=True)
ROUNDS = 5


def row(count: int) -> list[Task]:
    """Tasks in a row, each with a value of the one before it."""
    return [Task(f"t{n}", "n", {"n": f"{{{{tasks.t{n - 1}.values.k}}}}"} if n else {}, [f"t{n - 1}"] if n else []) for n in range(count)]


def wide(count: int) -> list[Task]:
    """One task, on which all but the last depend, and the last on all of them."""
    middle = [Task(f"t{n}", "n", depends_on=["first"]) for n in range(count - 2)]
    return [Task("first", "n"), *middle, Task("last", "n", depends_on=[task.task_key for task in middle])]


def flow(count: int) -> list[Task]:
    """Groups of ten tasks with everything that control flow has, each after the one before it."""
    tasks: list[Task] = []
    for n in range(count // 10):
        before = [f"tidy{n - 1}"] if n else []
        yes, no = Dependency(f"gate{n}", "true"), Dependency(f"gate{n}", "false")
        tasks += [
            Task(f"load{n}", "n", depends_on=before, expect=Expectation({f"s.t{n}": 1})),
            Task(f"gate{n}", depends_on=[f"load{n}"], condition_task=ConditionTask("LESS_THAN", f"{{{{tasks.load{n}.values.k}}}}", 3)),
            Task(f"loop{n}", depends_on=[yes], for_each_task=ForEachTask([1, 2, 3], [Task(f"one{n}", "n", {"n": "{{input}}"})])),
            *(Task(f"a{n}_{at}", "n", depends_on=[f"loop{n}"], run_if="NONE_FAILED") for at in range(3)),
            Task(f"no{n}", "n", depends_on=[no], disabled=n % 2 == 0),
            Task(f"mend{n}", "n", depends_on=[Dependency(f"loop{n}", run_if="FAILED")]),
            Task(f"tidy{n}", "n", depends_on=[f"a{n}_{at}" for at in range(3)], run_if="ALL_DONE"),
        ]
    return tasks


def seconds(tasks: list[Task], selection: Selection) -> tuple[float, float]:
    """The best times of the checks of the definition, and of the plan."""
    pipeline = Pipeline("p", tasks)
    sources = {task.task_key: NOTEBOOK if task.notebook else Path("/w") for task in pipeline.all_tasks}
    checks, plans = [], []
    for _ in range(ROUNDS):
        began = time.process_time()
        assert check_pipeline(pipeline) == []
        checks.append(time.process_time() - began)
        began = time.process_time()
        build_plan(pipeline, sources, Request({}, Path("/w"), selection), Settings(), dict)
        plans.append(time.process_time() - began)
    return min(checks), min(plans)


def main() -> None:
    """Measure each shape, whole and a part of it."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    for make in (row, wide, flow):
        tasks = make(count)
        middle = tasks[len(tasks) // 2].task_key
        for name, selection in (("whole", Selection()), (f"--only +{middle}", Selection([f"+{middle}"]))):
            check, plan = seconds(tasks, selection)
            print(
                f"{make.__name__:5} {name:18} {sum(1 + len(task.steps) for task in tasks):6} tasks: checks {check:.2f} s, plan {plan:.2f} s"
            )


if __name__ == "__main__":
    main()
