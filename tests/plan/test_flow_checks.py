"""Static checks of control flow as they are told: masked failures, writers side by side, odd words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nbflow.core.errors import DefinitionError
from nbflow.core.values import ValueType
from nbflow.define.notebooks.notebook import Notebook
from nbflow.define.notebooks.parameters import Parameter
from nbflow.define.pipelines.flow import ConditionTask, Dependency, Expectation, ForEachTask
from nbflow.define.pipelines.pipeline import Pipeline, Task
from nbflow.define.pipelines.task_kinds import ShellTask, SparkJarTask
from nbflow.define.settings import Settings
from nbflow.plan.build import Request, build_plan
from nbflow.plan.flow_checks import flow_warnings
from nbflow.plan.plan import Plan, PlannedTask, Stored
from nbflow.plan.select import Selection
from nbflow.plan.work import JarWork, NotebookWork

NOTEBOOK = Notebook(Path("/w/n.ipynb"), {}, "0", parameters=(Parameter("n", ValueType("int"), 1),), declares=True, uses_spark=True)
WORK = NotebookWork(NOTEBOOK)


def plan(*tasks: Task, selection: Selection = Selection(), stored: Mapping[str, Stored] | None = None, **shared: Any) -> Plan:
    """The plan of these tasks, whose notebook declares the whole number ``n``."""
    pipeline = Pipeline("p", tasks, shared)
    sources = {task.task_key: NOTEBOOK if task.notebook else Path("/w") for task in pipeline.all_tasks}
    earlier = stored or {}
    return build_plan(
        pipeline,
        sources,
        Request({}, Path("/w"), selection),
        Settings(),
        dict,
        None,
        lambda keys: {k: earlier[k] for k in keys if k in earlier},
    )


def mistakes(*tasks: Task, **about: Any) -> list[str]:
    """What is wrong with it."""
    with pytest.raises(DefinitionError) as caught:
        plan(*tasks, **about)
    return list(map(str, caught.value.mistakes))


def warnings(*tasks: Task, **about: Any) -> list[str]:
    """What is odd in it."""
    return list(map(str, plan(*tasks, **about).warnings))


def test_a_mask_is_a_warning_that_names_what_it_hides() -> None:
    """At the task that runs all the same."""
    tidy = Task("tidy", "n", depends_on=["gold"], run_if="ALL_DONE")
    assert warnings(Task("silver", "n"), Task("gold", "n", depends_on=["silver"]), tidy) == [
        (
            "tidy.depends_on.gold: 'tidy' masks failures of silver, gold: a run of 'p' in which only one of them fails ends with SUCCESS_WITH_FAILURES, exit code 3 "
            "(let a last task with run_if ALL_SUCCESS depend on them as well, or take exit code 3 for a failure)"
        )
    ]


def test_a_condition_is_masked_by_what_asks_for_no_outcome() -> None:
    """Its branches, which are left out where it fails, are no news. Not where the condition cannot fail, nor where another task is blocked."""
    yes, tidy = Task("yes", "n", depends_on=[Dependency("gate", "true")]), Task("tidy", "n", depends_on=["gate"], run_if="ALL_DONE")
    sure = Task("gate", condition_task=ConditionTask("EQUAL_TO", "{{job.run_id}}", 1))
    assert warnings(sure, yes, tidy) == []
    gate = Task("gate", depends_on=["a"], condition_task=ConditionTask("EQUAL_TO", "{{tasks.a.values.k}}", 1))
    assert warnings(Task("a", "n"), gate, yes) == []
    assert warnings(Task("a", "n"), gate, yes, tidy) == [
        (
            "tidy.depends_on.gate: 'tidy' masks failures of gate: a run of 'p' in which only gate fails ends with SUCCESS_WITH_FAILURES, exit code 3 "
            "(let a last task with run_if ALL_SUCCESS depend on them as well, or take exit code 3 for a failure)"
        )
    ]
    assert warnings(Task("a", "n"), gate, yes, tidy, Task("shown", "n", depends_on=["gate"])) == []


def test_a_failure_may_be_hidden_for_some_outcomes_only() -> None:
    """Where the condition beside the task leaves out what would show that the task failed."""
    gate = Task("gate", condition_task=ConditionTask("EQUAL_TO", "{{job.run_id}}", 1))
    told = warnings(Task("a", "n"), gate, Task("b", "n", depends_on=["a", Dependency("gate", "true")]))
    assert [text.partition(" (")[0] for text in told] == [
        "b.depends_on.a: 'b' masks failures of a: a run of 'p' in which only a fails may end with SUCCESS_WITH_FAILURES, exit code 3"
    ]


def test_of_several_tasks_a_mask_hides_one_at_a_time() -> None:
    """Where both fail, the run may show it: so nothing is said of that."""
    told = warnings(Task("a", "n"), Task("b", "n"), Task("c", "n", depends_on=["a", "b"], run_if="AT_LEAST_ONE_SUCCESS"))
    assert [text.partition(" (")[0] for text in told] == [
        "c.depends_on.b: 'c' masks failures of a, b: a run of 'p' in which only one of them fails ends with SUCCESS_WITH_FAILURES, exit code 3"
    ]


def test_a_disabled_task_may_hide_a_failure() -> None:
    """Where what follows it runs without it: then nothing that runs depends on the task that failed."""
    off = Task("off", "n", depends_on=["a"], disabled=True)
    told = warnings(Task("a", "n"), Task("b", "n"), off, Task("c", "n", depends_on=["off", "b"], run_if="NONE_FAILED"))
    assert [text.partition(":")[0] for text in told] == ["off.depends_on.a"] and "'off', which is disabled, masks failures of a" in told[0]


def test_a_step_that_hides_a_failure_hides_it_from_the_for_each() -> None:
    """Its item counts as done well."""
    told = warnings(each([1], Task("one", "n"), Task("tidy", "n", depends_on=["one"], run_if="ALL_DONE")))
    assert told == [
        (
            "tidy.depends_on.one: 'tidy' masks failures of one: an item in which only one fails counts as done well, a run of 'p' as SUCCESS_WITH_FAILURES "
            "(let a last task with run_if ALL_SUCCESS depend on them as well)"
        )
    ]


def test_two_writers_of_one_table_that_may_meet_are_told() -> None:
    """Not where one comes after the other, nor where a condition lets only one of them run."""
    a, b = (Task(key, "n", expect=Expectation({"s.t": 0})) for key in "ab")
    assert warnings(a, b) == ["b.expect.s.t: 'b' and 'a' both write s.t and may run at the same time (let 'b' depend on 'a')"]
    after = Task("b", "n", depends_on=["m"], expect=Expectation({"s.t": 0}))
    assert warnings(a, Task("m", "n", depends_on=["a"]), after) == []
    gate = Task("gate", condition_task=ConditionTask("EQUAL_TO", "{{job.run_id}}", 1))
    yes = Task("yes", "n", depends_on=[Dependency("gate", "true")])
    branches = [Task("a", "n", depends_on=["yes"], expect=Expectation({"s.t": 0}))]
    branches += [Task("b", "n", depends_on=[Dependency("gate", "false")], expect=Expectation({"s.t": 0}))]
    assert warnings(gate, yes, *branches) == []


def test_all_writers_of_a_table_are_told_at_once() -> None:
    """Each with all that it may meet, and with what to do so that none is left."""
    ten = [Task(key, "n", expect=Expectation({"s.t": 0})) for key in "abcdefghijkl"]
    told = warnings(*ten)
    assert told[:2] == [
        "b.expect.s.t: 'b' and 'a' both write s.t and may run at the same time (let 'b' depend on 'a')",
        "c.expect.s.t: 'c' writes s.t and may run at the same time as 'a' and 'b', which write it too (let 'c' depend on 'b')",
    ]
    assert (
        len(told) == 11
        and "as 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j' and 1 more, which write it too (let 'l' depend on 'k')" in told[-1]
    )
    mended = [replace(task, depends_on=[before.task_key]) for before, task in zip(ten, ten[1:])]
    assert warnings(ten[0], *mended) == []


def test_writers_are_told_on_every_level() -> None:
    """A step with a task beside its for_each, the items of one for_each, and not where the items come one after another."""
    expect = Expectation({"s.t": 0})
    a, one = Task("a", "n", expect=expect), Task("one", "n", expect=expect)
    assert warnings(a, each([1, 2], one)) == [
        "one.expect.s.t: 'one' and 'a' both write s.t and may run at the same time (let 'loop' depend on 'a')"
    ]
    together = Task("loop", for_each_task=ForEachTask([1, 2], [one, Task("two", "n", depends_on=["one"], expect=expect)], 2))
    assert warnings(together) == [
        f"{key}.expect.s.t: '{key}' writes s.t for each item, and items of 'loop' may run at the same time "
        "(concurrency: 1 on 'loop', or a table for each item)"
        for key in ("one", "two")
    ]
    assert warnings(each([1, 2], one, Task("two", "n", expect=expect))) == [
        "two.expect.s.t: 'two' and 'one' both write s.t and may run at the same time (let 'two' depend on 'one')"
    ]
    assert warnings(replace(together, for_each_task=ForEachTask([1], [one], 2))) == []


def test_one_that_mends_what_failed_does_not_meet_what_follows_a_success() -> None:
    """Only one of the two can run, whatever comes between."""
    expect = Expectation({"s.t": 0})
    follow = Task("x", "n", depends_on=["a"], expect=expect)
    mend = Task("y", "n", depends_on=[Dependency("a", run_if="FAILED")], expect=expect)
    told = warnings(Task("a", "n"), follow, mend)
    assert [text for text in told if "both write" in text] == []
    told = warnings(Task("a", "n"), Task("m", "n", depends_on=["a"], run_if="ALL_DONE"), replace(follow, depends_on=["m"]), mend)
    assert [text.partition(":")[0] for text in told if "both write" in text] == ["x.expect.s.t"]


def test_words_without_effect_are_warnings() -> None:
    """A rule of a task that depends on nothing, retries of a condition."""
    odd = Task("gate", condition_task=ConditionTask("EQUAL_TO", 1, 1), max_retries=2)
    shell = Task("shell", shell_task=ShellTask("true"), expect=Expectation({"s.t": 1}))
    assert warnings(Task("a", "n", run_if="ALL_DONE"), odd, shell) == [
        "a.run_if: has no effect here: the task depends on nothing",
        "gate.max_retries: has no effect here: a condition runs nothing",
        "shell.expect: the task was not seen to use Spark, and only what Spark writes counts (expect task values instead)",
    ]


def test_what_a_jar_writes_counts() -> None:
    """It uses none of the run's engines, and its commits bear the task's mark all the same."""
    jar = PlannedTask("j", JarWork("M", (), Path("/")), expect=Expectation({"s.t": 1}))
    assert list(flow_warnings({"j": Task("j", spark_jar_task=SparkJarTask("M"))}, [jar])) == []


def test_operands_that_are_no_numbers_are_told_where_they_are_known() -> None:
    """On either side, before anything starts; one that only the run knows is left to it."""
    task = Task("gate", condition_task=ConditionTask("LESS_THAN", "{{job.parameters.x}}", "{{job.run_id}}"))
    assert mistakes(task, x="many") == [
        "gate.left: LESS_THAN compares numbers, and 'many' is none (compare text with EQUAL_TO or NOT_EQUAL)"
    ]
    assert plan(task, x="7").tasks[0].arguments[1].late


@pytest.mark.parametrize(
    ("operand", "is_none"),
    [
        ("{{tasks.a.values.k}}", False),
        (" -{{tasks.a.values.k}}.5e{{tasks.a.values.k}} ", False),
        ("{{tasks.a.values.k}} rows", True),
        ("{{tasks.a.values.k ?? 'none'}}", False),
        ("{{tasks.a.execution_count}}", False),
        ("{{tasks.a.run_id}}", False),
        ("{{tasks.a.result_state}}", True),
        ("{{tasks.a.error_code}}", True),
        ("{{tasks.a.result_state ?? 5}}", False),
        ("{{job.start_time.hour}}", False),
        ("{{job.logical_time.iso_date}}", True),
        ("{{job.trigger.type}}", True),
        ("{{job.parameters.late}}", False),
        ("{{job.parameters.late}}{{job.run_id}}x", True),
    ],
)
def test_what_no_run_makes_a_number_is_told(operand: str, is_none: bool) -> None:
    """By the text beside what the run knows, or by what that always is. Text is compared all the same."""
    ask = ConditionTask("LESS_THAN", 1, operand)
    tasks = (Task("a", "n"), Task("gate", depends_on=["a"], condition_task=ask))
    told = f"gate.right: LESS_THAN compares numbers, and {operand!r} never comes to one (compare text with EQUAL_TO or NOT_EQUAL)"
    if is_none:
        assert mistakes(*tasks, late="{{job.start_time.day}}") == [told]
    else:
        assert plan(*tasks, late="{{job.start_time.day}}").tasks[-1].arguments[1].late
    same = Task("gate", depends_on=["a"], condition_task=ConditionTask("EQUAL_TO", 1, operand))
    assert plan(tasks[0], same, late="{{job.start_time.day}}")


def test_operands_that_an_item_makes_no_number_are_told() -> None:
    """Where the items are known; and those that are none for any item."""
    gate = Task("gate", condition_task=ConditionTask("LESS_THAN", "{{input}}", 3))
    assert mistakes(each([1, "x"], gate)) == ["gate.left: inputs[1]: parameter 'left': LESS_THAN compares numbers, and 'x' is none"]
    assert plan(each([1, "2"], gate))
    text = Task("gate", condition_task=ConditionTask("LESS_THAN", "n{{input}}", 3))
    assert "'n{{input}}' never comes to one" in mistakes(each("{{job.start_time.day}}", text))[0]


def each(inputs: Any, *steps: Task) -> Task:
    """A for_each over these steps."""
    return Task("loop", for_each_task=ForEachTask(inputs, steps))


@pytest.mark.parametrize(
    ("inputs", "value", "told"),
    [
        ([1, "x"], "{{input}}", ["one.parameters.n: inputs[1]: parameter 'n': expected a whole number, got 'x'"]),
        (
            '[{"a": 1}, {"b": 1}]',
            "{{input.a}}",
            ["one.parameters.n: inputs[1]: parameter 'n': {{input.a}}: the item has no key 'a'"],
        ),
        ("nope", 1, ['loop.inputs: inputs: expected a list such as ["a", "b"], got \'nope\'']),
        ('{"a": 1}', 1, ["loop.inputs: inputs: expected a list, got {'a': 1}"]),
        (list("abcdefgh"), "{{input}}", [f"one.parameters.n: inputs[{at}]: " for at in range(5)]),
    ],
)
def test_items_that_are_known_are_held_against_what_the_steps_take(inputs: Any, value: Any, told: list[str]) -> None:
    """Before anything starts; of many that do not fit the first ones are told."""
    found = mistakes(each(inputs, Task("one", "n", {"n": value})))
    assert len(found) == len(told)
    assert all(words in text for words, text in zip(told, found))


def test_references_in_and_to_a_for_each_are_checked() -> None:
    """A step sees what comes before it in its item and before the for_each; the values of its items are read by its own name."""
    steps = (
        Task("one", "n"),
        Task("two", "n", {"n": "{{tasks.one.values.k}}"}, ["one"]),
        Task("three", "n", {"n": "{{tasks.two.values.k}}"}),
    )
    loop = Task("loop", for_each_task=ForEachTask("{{tasks.a.values.items}}", steps), depends_on=["a"])
    after = Task("b", "n", {"n": "{{tasks.two.values.k}}"}, ["loop"])
    assert mistakes(Task("a", "n"), loop, after, Task("c", "n", {"n": "{{input}}"})) == [
        "three.parameters.n: {{tasks.two.values.k}}: task 'two' does not run before 'three' (add it to depends_on of 'three')",
        (
            "b.parameters.n: {{tasks.two.values.k}}: task 'two' stands inside of 'loop' "
            "(write {{tasks.loop.values.<key>}}: the values of all its items as one list)"
        ),
        "c.parameters.n: {{input}} has a value in the task of a for_each_task only (write {{job.parameters.<name>}})",
    ]


def test_all_wrong_references_of_a_value_are_told() -> None:
    """Those to tasks beside those to parameters, in what a notebook gets, what a condition compares and what an item is given."""
    value = "{{tasks.zz.values.x}} {{job.parameters.nope}}"
    gate = Task("gate", condition_task=ConditionTask("EQUAL_TO", value, 1))
    words = ("{{job.parameters.nope}}: the pipeline has no parameter 'nope'", "{{tasks.zz.values.x}}: the pipeline has no task 'zz'")
    for task, place in ((Task("a", "n", {"n": value}), "a.parameters.n"), (gate, "gate.left")):
        for tasks in ((task,), (each([1, 2], task),)):
            assert sorted(mistakes(*tasks)) == sorted(f"{place}: {text}" for text in words)


def test_what_is_disabled_is_known_in_the_plan() -> None:
    """With what follows it, by the rules of those; a disabled task that is named runs."""
    tasks = (
        Task("off", "n", disabled=True),
        Task("a", "n"),
        Task("b", "n", depends_on=["off", "a"]),
        Task("c", "n", depends_on=["off", "a"], run_if="NONE_FAILED"),
        Task("d", "n", depends_on=["b"], run_if="ALL_DONE"),
        Task("e", "n", depends_on=["b"], run_if="ALL_FAILED"),
        each([1], Task("in", "n", disabled=True), Task("next", "n", depends_on=["in"])),
    )
    found = {task.task_key: task.disabled for task in plan(*tasks).all_tasks if task.disabled}
    assert found == {
        "off": "the task is disabled", "b": "task 'off' is disabled", "e": "task 'b' is disabled",
        "in": "the task is disabled", "next": "task 'in' is disabled",
    }  # fmt: skip
    named = plan(*tasks, selection=Selection(["off,b"]))
    assert [(task.task_key, task.disabled) for task in named.tasks] == [("off", None), ("b", None)]
    assert [task.task_key for task in plan(*tasks, selection=Selection(["+b"])).tasks] == ["a", "b"]


def test_values_of_tasks_that_are_left_out_come_from_an_earlier_run() -> None:
    """Where there is one; else a reference to them is a mistake, as before."""
    tasks = (Task("a", "n"), Task("b", "n", {"n": "{{tasks.a.values.k}}"}, ["a"]))
    made = plan(*tasks, selection=Selection(["b"]), stored={"a": Stored(7, {"k": 1})})
    assert (made.left_out, made.stored) == (("a",), {"a": Stored(7, {"k": 1})})
    assert "task 'a' takes no part in this run" in mistakes(*tasks, selection=Selection(["b"]))[0]


def test_only_what_comes_before_is_taken_from_an_earlier_run() -> None:
    """A task that nothing selected depends on has no say, and is not named as if it had."""
    tasks = (Task("a", "n"), Task("b", "n", depends_on=["a"]), Task("c", "n", depends_on=["b"]), Task("x", "n"), Task("root", "n"))
    stored = {task.task_key: Stored(7, {"k": 1}) for task in tasks}
    for selected, before in ({"root": set(), "a": set(), "b": {"a"}, "c": {"a", "b"}, "root,b": {"a"}}).items():
        assert set(plan(*tasks, selection=Selection([selected]), stored=stored).stored) == before
