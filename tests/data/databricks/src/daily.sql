-- Databricks notebook source
-- MAGIC %md
-- MAGIC # Gold: what each region sold

-- COMMAND ----------

CREATE WIDGET TEXT day DEFAULT "2026-01-01";

-- COMMAND ----------

CREATE SCHEMA IF NOT EXISTS gold;
CREATE OR REPLACE TABLE gold.daily USING delta AS
SELECT :day AS day, region, sum(amount) AS amount FROM silver.orders WHERE day = :day GROUP BY region;

-- COMMAND ----------

-- DBTITLE 1,Best regions
SELECT region, amount FROM gold.daily ORDER BY amount DESC

-- COMMAND ----------

-- MAGIC %python
-- MAGIC dbutils.jobs.taskValues.set("best", _sqldf.first()["region"])
