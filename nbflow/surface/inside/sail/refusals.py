"""What is said where Sail would lose or change data in silence."""

from __future__ import annotations


def refused(what: str, why: str) -> Exception:
    """The error for something that is not done on Sail: what, why, and where it is done. One of PySpark's own."""
    from pyspark.errors.exceptions.connect import UnsupportedOperationException

    error: Exception = UnsupportedOperationException(f"{what} is refused on the engine sail: {why}; 'nbflow run --engine spark' does it")
    return error
