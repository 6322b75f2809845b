"""Databricks' bundles: several files, a target and variables become one job."""
