"""Answers in one exact form that can be kept as JSON: types told apart that Python's ``==`` would take for one."""

from __future__ import annotations

import datetime
import decimal
import math
from collections.abc import Mapping
from typing import Any

from tests.contract.spark.register import Failure


class Canon:
    """Makes answers canonical. ``replaced`` maps texts that differ from engine to engine (paths) to what stands for them."""

    def __init__(self, replaced: Mapping[str, str]) -> None:
        self._replaced = dict(replaced)

    def answer(self, value: Any) -> Any:
        """A program's whole answer. The rows of a DataFrame are a bag: who means their order returns ``collect()``."""
        if hasattr(value, "collect") and hasattr(value, "schema"):
            rows = [self._value(row) for row in value.collect()]
            types, nullable = _split_nullability(value.schema.jsonValue())
            return {"schema": types, "nullable": nullable, "rows": sorted(rows, key=repr)}
        return self._value(value)

    def failure(self, error: BaseException) -> dict[str, Any]:
        """An error as its class and Spark's condition; its message is for people and not compared."""
        from pyspark.errors import PySparkException

        told: dict[str, Any] = {"error": type(error).__name__, "message": self._text(str(error))[:300]}
        if isinstance(error, PySparkException):
            told["condition"] = error.getCondition()
        if hasattr(error, "java_exception"):
            told["java"] = error.java_exception.getClass().getName()
        return told

    def _value(self, value: Any) -> Any:
        if value is None or type(value) in (bool, int):
            return value
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, Failure):
            return self.failure(value.error)
        if type(value) is float:
            return {"float": repr(value) if not math.isnan(value) else "nan"}
        return self._odd_value(value)

    def _odd_value(self, value: Any) -> Any:
        from pyspark.sql import Row

        if isinstance(value, Row):
            return {
                "row": [[self._text(name), self._value(item)] for name, item in zip(getattr(value, "__fields__", [""] * len(value)), value)]
            }
        if isinstance(value, (list, tuple)):
            items = [self._part(item) for item in value]
            return items if isinstance(value, list) else {"tuple": items}
        if isinstance(value, (set, frozenset)):
            return {"set": sorted(map(self._value, value), key=repr)}
        if isinstance(value, dict):
            return {"map": sorted(([self._value(key), self.answer(item)] for key, item in value.items()), key=repr)}
        if isinstance(value, decimal.Decimal):
            return {"decimal": str(value)}
        if isinstance(value, (bytes, bytearray)):
            return {"bytes": bytes(value).hex()}
        if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
            return {type(value).__name__: value.isoformat()}
        if isinstance(value, datetime.timedelta):
            return {"interval": str(value)}
        if hasattr(value, "jsonValue"):  # a type of Spark
            return {"type": value.jsonValue()}
        if hasattr(value, "collect") and hasattr(value, "schema"):
            return self.answer(value)
        return self._library_value(value)

    def _part(self, value: Any) -> Any:
        """One of several answers: the error of one is not that of all."""
        try:
            return self.answer(value)
        except Exception as error:  # noqa: BLE001  (whatever an engine raises is its answer)
            return self.failure(error)

    def _library_value(self, value: Any) -> Any:
        import numpy
        import pandas

        if isinstance(value, pandas.DataFrame):
            columns = [[str(name), str(value[name].dtype), [self._value(item) for item in value[name].tolist()]] for name in value.columns]
            return {"pandas": columns}
        if isinstance(value, numpy.ndarray):
            return {"array": [self._value(item) for item in value.tolist()]}
        if isinstance(value, numpy.generic):
            return {type(value).__name__: self._value(value.item())}
        if value is pandas.NaT or value is pandas.NA:
            return {"missing": str(value)}
        if hasattr(value, "toJson"):
            return {"variant": value.toJson()}
        return {type(value).__name__: self._text(str(value))}

    def _text(self, text: str) -> str:
        for found, stands in self._replaced.items():
            text = text.replace(found, stands)
        return text


def _split_nullability(schema: Any) -> tuple[Any, list[str]]:
    """A schema as JSON without what says whether nulls may be, and the paths where they may not."""
    required: list[str] = []

    def walk(part: Any, path: str) -> Any:
        if isinstance(part, list):
            return [walk(item, path) for item in part]
        if not isinstance(part, dict):
            return part
        here = f"{path}.{part['name']}" if "name" in part else path
        kept = {}
        for name, item in part.items():
            if name in ("nullable", "containsNull", "valueContainsNull"):
                if item is False:
                    required.append(here if name == "nullable" else f"{here}.{name}")
            elif name != "metadata" or item:
                kept[name] = walk(item, here)
        return kept

    return walk(schema, ""), required
