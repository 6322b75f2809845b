"""Libraries that were loaded before they are patched, as in a kernel that was forked from a process which had them."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import pyspark.sql.functions as F
from pyspark.sql import is_remote
from pyspark.sql.pandas import functions
from nbflow.core.exchange import SparkAddress
from nbflow.surface.inside.spark import install

before = F.lit
install(SparkAddress("/connection", "/warehouse", "tag", sys.argv[1]), "/", "p/t")
print(F.lit is before, is_remote(), functions.is_remote())
"""


def test_names_that_others_took_from_a_module_are_the_patched_ones() -> None:
    """On the driver ``lit`` is nbflow's, on Sail every part of PySpark knows that it is a client."""
    told = [
        subprocess.run([sys.executable, "-c", f"import sys\n{CODE}", engine], capture_output=True, text=True, check=True).stdout
        for engine in ("spark", "sail")
    ]
    assert told == ["False False False\n", "True True True\n"]
