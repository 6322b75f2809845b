"""The warehouse: what its folders say of schemas, tables and names, what Spark's catalog is told of it, and its trash.

Known by what runs beside the kernel and by what runs inside of it; knows only ``core`` and the standard library.
"""
