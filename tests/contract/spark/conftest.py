"""The answers of all engines, asked once for all tests, side by side."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.contract.spark.engines import answers_of
from tests.contract.spark.register import topics

ENGINES = ("plain", "attached", "sail")


@pytest.fixture(scope="session")
def answers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """By engine and program; only of programs whose tests are wanted."""
    wanted = {
        item.callspec.params["name"] for item in request.session.items if hasattr(item, "callspec") and "name" in item.callspec.params
    }
    names = [name for name in topics() if name in wanted] or list(topics())
    root = tmp_path_factory.mktemp("conformance")

    async def ask() -> list[Any]:
        return await asyncio.gather(*(answers_of(engine, names, root) for engine in ENGINES))

    return {engine: given for engine, (given, _) in zip(ENGINES, asyncio.run(ask()))}
