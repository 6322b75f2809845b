"""What a notebook has as on Databricks: dbutils, display, %run and %sql."""
