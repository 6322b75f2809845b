"""The items of a for_each: what its inputs come to, and what its iterations give back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from nbflow.core.values import shown


def items_of(inputs: Any) -> list[Any]:
    """The items that ``inputs``, resolved, stand for: a list, or JSON text of one. Raises ``ValueError`` with a sentence."""
    value = inputs
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            msg = f'expected a list such as ["a", "b"], got {shown(inputs)}'
            raise ValueError(msg) from None
    if not isinstance(value, (list, tuple)):
        msg = f"expected a list, got {shown(value)}"
        raise ValueError(msg)
    return list(value)


def gathered(iterations: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The values of all iterations by name: a list with one entry for each item, ``None`` where its iteration set none."""
    names = dict.fromkeys(name for values in iterations for name in values)
    return {name: [values.get(name) for values in iterations] for name in names}


def merged(steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The values of one iteration, or of one run, from those of its tasks in their order: of one name the last counts."""
    return {name: value for values in steps for name, value in values.items()}
