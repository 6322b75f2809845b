"""What runs inside a user's kernel: widgets, dbutils, the task's own facts, Spark.

Knows only ``core``, ``warehouse`` and the standard library, since it must work in a Python where nbflow is not installed.
"""
