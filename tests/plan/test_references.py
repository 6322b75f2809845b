"""References in values: what they become, when they are late, and which are mistakes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nbflow.define.pipeline_files.scalars import plain_scalar
from nbflow.plan.known import LATER, Ended
from nbflow.plan.references import Known, ReferenceProblem, escaped, resolve
from nbflow.plan.times import Interval

START = datetime(2026, 2, 28, 23, 30, 5, 123456, tzinfo=timezone.utc)
ALL = Known(
    "sales",
    {"day": "monday", "a b": 7, "version": plain_scalar("3.10"), "share": 0.5},
    "silver",
    "/n/layer.ipynb",
    12,
    34,
    START,
    {"bronze": {"rows": 5, "names": ["x"]}, "bad": {}},
    {"query": {"columns": ["n", "a b"], "rows": [{"n": 1, "a b": 2}]}},
    {"bronze": Ended(33, "SUCCESS", "", 2, "/n/bronze.ipynb"), "bad": Ended(35, "FAILED", "CELL_ERROR", 1, "/n/bad.ipynb")},
    attempt=3,
    trigger_type="one_time",
    workspace="/w",
    item={"region": "north", "days": [1, 2]},
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{job.run_id}}", 12),
        ("{{ job.run_id }}", 12),
        ("run-{{job.run_id}}", "run-12"),
        ("{{job.name}}/{{task.name}}", "sales/silver"),
        ("{{job.parameters.day}}", "monday"),
        ("{{job.parameters.`a b`}}", 7),
        ("{{job.parameters.[a b]}}", 7),
        ("{{task.run_id}}", 34),
        ("{{tasks.bronze.values.rows}}", 5),
        ("{{tasks.bronze.values.names}}", ["x"]),
        ("all: {{tasks.bronze.values.names}}", 'all: ["x"]'),
        ("v{{job.parameters.version}}/{{job.parameters.share}}", "v3.10/0.5"),
        ("{{job.start_time.iso_date}}", "2026-02-28"),
        ("{{job.start_time.iso_datetime}}", "2026-02-28T23:30:05"),
        ("{{job.start_time.iso_weekday}}", 6),
        ("{{job.start_time.is_weekday}}", False),
        ("{{job.start_time.year}}", 2026),
        ("{{job.start_time.hour}}", 23),
        ("{{job.start_time.month}}-{{job.start_time.day}} {{job.start_time.minute}}:{{job.start_time.second}}", "2-28 30:5"),
        ("{{job.start_time.timestamp_ms}}", 1772321405123),
        ("{{job.trigger.time.iso_date}} {{job.trigger.type}}", "2026-02-28 one_time"),
        ("{{job.repair_count}}", 0),
        ("{{task.execution_count}} {{task_retry_count}}", "3 2"),
        ("{{task.notebook_path}}", "/n/layer.ipynb"),
        ("{{tasks.bronze.run_id}}", 33),
        ("{{tasks.bronze.result_state}} {{tasks.bad.result_state}}", "success failed"),
        ("{{tasks.bad.error_code}}/{{tasks.bronze.error_code}}/{{tasks.bronze.execution_count}}", "CELL_ERROR//2"),
        ("{{tasks.bronze.notebook_path}}", "/n/bronze.ipynb"),
        ("{{tasks.query.output.rows}}", [{"n": 1, "a b": 2}]),
        ("{{tasks.query.output.first_row.n}}{{tasks.query.output.first_row.`a b`}}", "12"),
        ("{{input.region}}", "north"),
        ("{{input.days.1}}", 2),
        ("{{input}}", {"region": "north", "days": [1, 2]}),
        ("{{workspace.url}}", "file:///w"),
        ("{{run_id}} {{parent_run_id}} {{task_key}} {{start_date}} {{start_time}}", "34 12 silver 2026-02-28 1772321405123"),
        ("{{job.data_interval.start.iso_datetime}}/{{job.data_interval.end.iso_date}}", "2026-02-27T00:00:00/2026-02-28"),
        ("{{job.logical_time.iso_date}}", "2026-02-27"),
        ("{{job.trigger.time.iso_date | minus_days(1)}}", "2026-02-27"),
        ("{{ job.start_time.iso_datetime | in_zone(Europe/Berlin) | plus_hours(1) }}", "2026-03-01T01:30:05"),
        ("{{tasks.gone.values.rows ?? tasks.bronze.values.rows}}", 5),
        ("{{tasks.gone.values.rows ?? tasks.bad.values.rows ?? 0}} rows", "0 rows"),
        ("{{tasks.gone.values.rows ?? null}}", None),
        ("{{tasks.bronze.values.day ?? '2026-03-31' | minus_months(1)}}", "2026-02-28"),
        ("no reference {at} {{all}", "no reference {at} {{all}"),
        ("{{ other(x) }}", "{{ other(x) }}"),
    ],
)
def test_each_reference_becomes_its_value(text: str, expected: object) -> None:
    """A lone reference keeps the type of its value; amid text it becomes text."""
    assert resolve(text, ALL) == (expected, False)


@pytest.mark.parametrize("text", ["{{job.run_id}}", "x{{job.start_time.year}}", "{{tasks.bronze.values.rows}}", "{{task.run_id}}"])
def test_what_only_the_run_knows_is_late_and_stays_whole(text: str) -> None:
    """Before the run such a value is left as written and called late, inside containers too."""
    early = Known("sales", {}, "silver", "/n")
    assert resolve(text, early) == (text, True)
    assert resolve({"k": [text, 1]}, early) == ({"k": [text, 1]}, True)


@pytest.mark.parametrize(
    "text", ["{{nope}}", "a {{ some.thing.else }} b", "{{job.parameters.}}", "{{tasks.a b.values.k}}", "{{input region}}"]
)
def test_what_is_no_reference_stays_as_text_where_that_is_wanted(text: str) -> None:
    """As on Databricks; beside it references are replaced. A bad name of a known kind is an error there as well."""
    with pytest.raises(ReferenceProblem):
        resolve(text, ALL)
    compat = replace(ALL, compat=True)
    assert resolve(text, compat) == (text, False)
    assert resolve(f"{text} {{{{job.parameters.day}}}}", compat) == (f"{text} monday", False)
    for bad in ("{{job.notebook_url}}", "{{job.parameters.dya}}", "{{tasks.bronze.values.rwos}}", "{{task.nme}}"):
        with pytest.raises(ReferenceProblem):
            resolve(bad, compat)


@pytest.mark.parametrize(
    ("text", "late"),
    [
        ("{{job.parameters.day | plus_days(99999999)}}", None),
        ("{{job.parameters.day | minus_months(30000)}}", None),
        ("{{job.start_time.iso_date | plus_days(99999999)}}", None),
        ("{{job.start_time.iso_date | plus_days(3000000)}}", None),
        ("{{job.start_time.iso_date | minus_months(40000) | plus_months(40000)}}", None),
        ("{{job.data_interval.end.year | plus_hours(90000000)}}", None),
        ("{{tasks.a.values.day | minus_weeks(00000000000900000)}}", None),
        ("{{tasks.a.values.day | minus_weeks(99999999999999999999)}}", None),
        ("{{tasks.a.values.day | minus_weeks(500000)}}", True),
        ("{{job.start_time.iso_date | plus_days(20000)}}", True),
        ("{{job.start_time.iso_date | minus_days(700000)}}", True),
        ("{{job.parameters.day | plus_days(00000000000000000001)}}", False),
    ],
)
def test_what_leads_out_of_the_calendar_is_told_before_the_run(text: str, late: bool | None) -> None:
    """Where it does so whenever the run begins, and whatever a task will set; else it is left to the run."""
    early = Known("sales", {"day": "2026-01-31"}, "silver", "/n")
    if late is None:
        with pytest.raises(ReferenceProblem, match="out of the calendar"):
            resolve(text, early)
    else:
        assert resolve(text, early) == (text if late else "2026-02-01", late)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-30"])
def test_the_ends_of_the_calendar_are_told(day: str) -> None:
    """A time that another zone cannot tell is a problem with its sentence."""
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
        known = Known("sales", interval=Interval.of_text(day, zone), zone=zone)
        for other in ("Pacific/Kiritimati", "Etc/GMT+12", "UTC"):
            text = f"{{{{job.data_interval.start.iso_date | in_zone({other})}}}}"
            try:
                assert resolve(text, known)[0][:2] in ("00", "99")
            except ReferenceProblem as problem:
                assert "outside of the calendar" in str(problem)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("{{job.parameters.dya}}", "day"),
        ("{{job.run_idd}}", "job.run_id"),
        ("{{tasks.bronze.values.rwos}}", "rows"),
        ("{{job.start_time.iso_dat}}", "iso_date"),
        ("{{job.parameters.day | upper}}", "backticks"),
        ("{{job.parameters.day | minus_day(1)}}", "minus_days"),
        ("{{job.parameters.day | minus_days(1.5)}}", "minus_days(1)"),
        ("{{tasks.bronze.result_stat}}", "result_state"),
        ("{{tasks.bronze.values}}", "values.<name>"),
        ("{{tasks.query.output.first_rw}}", "first_row"),
        ("{{input.regoin}}", "region"),
        ("{{job.trigger.time}}", "{{job.trigger.time.iso_date}}"),
        ("{{job.trigger.file_arrival.location}}", "arrival of a file"),
        ("{{backfill.iso_date}}", "--logical-date"),
        ("{{job.data_interval.strat.iso_date}}", "job.data_interval.start"),
        ("{{nothing.like.it}}", "job.run_id"),
    ],
)
def test_an_unknown_name_is_told_with_what_there_is(text: str, hint: str) -> None:
    """A typo is an error with a suggestion, not text that reaches the data."""
    with pytest.raises(ReferenceProblem) as caught:
        resolve(text, ALL)
    assert hint in (caught.value.hint or "")


def test_a_default_that_refers_is_late_through_the_parameter() -> None:
    """A pipeline parameter whose default is late makes what refers to it late, and resolves in the run."""
    known = Known("sales", {"day": "{{job.start_time.iso_date}}"})
    assert resolve("{{job.parameters.day}}", known) == ("{{job.parameters.day}}", True)
    running = Known("sales", {"day": "{{job.start_time.iso_date}}"}, start_time=START)
    assert resolve("{{job.parameters.day}}", running) == ("2026-02-28", False)


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1)), st.integers(-14, 14))
def test_times_are_utc(moment: datetime, hours: int) -> None:
    """A start time in any zone is told in UTC."""
    local = moment.replace(tzinfo=timezone(timedelta(hours=hours)))
    text, _ = resolve("{{job.start_time.iso_datetime}}", Known("x", start_time=local))
    assert text == (moment - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S")


@given(st.text().filter(lambda text: "{{" not in text))
def test_text_without_braces_is_itself(text: str) -> None:
    """Whatever holds no reference is left alone, character by character."""
    assert resolve(text, ALL) == (text, False)


names = st.text(min_size=1, max_size=12).filter(lambda name: "{{" not in name)


@given(
    names, names, st.text(alphabet=st.characters(exclude_characters="{"), max_size=8), st.one_of(st.text(), st.integers(), st.booleans())
)
@example("p", "k", "\r\n ", "x")
def test_an_escaped_name_comes_back_as_its_value(parameter: str, key: str, around: str, value: object) -> None:
    """Whatever a parameter, a task or a value is called: escaped, found amid text, and replaced once only."""
    known = Known("x", {parameter: value}, values={parameter: {key: value}})
    for text in (f"{{{{job.parameters.{escaped(parameter)}}}}}", f"{{{{ tasks.{escaped(parameter)}.values.{escaped(key)} }}}}"):
        if not (isinstance(value, str) and "{{" in value and "parameters" in text):  # a parameter's default may itself refer
            assert resolve(text, known) == (value, False)
            if isinstance(value, str):
                assert resolve(f"{around}{text}{around}", known) == (f"{around}{value}{around}", False)


def test_space_around_a_value_that_is_no_text_is_nothing() -> None:
    """As a block of YAML leaves it; text keeps it."""
    known = Known("x", {"n": 5, "items": [1], "s": " x"})
    assert [resolve(f"\n{{{{job.parameters.{name}}}}}\n", known)[0] for name in ("n", "items", "s")] == [5, [1], "\n x\n"]


def test_what_a_reference_became_is_never_replaced_again() -> None:
    """A task value that looks like a reference is text."""
    known = Known("x", values={"a": {"k": "{{job.name}}"}})
    assert resolve("{{tasks.a.values.k}}, {{job.name}}", known) == ("{{job.name}}, x", False)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("{{tasks.gone.values.k}}", "has no values in this run"),
        ("{{tasks.bronze.values.k}}", "set no value 'k'"),
        ("{{tasks.gone.result_state}}", "did not run"),
        ("{{tasks.bronze.output.rows}}", "has no result of SQL"),
        ("{{tasks.gone.values.k ?? tasks.bad.values.k}}", "'gone' has no values"),
    ],
)
def test_a_value_that_is_not_there_is_told(text: str, missing: str) -> None:
    """With the task and the value; of several the first."""
    with pytest.raises(ReferenceProblem, match=missing):
        resolve(text, ALL)


def test_one_that_is_late_makes_the_choice_late_and_every_name_is_checked() -> None:
    """Which of several counts is known when all before it are; a typo behind the first is no less one."""
    early = Known("sales", {"day": "x"})
    assert resolve("{{tasks.a.values.k ?? job.parameters.day}}", early) == ("{{tasks.a.values.k ?? job.parameters.day}}", True)
    with pytest.raises(ReferenceProblem, match="no parameter 'dya'"):
        resolve("{{tasks.bronze.values.rows ?? job.parameters.dya}}", ALL)


def test_an_item_only_exists_in_a_loop() -> None:
    """Elsewhere the reference is a mistake; in a loop whose items are not known yet it is late."""
    with pytest.raises(ReferenceProblem, match="for_each_task"):
        resolve("{{input}}", Known("x"))
    assert resolve("{{input.a}}", Known("x", item=LATER)) == ("{{input.a}}", True)


def test_times_follow_the_zone_and_the_interval() -> None:
    """In the pipeline's zone the night has another date; an interval that somebody asked for is known before the run."""
    berlin = Known("x", start_time=START, zone="Europe/Berlin")
    assert resolve("{{job.start_time.iso_date}} {{job.data_interval.start.iso_date}}", berlin) == ("2026-03-01 2026-02-28", False)
    asked = Known("x", zone="Europe/Berlin", interval=Interval.of_text("2026-03-29", "Europe/Berlin"))
    text = "{{job.trigger.time.iso_date}} {{job.data_interval.end.iso_datetime | in_zone(UTC)}}"
    assert resolve(text, asked) == ("2026-03-29 2026-03-29T22:00:00", False)


def test_ids_are_the_same_everywhere() -> None:
    """A job's id is made of its name: a number that JSON holds exactly, another one for another name."""
    one, other = (resolve("{{job.id}}", Known(name))[0] for name in ("a", "b"))
    assert one != other and 0 < one < 2**53 and one == resolve("{{job_id}}", Known("a"))[0]
    here, there, again = (resolve("{{workspace.id}}", Known("a", workspace=folder))[0] for folder in ("/w", "/v", "/w"))
    assert here != there and 0 < here < 2**53 and here == again
