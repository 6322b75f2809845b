# Databricks notebook source
# DBTITLE 1,Orders come in
# MAGIC %md
# MAGIC # Bronze
# MAGIC Takes the orders of one day in.

# COMMAND ----------

# MAGIC %run ./lib/setup $schema="bronze"

# COMMAND ----------

dbutils.widgets.text("day", "2026-01-01", "Day")
day = dbutils.widgets.get("day")

# COMMAND ----------

# MAGIC %sh
# MAGIC echo "orders of the day"

# COMMAND ----------

dbutils.fs.mkdirs(landing)
dbutils.fs.put(
    f"{landing}/orders.csv",
    "id,region,amount\n1,north,10.5\n2,south,\n3,north,7.0\n4,west,-1.0\n",
    True,
)
orders = (
    spark.read.option("header", True)
    .csv(f"{landing}/orders.csv")
    .withColumn("amount", F.col("amount").cast("double"))
    .withColumn("day", F.lit(day))
)
display(orders)

# COMMAND ----------

spark.sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")
orders.write.mode("overwrite").format("delta").saveAsTable(table_name("orders"))

# COMMAND ----------

# MAGIC %sql
# MAGIC -- one region a row; a semicolon in a comment; is none
# MAGIC SELECT region, count(*) AS orders, sum(amount) AS amount
# MAGIC FROM bronze.orders WHERE day = :day AND region <> ';' GROUP BY region ORDER BY region

# COMMAND ----------

regions = [row.region for row in _sqldf.collect()]
dbutils.jobs.taskValues.set("regions", regions)
dbutils.jobs.taskValues.set("bad_rows", spark.table(table_name("orders")).where("amount IS NULL OR amount < 0").count())

# COMMAND ----------

checked = dbutils.notebook.run("./check", 300, {"table": table_name("orders"), "least": 4})
displayHTML(f"<b>{checked}</b>")
dbutils.notebook.exit(checked)
