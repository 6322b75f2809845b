"""Pipeline files: what they mean, and every mistake at once with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.core.errors import DefinitionError, Mistake
from nbflow.define.pipeline_files.job import read_job_file
from nbflow.define.pipeline_files.vocabulary import JOB, Standing
from nbflow.define.pipeline_files.vocabulary import TASK as TASK_TABLE
from nbflow.define.pipelines.pipeline import Pipeline


def read(tmp_path: Path, text: str | bytes) -> Pipeline:
    """The pipeline of a file with this text."""
    path = tmp_path / "p.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return read_job_file(path, shown="p.yml")


def mistakes(tmp_path: Path, text: str | bytes) -> list[Mistake]:
    """The mistakes in a file with this text."""
    with pytest.raises(DefinitionError) as caught:
        read(tmp_path, text)
    return list(caught.value.mistakes)


TASK = "  - task_key: one\n    notebook: n.ipynb\n"
TASKS = f"tasks:\n{TASK}"


def test_the_shorthands_mean_the_long_form(tmp_path: Path) -> None:
    """notebook, parameters and depends_on in short are exactly notebook_task, base_parameters and {task_key}."""
    short = read(
        tmp_path,
        "parameters: {day: monday}\ntasks:\n"
        + TASK
        + "  - task_key: two\n    notebook: m\n    parameters: {a: 1}\n    depends_on: [one]\n",
    )
    long = read(
        tmp_path,
        "parameters: [{name: day, default: monday}]\ntasks:\n  - task_key: one\n    notebook_task: {notebook_path: n.ipynb}\n"
        "  - task_key: two\n    depends_on: [{task_key: one}]\n    notebook_task:\n      notebook_path: m\n      base_parameters: {a: 1}\n",
    )
    assert short == long


def test_a_job_of_a_databricks_bundle_is_a_valid_file(tmp_path: Path) -> None:
    """Known keys without effect are one warning each; the job's key is its name."""
    pipeline = read(
        tmp_path,
        "resources:\n  jobs:\n    orders:\n      schedule: {quartz_cron_expression: '0 0 5 * * ?', timezone_id: UTC}\n"
        "      queue: {enabled: true}\n      tasks:\n        - task_key: a\n          existing_cluster_id: main\n          max_retries: 2\n"
        "          run_if: ALL_SUCCESS\n          notebook_task: {notebook_path: ../src/a.ipynb, source: WORKSPACE}\n",
    )
    assert (pipeline.name, pipeline.tasks[0].max_retries) == ("orders", 2)
    assert [warning.key for warning in pipeline.warnings] == [
        "resources.jobs.orders.schedule", "resources.jobs.orders.queue", "resources.jobs.orders.tasks[0].existing_cluster_id",
    ]  # fmt: skip


def test_anchors_and_merge_keys(tmp_path: Path) -> None:
    """Own keys win over merged ones, earlier merges over later ones."""
    text = (
        "tasks:\n  - task_key: one\n    notebook_task: &nb\n      notebook_path: n\n      base_parameters: &p {a: 1, b: 2}\n"
        "  - task_key: two\n    notebook_task:\n      <<: *nb\n      base_parameters:\n        <<: [*p, {b: 9, c: 3}]\n        a: 7\n"
    )
    assert dict(read(tmp_path, text).tasks[1].parameters) == {"a": 7, "b": 2, "c": 3}


def test_all_mistakes_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Each with file, line, key, and a suggestion where one is near."""
    found = mistakes(
        tmp_path,
        "nam: x\ntasks:\n  - task_key: bronze\n    notebook: n\n    max_retries: many\n  - task_key: silver\n    notebook: n\n"
        "    depends_on: [brnze]\n  - task_key: silver\n    notebook: n\n    timeout_seconds: -1\n  - notebook: n\n",
    )
    assert [(item.file, item.line, item.key) for item in found] == [
        ("p.yml", 1, "nam"), ("p.yml", 5, "tasks[0].max_retries"), ("p.yml", 8, "tasks[1].depends_on[0]"),
        ("p.yml", 9, "tasks[2].task_key"), ("p.yml", 11, "tasks[2].timeout_seconds"), ("p.yml", 12, "tasks[3]"),
    ]  # fmt: skip
    assert found[0].hint == "did you mean 'name'?"
    assert found[2].hint == "did you mean 'bronze'?"
    assert "first in line 6" in found[3].message


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("- a\n", 1, "a list"),
        ("text", 1, "text"),
        ("tasks: []\n", 1, "no tasks"),
        ("tasks:\n", 1, "takes a list, got nothing"),
        ("tasks:\n  one: {notebook: n}\n", 2, "takes a list, got a map"),
        ("tasks: [a]\n", 1, "takes a map, got text"),
        ("Tasks:\n" + TASK, 1, "unknown key 'Tasks'"),
        ("name: 5\n" + TASKS, 1, "takes text, got 5"),
        (f"{TASKS}    notebook_task: {{notebook_path: n}}\n", 3, "beside notebook_task"),
        ("tasks:\n  - task_key: a b\n    notebook: n\n", 2, "no key for a task"),
        (f"tasks:\n  - task_key: {'a' * 101}\n    notebook: n\n", 2, "no key for a task"),
        ("tasks:\n  - task_key: a\n", 2, "no work to do"),
        ("tasks:\n  - task_key: a\n    notebook: 5\n", 3, "takes text, got 5"),
        ("tasks:\n  - task_key: a\n    notebook_task: {}\n", 3, "'notebook_path' is missing"),
        ("tasks:\n  - task_key: a\n    pipeline_task: {pipeline_id: X}\n", 3, "cannot be run"),
        ("tasks:\n  - task_key: a\n    condition_task: {op: EQUALS, left: a, right: b}\n", 3, "one of EQUAL_TO, NOT_EQUAL"),
        ("tasks:\n  - task_key: a\n    for_each_task: {inputs: '[1]', task: {}}\n", 3, "'task_key' is missing"),
        (f"{TASKS}    run_if: ALL_DON\n", 4, "one of ALL_SUCCESS"),
        (f"{TASKS}    disabled: 0\n", 4, "true or false"),
        (f"{TASKS}    git_source: {{}}\n", 4, "unknown key"),
        (f"{TASKS}    max_retries: -2\n", 4, "takes a whole number from -1 on, got -2"),
        (f"{TASKS}    max_retries: 1.5\n", 4, "takes a whole number from -1 on, got 1.5"),
        (f"{TASKS}    max_retries: true\n", 4, "got true"),
        (f"{TASKS}    timeout_seconds: .nan\n", 4, "takes a number of seconds from 0 on"),
        (f"{TASKS}    timeout_seconds: .inf\n", 4, "takes a number of seconds from 0 on"),
        (f"{TASKS}    timeout_seconds: {'9' * 400}\n", 4, "takes a number of seconds from 0 on"),
        (f"{TASKS}    cell_timeout_seconds: '60'\n", 4, "takes a number of seconds"),
        (f"{TASKS}    min_retry_interval_millis: -1\n", 4, "takes a whole number from 0 on"),
        (f"{TASKS}    depends_on: [5]\n", 4, "takes a task's key"),
        (f"{TASKS}    depends_on: one\n", 4, "depends on itself"),
        ("parameters: {a b: 1}\n" + TASKS, 1, "no name for a parameter"),
        ("parameters: [{name: a}]\n" + TASKS, 1, "'default' is missing"),
        ("parameters: [{name: a, default: 1}, {name: a, default: 2}]\n" + TASKS, 1, "stands twice, first in line 1"),
        ("resources: {jobs: {a: {tasks: []}, b: {tasks: []}}}\n", 1, "several jobs: a, b"),
        ("resources: {jobs: {}}\n", 1, "there are no jobs"),
        ("resources:\n", 1, "takes a map, got nothing"),
        ("bundle: {name: x}\ninclude: [a*.yml]\n", 1, "a bundle without jobs"),
        ("tasks:\n  - task_key: a\n    notebook: ${var.x}/n\n", 3, "variables of a bundle"),
        ("git_source: {git_url: x}\n" + TASKS, 1, "cannot be run"),
    ],
)
def test_each_mistake_is_told_where_it_is(tmp_path: Path, text: str, line: int, words: str) -> None:
    """One mistake, one sentence: no traceback, and no noise that follows from it."""
    found = mistakes(tmp_path, text)
    assert len(found) == 1, found
    assert words in found[0].message
    assert found[0].line == line


def test_ten_thousand_tasks_are_read(tmp_path: Path) -> None:
    """A long chain is read without a stack of its length."""
    tasks = "".join(f"  - {{task_key: t{n}, notebook: n, depends_on: [{f't{n - 1}' if n else ''}]}}\n" for n in range(10_000))
    assert len(read(tmp_path, f"tasks:\n{tasks}").tasks) == 10_000


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("name: 5\n" + TASKS, "put it in quotes: '5'"),
        ("name: 012\n" + TASKS, "put it in quotes: '012'"),
        ("name: True\n" + TASKS, "put it in quotes: 'true'"),
        (f"{TASKS}    max_retries: '2'\n", "write it without quotes"),
        (f"{TASKS}    max_retries: ${{var.tries}}\n", "variables of a bundle are not known here: write the value itself"),
        (f"{TASKS}    parameters:\n", "give it a value, or remove the key"),
        ("tasks: {a: b}\n", "each item of a list begins with '- '"),
        (f"{TASKS}    depend_on: [x]\n", "did you mean 'depends_on'?"),
        (f"{TASKS}    schedule: x\n", "it belongs in a job"),
        (f"{TASKS}    alert_task: {{}}\n", "put what it does into a notebook or a script; --allow-missing leaves such tasks out"),
        ("resources: {jobs: {a: {}, b: {}}}\n", "name one with --job"),
    ],
)
def test_a_mistake_says_what_to_do(tmp_path: Path, text: str, hint: str) -> None:
    """The hint is what a person would say who knows the format."""
    assert mistakes(tmp_path, text)[0].hint == hint


def test_a_job_of_several_is_chosen_by_its_key(tmp_path: Path) -> None:
    """Of a bundle file with several jobs one can be named; a name that is not there is told with the near one."""
    path = tmp_path / "jobs.yml"
    path.write_text(
        "resources:\n  jobs:\n" + "".join(f"    {key}: {{tasks: [{{task_key: {key}, notebook: n}}]}}\n" for key in ("orders", "items"))
    )
    assert [task.task_key for task in read_job_file(path, "items").tasks] == ["items"]
    with pytest.raises(DefinitionError, match="did you mean 'orders'") as caught:
        read_job_file(path, "oders")
    assert caught.value.mistakes[0].key == "resources.jobs"


@pytest.mark.parametrize("name", ["definitions", "custom", "x-shared", ".shared", "job_parameters", "new_cluster"])
def test_a_root_key_that_holds_anchors_is_accepted(tmp_path: Path, name: str) -> None:
    """As the Databricks command line does."""
    pipeline = read(tmp_path, f"{name}:\n  settings:\n    again: &again {{max_retries: 2}}\ntasks:\n{TASK}    <<: *again\n")
    assert (pipeline.tasks[0].max_retries, pipeline.warnings) == (2, ())


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (f"custom: {{again: &again {{max_retries: 2}}}}\n{TASKS}", "custom"),
        (f"descriptions: &again {{max_retries: 2}}\n{TASKS}    <<: *again\n", "descriptions"),
        (f"{TASKS}    parameters: &p {{a: 1}}\nforeign: *p\n", "foreign"),
        (f"{TASKS}    foreign: &p {{a: 1}}\n    parameters: *p\n", "tasks[0].foreign"),
    ],
)
def test_other_unknown_keys_with_anchors_are_mistakes(tmp_path: Path, text: str, key: str) -> None:
    """Those that nothing refers to, a slip, those that only refer, and those of a task."""
    assert [mistake.key for mistake in mistakes(tmp_path, text)] == [key]


def test_other_resources_of_a_bundle_have_no_effect(tmp_path: Path) -> None:
    """A bundle's file may hold pipelines, schemas and the rest beside its job."""
    pipeline = read(tmp_path, "bundle: {name: b}\nresources:\n  schemas: {s: {}}\n  jobs:\n    j: {tasks: [{task_key: a, notebook: n}]}\n")
    assert list(map(str, pipeline.warnings)) == ["p.yml:3: resources.schemas: has no effect here"]


def test_variables_of_a_bundle_are_told_wherever_they_stay(tmp_path: Path) -> None:
    """In names, in defaults, and inside of lists; each is one warning with its line."""
    pipeline = read(
        tmp_path,
        f"name: '${{bundle.target}} x'\nparameters: {{day: '${{var.day}}'}}\ntasks:\n{TASK}    parameters:\n      x: [1, '${{var.y}}']\n      y: 2\n",
    )
    assert [str(warning).partition(": variables")[0] for warning in pipeline.warnings] == [
        "p.yml:1: name",
        "p.yml:2: parameters.day",
        "p.yml:7: tasks[0].parameters.x",
    ]


def test_a_dependency_given_twice_counts_once(tmp_path: Path) -> None:
    """And is told as a warning."""
    pipeline = read(tmp_path, f"{TASKS}  - {{task_key: two, notebook: n, depends_on: [one, one]}}\n")
    assert list(pipeline.tasks[1].depends_on) == ["one"]
    assert list(map(str, pipeline.warnings)) == ["p.yml:4: tasks[1].depends_on[1]: 'one' stands twice"]


def test_each_key_of_a_task_has_its_place(tmp_path: Path) -> None:
    """Long and short forms; places lead to what the author wrote, not to what it means."""
    pipeline = read(
        tmp_path,
        "parameters:\n  day: x\ntimeout_seconds: 5\ntasks:\n  - task_key: a\n    notebook_task:\n      base_parameters:\n        x: 1\n      notebook_path: n\n"
        "  - task_key: b\n    depends_on:\n      - task_key: a\n    notebook: n\n    parameters: {y: 2}\n",
    )
    places = {key: (place.line, place.key) for task in pipeline.tasks for key, place in task.places.items()}
    assert (pipeline.place("parameters.day").line, pipeline.place("timeout_seconds").line) == (2, 3)
    assert places["parameters.x"] == (8, "tasks[0].notebook_task.base_parameters.x")
    assert places["parameters.y"] == (14, "tasks[1].parameters.y")
    assert places["depends_on.a"] == (12, "tasks[1].depends_on[0]")
    assert (places["notebook"], places[""]) == ((13, "tasks[1].notebook"), (10, "tasks[1]"))
    assert pipeline.tasks[0].place("notebook") == pipeline.tasks[0].places["notebook"]
    assert pipeline.tasks[0].place("notebook").key == "tasks[0].notebook_task.notebook_path"


ENTRIES = (
    "name: p", "description: d", "timeout_seconds: 60", "parameters: {b: 1, a: 2}",
    "tasks:\n  - {max_retries: 1, notebook: n, task_key: t, description: x, parameters: {y: 1, x: 2}}",
)  # fmt: skip


@given(st.permutations(ENTRIES))
def test_the_order_of_keys_means_nothing(tmp_path_factory: pytest.TempPathFactory, entries: list[str]) -> None:
    """Any permutation of a job's keys is the same pipeline."""
    folder = tmp_path_factory.mktemp("order")
    one, other = read(folder, "\n".join(ENTRIES)), read(folder, "\n".join(entries))
    assert one == other


def test_suggestions_for_very_many_unknown_names_end(tmp_path: Path) -> None:
    """A large file whose every dependency is misspelt is told whole: comparing all names with all would take an hour."""
    tasks = "".join(f"  - {{task_key: task_{n}, notebook: n, depends_on: [task__{n}]}}\n" for n in range(3000))
    found = mistakes(tmp_path, f"tasks:\n{tasks}")
    assert len(found) == 3000
    assert str(found[0].hint).startswith("did you mean 'task_")
    assert found[-1].hint == f"there are {', '.join(f'task_{n}' for n in range(10))} and 2990 more"


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("tasks:\n  - task_kye: one\n    notbook: n\n  - {task_key: two, notebook: n, depend_on: [one]}\n", ["tasks[0].task_kye", "tasks[0].notbook", "tasks[1].depend_on"]),
        ("taks:\n  - {task_key: one, notebook: n, max_retries: x}\n", ["taks", "tasks[0].max_retries"]),
        ("Tasks:\n  - {task_key: one, notebook: n, depends_on: [two]}\n", ["Tasks", "tasks[0].depends_on[0]"]),
        ("tasks:\n  - {task_key: one, notebook: n, note: 5}\n", ["tasks[0].note"]),
        ("tasks:\n  - {task_key: one, note: 5}\n", ["tasks[0].note"]),
        ("tasks:\n  - {task_key: one, notebook: n, max_retrie: x}\n", ["tasks[0].max_retrie"]),
        ("tasks:\n  - {task_key: one, sql_task: {}}\n  - {task_key: two, notebook: n, depends_on: [one]}\n", ["tasks[0].sql_task"]),
        ("tasks:\n  - {task_key: one, alert_task: {}}\n", ["tasks[0].alert_task"]),
        ("tasks:\n  - {task_key: one, for_each_task: {inputs: '[1]', concurrency: 2, task: {task_key: x}}, depends_on: [{task_key: one, outcome: 'true'}]}\n",
         ["tasks[0].for_each_task.task", "tasks[0].depends_on[0]"]),
    ],
)  # fmt: skip
def test_a_mistake_brings_no_others_along(tmp_path: Path, text: str, keys: list[str]) -> None:
    """A misspelt key counts as the one that was meant; a task that cannot be run is there for those behind it."""
    assert [mistake.key for mistake in mistakes(tmp_path, text)] == keys


IDLE_OF_JOB = [name for name, key in JOB.items() if key.standing is Standing.IDLE]
IDLE_OF_TASK = [name for name, key in TASK_TABLE.items() if key.standing is Standing.IDLE]
REFUSED = [name for name, key in TASK_TABLE.items() if key.standing is Standing.REFUSED]


def test_each_key_without_effect_is_one_warning(tmp_path: Path) -> None:
    """All keys of Databricks' jobs and tasks, whatever their values."""
    text = "".join(f"{name}: {{a: [1]}}\n" for name in IDLE_OF_JOB) + TASKS + "".join(f"    {name}: x\n" for name in IDLE_OF_TASK)
    warned = [warning.key for warning in read(tmp_path, text).warnings]
    assert sorted(warned) == sorted([*IDLE_OF_JOB, *(f"tasks[0].{name}" for name in IDLE_OF_TASK)])


@pytest.mark.parametrize("name", REFUSED)
def test_each_key_that_cannot_be_run_is_one_mistake(tmp_path: Path, name: str) -> None:
    """With no word about the notebook that such a task does not have, nor about the task that follows it."""
    text = f"tasks:\n  - task_key: one\n    {name}: {{a: 1}}\n  - {{task_key: two, notebook: n, depends_on: [one]}}\n"
    (found,) = mistakes(tmp_path, text)
    assert (found.line, found.key) == (3, f"tasks[0].{name}")
    assert found.hint


def test_a_value_is_what_was_written(tmp_path: Path) -> None:
    """From the file to the type that the notebook declares: YAML 1.2, and dates stay text."""
    written = ["NO", "012", "12:30", "1e5", "on", "2026-01-31", "3.10", "~", "'5'", "0x1F", "1_000"]
    text = TASKS + "    parameters:\n" + "".join(f"      p{at}: {one}\n" for at, one in enumerate(written))
    assert list(read(tmp_path, text).tasks[0].parameters.values()) == [
        "NO", 12, "12:30", 100000.0, "on", "2026-01-31", 3.1, None, "5", 31, "1_000",
    ]  # fmt: skip


SLIPS = st.sampled_from(
    ["nam: x\n", "timeout_seconds: -1\n", "health: 1\n", "name: 5\n", "sql: x\n", "? [a]\n: 1\n", "\n", "# x\n", "description: |\n  a: b\n"]
)
BLOCKS = st.sampled_from([
    "  - {task_key: a, notebook: n}\n", "  - {task_key: b, notebook: n, depends_on: [a]}\n", "  - task_key: c\n", "  - 5\n", "  -\n", "  - {task_key: d d, notebook: 5}\n",
    "  - {task_key: e, sql_task: {}, max_retries: x}\n", "  - task_key: f\n    notebook: n\n    depends_on: [zz, f]\n", "  - {}\n", "  - {task_key: a, notebook: n, task_key: a}\n",
])  # fmt: skip


@given(st.lists(SLIPS, max_size=5, unique=True), st.lists(BLOCKS, max_size=6), st.lists(SLIPS, max_size=2))
def test_mistakes_come_in_the_order_of_lines_and_in_the_file(
    tmp_path_factory: pytest.TempPathFactory, before: list[str], tasks: list[str], after: list[str]
) -> None:
    """Whatever is wrong, each mistake has a file, a line that is there and a sentence; or there is a pipeline."""
    text = "".join([*before, "tasks:\n", *tasks, *after])
    try:
        pipeline = read(tmp_path_factory.mktemp("slips"), text)
    except DefinitionError as error:
        lines = [mistake.line or 0 for mistake in error.mistakes]
        assert lines == sorted(lines)
        assert all(1 <= line <= text.count("\n") + 1 for line in lines)
        assert all(mistake.file == "p.yml" and mistake.message for mistake in error.mistakes)
        assert len(set(error.mistakes)) == len(error.mistakes)
        return
    assert pipeline.tasks
