"""The text of a notebook's file, held against nbformat."""

from __future__ import annotations

import json
import math
from typing import Any

import nbformat
from hypothesis import given, settings
from hypothesis import strategies as st

from nbflow.store.notebook_json import notebook_bytes
from nbflow.store.snapshot import Snapshot

TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('\n\r\x0b\x85\u2028"\\\té'), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
META = st.dictionaries(TEXT, JSON, max_size=3) | st.just({"trusted": True, "tags": ["parameters"]})
BUNDLE = st.dictionaries(
    st.sampled_from(["text/plain", "text/html", "image/png", "application/json", "application/x+json"]),
    TEXT | JSON,
    max_size=3,
)
OUTPUT = st.one_of(
    st.fixed_dictionaries({"output_type": st.just("stream"), "name": st.just("stdout"), "text": TEXT}),
    st.fixed_dictionaries({"output_type": st.just("display_data"), "data": BUNDLE, "metadata": META}),
    st.fixed_dictionaries({"output_type": st.just("error"), "ename": TEXT, "evalue": TEXT, "traceback": st.lists(TEXT, max_size=3)}),
)
CELL = st.one_of(
    st.fixed_dictionaries(
        {
            "cell_type": st.just("code"),
            "id": st.just("a"),
            "metadata": META,
            "source": TEXT,
            "execution_count": st.none() | st.integers(1, 9),
            "outputs": st.lists(OUTPUT, max_size=3),
        }
    ),
    st.fixed_dictionaries(
        {
            "cell_type": st.just("markdown"),
            "metadata": META,
            "source": TEXT,
            "attachments": st.dictionaries(TEXT, BUNDLE, max_size=2),
        }
    ),
)
NOTEBOOK = st.fixed_dictionaries(
    {
        "cells": st.lists(CELL, max_size=4),
        "metadata": st.dictionaries(TEXT, JSON, max_size=3) | st.just({"orig_nbformat": 3, "signature": "x"}),
        "nbformat": st.just(4),
        "nbformat_minor": st.just(5),
    }
)


def as_nbformat(notebook: dict[str, Any]) -> bytes:
    """What nbformat's own writer makes of ``notebook``."""
    text: str = nbformat.v4.writes(nbformat.from_dict(notebook))
    return f"{text}\n".encode()


@settings(max_examples=200, deadline=None)
@given(NOTEBOOK)
def test_as_nbformat_writes(notebook: dict[str, Any]) -> None:
    """Every notebook becomes, byte for byte, what nbformat writes."""
    assert notebook_bytes(notebook) == as_nbformat(notebook)


@settings(max_examples=100, deadline=None)
@given(st.lists(NOTEBOOK, min_size=1, max_size=4))
def test_a_followed_notebook_is_the_notebook(notebooks: list[dict[str, Any]]) -> None:
    """Whatever forms a notebook takes one after the other, what is kept of it is its newest form."""
    snapshot = Snapshot()
    for notebook in notebooks:
        snapshot.take(notebook)
        frozen = snapshot.freeze()
        before = json.dumps(notebook)
        assert frozen.content() == as_nbformat(notebook)
        assert json.dumps(notebook) == before


def test_lone_surrogates_do_not_break_the_file() -> None:
    """Text that is no valid Unicode comes back as it was."""
    output = {"output_type": "stream", "name": "stdout", "text": "a\udcffb\n"}
    cell: dict[str, Any] = {
        "cell_type": "code",
        "metadata": {},
        "source": "x",
        "execution_count": None,
        "outputs": [output],
    }
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    assert json.loads(notebook_bytes(notebook))["cells"][0]["outputs"][0]["text"] == ["a\udcffb\n"]


def test_numbers_that_json_does_not_know() -> None:
    """NaN and infinities become null, so that every reader of JSON can open the file."""
    notebook = {"cells": [], "metadata": {"a": math.nan, "b": [math.inf]}, "nbformat": 4, "nbformat_minor": 5}

    def refuse(word: str) -> None:
        raise AssertionError(word)

    assert json.loads(notebook_bytes(notebook), parse_constant=refuse)["metadata"] == {"a": None, "b": [None]}
