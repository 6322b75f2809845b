"""References in values: what they become, when they are late, and which are mistakes."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.define.scalars import plain_scalar
from nbflow.plan.references import Known, ReferenceProblem, resolve

START = datetime(2026, 2, 28, 23, 30, 5, 123456, tzinfo=timezone.utc)
ALL = Known(
    "sales",
    {"day": "monday", "a b": 7, "version": plain_scalar("3.10"), "share": 0.5},
    "silver",
    "/n/layer.ipynb",
    12,
    34,
    START,
    {"bronze": {"rows": 5, "names": ["x"]}},
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
        ("{{job.start_time.hour}}", 23),
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
    ("text", "hint"),
    [
        ("{{job.parameters.dya}}", "day"),
        ("{{job.run_idd}}", "job.run_id"),
        ("{{tasks.bronze.values.rwos}}", "rows"),
        ("{{job.start_time.iso_dat}}", "iso_date"),
        ("{{job.parameters.day | upper}}", "backticks"),
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
