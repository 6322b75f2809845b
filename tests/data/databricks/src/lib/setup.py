# Databricks notebook source
# MAGIC %md
# MAGIC What the notebooks of this project share.

# COMMAND ----------

dbutils.widgets.dropdown("env", "dev", ["dev", "prod"], "Environment")
dbutils.widgets.text("schema", "bronze")

# COMMAND ----------

from pyspark.sql import functions as F

env = dbutils.widgets.get("env")
schema = dbutils.widgets.get("schema")
landing = f"dbfs:/landing/{env}"


def table_name(name):
    return f"{schema}.{name}"
