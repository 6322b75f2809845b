"""Sail kept honest: its names, its writes and its statements give what Spark's driver gives, or are refused."""
