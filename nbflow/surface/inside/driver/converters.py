"""How PySpark looks whether a value that goes to the driver is NumPy's.

Its own way loads its test tools, and with them NumPy, pandas and Arrow, for the first value of any kind: seconds for every notebook that
attaches. Here only those are loaded for it that the notebook has loaded itself. Versions that have other ways keep them.
"""

from __future__ import annotations

import datetime
import functools
import sys
from decimal import Decimal
from types import ModuleType
from typing import Any

_PLAIN = frozenset({str, int, float, bool, bytes, type(None), Decimal, datetime.date, datetime.datetime, datetime.time, datetime.timedelta})


def patch_converters(module: ModuleType) -> None:
    """Have only those values be looked at that can be NumPy's: where it is not loaded none is."""
    for name, is_one in (("NumpyScalarConverter", _is_scalar), ("NumpyArrayConverter", _is_row)):
        converter = getattr(module, name, None)
        if converter is not None and hasattr(converter, "can_convert"):
            converter.can_convert = is_one


def patch_literals(module: ModuleType) -> None:
    """Have ``lit`` make a column of a plain value, and give back a column, without looking for NumPy's."""
    original, invoke = getattr(module, "lit", None), getattr(module, "_invoke_function", None)
    if original is None or invoke is None:
        return
    from pyspark.sql.column import Column
    from pyspark.sql.utils import is_remote

    @functools.wraps(original)
    def lit(col: Any) -> Any:
        if isinstance(col, Column):
            return col
        return invoke("lit", col) if type(col) in _PLAIN and not is_remote() else original(col)

    for name, holder in list(sys.modules.items()):
        if holder is module or (
            name.startswith("pyspark.") and getattr(holder, "__dict__", {}).get("lit") is original
        ):  # who took it from there already
            holder.lit = lit  # type: ignore[attr-defined]  # it has one


def _is_scalar(converter: Any, value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.generic)


def _is_row(converter: Any, value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray) and value.ndim == 1
