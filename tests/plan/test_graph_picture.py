"""The graph of a run as SVG."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter

import pytest

from nbflow.core.progress import RunProgress, TaskProgress
from nbflow.core.results import Result
from nbflow.plan.export.boxes import boxes_of
from nbflow.plan.export.graph import READABLE, graph_svg
from nbflow.plan.export.groups import groups_of
from nbflow.plan.export.marks import MARKS, in_turn

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</script><b>&\"'x"


def a_run(*tasks: TaskProgress) -> RunProgress:
    """A run of these tasks."""
    return RunProgress(7, HOSTILE, "spark", "RUNNING", None, None, None, {task.task_key: task for task in tasks})


def texts(svg: str) -> list[str]:
    """The texts that are drawn."""
    return [node.text or "" for node in ET.fromstring(svg).iter(f"{SVG}text")]


def test_every_state_is_told_by_word_shape_and_kind() -> None:
    """For each result that there is, and for those without: the word stands there, and a shape of its own kind; where only letters
    stand, no two states have the same."""
    assert {str(result) for result in Result} <= set(MARKS)
    for state, mark in MARKS.items():
        svg = graph_svg(a_run(TaskProgress("a", state=state, attempt=1)))
        said = "attempt 1 ended" if state == "WAITING" else "runs" if state == "RUNNING" else state
        assert any(text.startswith(said[:17]) for text in texts(svg)), state
        assert f'd="{mark.shape}"' in svg and f'class="t {mark.kind}"' in svg
    letters = {mark.letter: mark.shape for mark in MARKS.values()}
    assert all(letters[mark.letter] == mark.shape for mark in MARKS.values())
    assert len(letters) == len(MARKS)
    shapes = {kind: {mark.shape for mark in MARKS.values() if mark.kind == kind} for kind in ("ok", "bad", "warn", "run", "idle")}
    assert sum(map(len, shapes.values())) == len(set().union(*shapes.values()))


def test_names_are_escaped_and_cut() -> None:
    """Foreign text is text: the picture is well-formed, and a long name ends in a sign that it goes on."""
    svg = graph_svg(a_run(TaskProgress(HOSTILE), TaskProgress("n" * 100, (HOSTILE,), error={"message": HOSTILE})), links={HOSTILE: HOSTILE})
    assert "<b>" not in svg and "</script>" not in svg
    assert texts(svg)[0] == HOSTILE
    assert texts(svg)[2].endswith("…") and len(texts(svg)[2]) < 40
    assert [node.get("href") for node in ET.fromstring(svg).iter(f"{SVG}a")] == [HOSTILE]


@pytest.mark.parametrize("down", [False, True])
def test_boxes_and_lines(down: bool) -> None:
    """A box for each task with its number; without titles nothing that only a pointer can use."""
    run = a_run(TaskProgress("a"), TaskProgress("b", ("a",)), TaskProgress("c", ("a", "b")), TaskProgress("d", ("c",)))
    tree = ET.fromstring(graph_svg(run, down=down))
    assert [node.get("data-task") for node in tree.iter() if node.get("data-task")] == ["0", "1", "2", "3"]
    assert len([node for node in tree.iter(f"{SVG}path") if node.get("class") == "l"]) == 1
    width, height = float(tree.get("width", 0)), float(tree.get("height", 0))
    assert (width < height) == down
    plain = graph_svg(run, down=down, titles=False)
    assert "data-task" not in plain and "<title>" not in plain


@pytest.mark.parametrize("down", [False, True])
def test_what_is_looked_at_alone_has_each_shape_once(down: bool) -> None:
    """Each state's shape stands once, for boxes with a line to them and for others, and is repeated at the corners of the boxes; the words
    stand in these; very many lines are straight."""
    states = ("SUCCESS", "FAILED", "SUCCESS", "UPSTREAM_FAILED", "SUCCESS")
    tasks = [TaskProgress(f"task {at}", (f"task {at - 2}",) if at > 1 else (), state) for at, state in enumerate(states)]
    whole, small = ET.fromstring(graph_svg(a_run(*tasks), down=down)), ET.fromstring(graph_svg(a_run(*tasks), down=down, titles=False))
    boxes = {(node.get("transform") or "")[10:-1]: node.get("class") for node in whole.iter(f"{SVG}g") if node.get("data-task")}
    markers = {node.get("id"): node for node in small.iter(f"{SVG}marker")}
    corners: dict[str, str | None] = {}
    for line in small.iter(f"{SVG}polyline"):
        points = (line.get("points") or "").split()
        marker = markers[(line.get("style") or "").partition("#")[2].rstrip(")")]
        corners |= {f"{x} {y}": marker.get("class") for x, y in zip(points[::2], points[1::2], strict=True)}
    assert corners == boxes and len(markers) == 4
    shapes = [node.get("d") for node in small.iter(f"{SVG}path") if node.get("class") == "m"]
    assert sorted(shapes) == sorted(MARKS[state].shape for state in ("SUCCESS", "SUCCESS", "FAILED", "UPSTREAM_FAILED"))
    assert sorted(_places(small)) == sorted(_places(whole))
    many = [TaskProgress(f"{at}", tuple(f"{to}" for to in range(11)) if at > 10 else ()) for at in range(22)]
    lines = next(node.get("d") or "" for node in ET.fromstring(graph_svg(a_run(*many), down=down, titles=False)).iter(f"{SVG}path"))
    assert "c" not in lines and lines.count("M") == 121


def _places(tree: ET.Element) -> list[tuple[str, int, int]]:
    """Each text with where it stands."""
    found = []
    for group in tree.iter(f"{SVG}g"):
        x, y = map(int, (group.get("transform") or "")[10:-1].split())
        found += [(text.text or "", x + int(text.get("x", 0)), y + int(text.get("y", 0))) for text in group.findall(f"{SVG}text")]
    return found


@pytest.mark.parametrize("titles", [True, False])
def test_the_steps_of_a_for_each_hang_at_it(titles: bool) -> None:
    """One box for each step, from the beginning on, however many items there are; its line comes from the loop, or from the step before
    it; it says how far the items are, and which state wants to be looked at."""
    loop = TaskProgress("loop", ("a",), "RUNNING", items=4, steps={"x": (), "y": ("x",)})
    run = a_run(TaskProgress("a"), loop, TaskProgress("b", ("loop",)))
    assert texts(graph_svg(run, titles=titles))[6:] == ["x", "waits", "y", "waits"]
    for key, state in (("loop/0/x", "SUCCESS"), ("loop/0/y", "RUNNING"), ("loop/1/x", "SUCCESS")):
        run.steps[key] = TaskProgress(key, (), state)
    assert texts(graph_svg(run, titles=titles))[6:] == ["x", "2 of 4 done", "y", "0 of 4 done"]
    run.steps["loop/1/y"] = TaskProgress("loop/1/y", (), "FAILED", error={"message": "no"})
    boxes = boxes_of(run)
    assert (boxes["loop/y"].said, boxes["loop/y"].tasks[0], boxes["loop/y"].state) == ("1 of 4 FAILED", "loop/1/y", "FAILED")
    assert [(box.depends_on, box.hangs) for box in boxes.values()][3:] == [(("loop",), True), (("loop/x",), False)]
    tree = ET.fromstring(graph_svg(run, titles=titles))
    assert [node.get("class") for node in tree.iter(f"{SVG}path") if node.get("class") in ("l", "l h")][:2] == ["l", "l h"]
    loop.state = "EXCLUDED"
    run.steps.clear()
    assert texts(graph_svg(run, titles=titles))[6:] == ["x", "EXCLUDED", "y", "EXCLUDED"]


@pytest.mark.parametrize("titles", [True, False])
@pytest.mark.parametrize("down", [False, True])
def test_the_attempt_that_a_task_came_to_is_told_whole(titles: bool, down: bool) -> None:
    """Where a task was tried again, the boxes are wide enough for result, attempt and time."""
    run = a_run(TaskProgress("a", (), "SUCCESS", attempt=2, seconds=12.34), TaskProgress("b", ("a",), "SUCCESS", attempt=1, seconds=12.34))
    assert texts(graph_svg(run, down=down, titles=titles)) == ["a", "SUCCESS (attempt 2) 12.3 s", "b", "SUCCESS 12.3 s"]


def test_many_tasks_are_drawn_in_groups() -> None:
    """Beyond what can be read, each layer is a row with its counts; the counts are those of all tasks."""
    states = ["SUCCESS"] * 7 + ["FAILED", "RUNNING", "WAITING"]
    tasks = [
        TaskProgress(f"t{at}", (f"t{at - 100}",) if at >= 100 else (), states[at % 10], error={"message": "no"} if at % 10 == 7 else None)
        for at in range(1000)
    ]
    run = a_run(*tasks)
    groups = groups_of(run)
    assert [(group.first, group.last, len(group.tasks)) for group in groups] == [(at, at, 100) for at in range(1, 11)]
    svg = graph_svg(run)
    drawn = texts(svg)
    assert drawn[:3] == ["step 1: 100 tasks", "10 FAILED", "10 RUNNING"]
    assert len(svg) < 40_000
    assert Counter(text for text in drawn if text == "10 FAILED")["10 FAILED"] == 10
    assert "t7, t17, t27, t37, t47, … failed" in svg


def test_a_long_chain_is_drawn_in_few_groups() -> None:
    """Layers are taken together, so that there are never more than 24 rows."""
    keys = [f"t{at}" for at in range(READABLE + 850)]
    run = a_run(*(TaskProgress(key, tuple(keys[at - 1 : at] if at else ())) for at, key in enumerate(keys)))
    groups = groups_of(run)
    assert len(groups) == 24
    assert (groups[0].first, groups[-1].last, sum(len(group.tasks) for group in groups)) == (1, 1000, 1000)
    ET.fromstring(graph_svg(run))


def test_what_wants_to_be_looked_at_comes_first() -> None:
    """Failures, then what runs, then what waits, then what is done; states of a later nbflow too."""
    counts = {"SUCCESS": 3, "WAITING": 1, "FAILED": 2, "NEW": 1, "RUNNING": 0}
    assert in_turn(counts) == [("FAILED", 2), ("WAITING", 1), ("SUCCESS", 3), ("NEW", 1)]
