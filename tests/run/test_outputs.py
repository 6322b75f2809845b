"""Outputs of a cell: streams as a terminal shows them, limits, displays by id."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nbflow.run.outputs import CellOutputs, Stream


def terminal(text: str) -> str:
    """What a terminal of endless width shows of ``text``: letters written one by one into rows."""
    rows, column = [[]], 0  # type: ignore[var-annotated]
    for place, letter in enumerate(text):
        if letter == "\n":
            rows.append([])
            column = 0
        elif letter == "\r":
            column = 0
        elif letter == "\b":
            column = max(0, column - 1)
        else:
            row = rows[-1]
            row[column : column + 1] = [letter]
            column += 1
        del place
    return "\n".join("".join(row) for row in rows)


@given(st.lists(st.text(alphabet="ab\n\r\b", max_size=12), max_size=8))
def test_a_stream_shows_what_a_terminal_shows(pieces: list[str]) -> None:
    """However the text is cut into messages."""
    stream = Stream("stdout", 10**6)
    for piece in pieces:
        stream.write(piece)
    assert stream.text() == terminal("".join(pieces))


@given(st.lists(st.text(alphabet="abc\n", max_size=30), max_size=30), st.integers(4, 60))
def test_a_cut_keeps_both_ends_and_says_how_much_is_gone(pieces: list[str], limit: int) -> None:
    """Within the limit nothing is lost; over it, what is kept is a beginning and an end, and the note counts the rest."""
    stream, whole = Stream("stdout", limit), "".join(pieces)
    for piece in pieces:
        stream.write(piece)
    kept = stream.text()
    if "[nbflow left out" not in kept:
        assert kept == whole
        return
    head, _, rest = kept.partition("\n[nbflow left out ")
    note, _, tail = rest.partition("]\n")
    assert whole.startswith(head)
    assert whole.endswith(tail)
    assert len(head) + int(note.split()[0]) + len(tail) == len(whole)


def test_prints_are_one_entry_for_each_run_of_prints() -> None:
    """A thousand prints are one output; another stream or a display begins a new one."""
    outputs = CellOutputs(10**6, {})
    for number in range(1000):
        outputs.printed("stdout", f"{number}\n")
    outputs.printed("stderr", "x")
    outputs.add({"output_type": "display_data", "data": {"text/plain": "d"}, "metadata": {}})
    outputs.printed("stdout", "y")
    assert [entry["output_type"] for entry in outputs.as_list()] == ["stream", "stream", "display_data", "stream"]


def test_a_storm_of_alternating_streams_does_not_make_endless_entries() -> None:
    """After a thousand entries text joins the last entry of its stream; none of it is lost."""
    outputs = CellOutputs(10**7, {})
    for number in range(5000):
        outputs.printed("stdout" if number % 2 else "stderr", f"{number}\n")
    kept = outputs.as_list()
    assert len(kept) <= 1001
    lines = [int(line) for entry in kept for line in entry["text"].split()]
    assert sorted(lines) == list(range(5000))


def test_a_display_is_updated_by_its_id_in_every_cell() -> None:
    """An update reaches the display of an earlier cell."""
    displays: dict[str, list[dict[str, object]]] = {}
    first, second = CellOutputs(10**6, displays), CellOutputs(10**6, displays)
    first.add({"output_type": "display_data", "data": {"text/plain": "0 %"}, "metadata": {}}, "bar")
    second.update("bar", {"data": {"text/plain": "100 %"}, "metadata": {}})
    assert first.as_list()[0]["data"] == {"text/plain": "100 %"}


def test_clear_output_waits_for_the_next_one_when_it_shall() -> None:
    """clear(wait=True) keeps what is there until something comes."""
    outputs = CellOutputs(10**6, {})
    outputs.printed("stdout", "old")
    outputs.clear(wait=True)
    assert outputs.as_list()[0]["text"] == "old"
    outputs.printed("stdout", "new")
    assert [entry["text"] for entry in outputs.as_list()] == ["new"]


def gathered(limit: int) -> CellOutputs:
    """Outputs of a cell with this limit."""
    return CellOutputs(limit, {})


def picture(size: int) -> dict[str, Any]:
    """A display of that many characters."""
    return {"output_type": "display_data", "data": {"text/plain": "p" * size}, "metadata": {}}


def test_what_was_cleared_takes_no_room() -> None:
    """A plot that is drawn anew again and again is there in the end."""
    outputs = gathered(1000)
    for number in range(40):
        outputs.clear(wait=True)
        outputs.add(picture(100 + number))
    assert [item["data"]["text/plain"] for item in outputs.as_list()] == ["p" * 139]


def test_the_limit_is_for_all_of_a_cell_s_outputs() -> None:
    """Streams that take turns, and displays between."""
    outputs = gathered(1000)
    for number in range(900):
        outputs.printed("stdout" if number % 2 else "stderr", "x" * 999 + "\n")
    outputs.add(picture(10))
    assert sum(len(item.get("text", "")) for item in outputs.as_list()) < 500_000
