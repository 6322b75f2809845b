"""The answers of all engines, asked once for all tests, side by side; plain sessions are asked what is not kept of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from tests.contract.spark import oracle
from tests.contract.spark.compare import bare
from tests.contract.spark.engines import answers_of, run_as_usual
from tests.contract.spark.register import topics

ENGINES = ("attached", "sail")


@pytest.fixture(scope="session")
def answers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """By engine and program; only of programs whose tests are wanted."""
    wanted = {
        item.callspec.params["name"] for item in request.session.items if hasattr(item, "callspec") and "name" in item.callspec.params
    }
    names = [name for name in topics() if name in wanted] or list(topics())
    root = tmp_path_factory.mktemp("conformance")

    async def ask(engines: Iterable[str], names: list[str]) -> list[dict[str, Any]]:
        runs = (answers_of(engine, names, root, usual=run_as_usual() if engine == "attached" else ()) for engine in engines)
        return [given for given, _ in await asyncio.gather(*runs)]

    attached, sail = asyncio.run(ask(ENGINES, names))
    plain = oracle.kept(names)
    open_ones = [name for name in names if name not in plain or bare(plain[name]) != bare(attached[name])]
    if open_ones:  # new, of another version of Spark, or with something of the day in its answer
        plain |= asyncio.run(ask(("plain",), open_ones))[0]
    return {"plain": plain, "attached": attached, "sail": sail}
