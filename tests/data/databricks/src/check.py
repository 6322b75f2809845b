# Databricks notebook source
dbutils.widgets.text("table", "")
dbutils.widgets.text("least", "1")

# COMMAND ----------

rows = spark.table(dbutils.widgets.get("table")).count()
if rows < int(dbutils.widgets.get("least")):
    raise ValueError(f"only {rows} rows")
dbutils.notebook.exit(f"{rows} rows")
