"""Names as names of files."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.store.names import escape, file_names, former_path, unescape

WORDS = st.text(st.characters() | st.sampled_from("aA.. -%/\\:é\x00\udcff~_"), max_size=30)
TRICKY = st.builds(
    "".join,
    st.lists(st.sampled_from(["a", "A", "x", ".", " ", "attempt-", ".ipynb", ".log", "CON", "%", "%2F", "é", "e\u0301"])),
)
NAMES = WORDS | TRICKY


@pytest.mark.parametrize("name", ["bronze", "Bronze", "load orders", "Übersicht 2024", "売上", "a.b", "a-b_c", "x(1)", "{x}"])
def test_ordinary_names_stay(name: str) -> None:
    """A name that is safe everywhere is its own file name."""
    assert escape(name) == name


@pytest.mark.parametrize(
    ("name", "file_name"),
    [
        ("a/b", "a%2Fb"),
        (".", "%2E"),
        ("..", "%2E%2E"),
        (".hidden", "%2Ehidden"),
        ("end.", "end%2E"),
        ("end ", "end%20"),
        ("100%", "100%25"),
        ("a:b", "a%3Ab"),
        ("nul", "%6Eul"),
        ("COM1.txt", "%43OM1.txt"),
        ("x.attempt-1", "x%2Eattempt-1"),
        ("x.ipynb", "x%2Eipynb"),
        ("a\nb", "a%0Ab"),
        ("", "%_"),
    ],
)
def test_unsafe_names(name: str, file_name: str) -> None:
    """What some system refuses, or nbflow itself uses, is written byte by byte as in a URL."""
    assert escape(name) == file_name


@given(NAMES)
def test_there_and_back(name: str) -> None:
    """Whatever the name, its file name leads back to it."""
    file_name = escape(name)
    if "%~" not in file_name:
        assert unescape(file_name) == name


@given(NAMES)
def test_file_names_are_safe(name: str) -> None:
    """No file name is special, hidden, too long, or holds what a system refuses."""
    file_name = escape(name)
    assert file_name
    assert not file_name.startswith((".", " "))
    assert not file_name.endswith((".", " "))
    assert not set(file_name) & set('<>:"/\\|?*\x00\n\r\x7f')
    assert len(f"{file_name}.attempt-1000.ipynb".encode()) < 255


@given(st.lists(NAMES, max_size=6, unique=True))
def test_no_two_tasks_share_a_file(names: list[str]) -> None:
    """Different names have different files, of all attempts, also where neither case nor composed accents count."""

    def seen(file_name: str) -> str:
        return unicodedata.normalize("NFC", unicodedata.normalize("NFD", file_name).casefold())

    found = file_names(names)
    paths = [f"{found[name]}.ipynb" for name in names]
    paths += [former_path(path, attempt) for path in list(paths) for attempt in (1, 2)]
    assert len({seen(path) for path in paths}) == len(paths)
    assert [unescape(found[name]) for name in names if "%~" not in found[name]] == [n for n in names if "%~" not in found[n]]


def test_case_alone_makes_two_files() -> None:
    """Names that differ in case only get their capitals escaped; a name without a rival keeps them."""
    assert file_names(["Load", "load", "Other"]) == {"Load": "%4Coad", "load": "load", "Other": "Other"}


def test_long_names_stay_apart() -> None:
    """Names too long for a file keep their beginning, stay different, and say that they cannot be turned back."""
    first, second = "é" * 300 + "1", "é" * 300 + "2"
    assert escape(first) != escape(second)
    assert escape(first).startswith("ééé")
    assert len(escape(first).encode()) <= 200
    with pytest.raises(ValueError, match="shortened"):
        unescape(escape(first))
