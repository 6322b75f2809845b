"""What PySpark's context and session do differently in a notebook that is attached to a run's driver."""

from __future__ import annotations

import functools
import os
import signal
import threading
from types import ModuleType
from typing import Any

from nbflow.surface.inside.catalogs import with_own_catalog
from nbflow.surface.inside.driver.driver import Driver
from nbflow.surface.inside.driver.files import files_environment, patch_added_files
from nbflow.surface.inside.driver.names import Names
from nbflow.surface.inside.paths import patch_context_paths, resolved_name
from nbflow.surface.inside.statements import rewritten

_WORKER_VARIABLES = "spark.executorEnv."


def patch_context(driver: Driver, module: ModuleType) -> None:
    """Have ``SparkContext()`` attach, ``stop()`` only let go, and what cancels or clears keep to this notebook's jobs."""
    context_class: Any = module.SparkContext
    original_init = context_class.__init__

    @functools.wraps(original_init)
    def init(context: Any, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("gateway") is not None or kwargs.get("jsc") is not None:
            original_init(context, *args, **kwargs)
            return
        driver.connect()
        conf = _conf_of(driver)
        interrupt = signal.getsignal(signal.SIGINT)
        context._nbflow_attached = True
        original_init(context, gateway=driver.gateway, jsc=driver.context, conf=conf)
        context.environment.update({**driver.worker_environment(), **files_environment(context)})
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, interrupt)  # PySpark's own would cancel the jobs of every notebook

    original_ensure = context_class._ensure_initialized.__func__

    @functools.wraps(original_ensure)
    def ensure_initialized(cls: Any, instance: Any = None, gateway: Any = None, conf: Any = None) -> None:
        if gateway is None and cls._gateway is None:
            driver.connect()  # PySpark would start a driver of its own
            gateway = driver.gateway
        original_ensure(cls, instance, gateway, conf)

    context_class.__init__, context_class._ensure_initialized = init, classmethod(ensure_initialized)
    _keep_to_this_notebook(driver, context_class)
    patch_added_files(module)
    patch_context_paths(driver.folder, module)  # last, so that paths are whole before anybody else looks at them


def _conf_of(driver: Driver) -> Any:
    """The driver's settings as a context is made with them. Of all together the context only takes the variables of workers, so that
    it is told of these: the others would be asked for one by one."""
    from pyspark.conf import SparkConf

    conf: Any = SparkConf(_jvm=driver.gateway.jvm, _jconf=driver.context.getConf())
    given = conf._jconf.getAllWithPrefix(_WORKER_VARIABLES)
    conf.getAll = lambda: [(f"{_WORKER_VARIABLES}{pair._1()}", pair._2()) for pair in given]
    return conf


def _keep_to_this_notebook(driver: Driver, context_class: Any) -> None:
    original_stop, original_clear, original_tags = context_class.stop, context_class.clearJobTags, context_class.getJobTags
    original_cancel = context_class.cancelAllJobs

    @functools.wraps(original_stop)
    def stop(context: Any) -> None:
        if not _is_attached(context):
            original_stop(context)
            return
        driver.end_session()
        context._jsc = None
        server = getattr(context, "_accumulatorServer", None)
        if server is not None:
            threading.Thread(target=server.shutdown, daemon=True).start()  # it takes its time, up to half a second
            context._accumulatorServer = None
        with context_class._lock:
            context_class._active_spark_context = None

    @functools.wraps(original_cancel)
    def cancel_all_jobs(context: Any) -> None:
        driver.cancel_jobs() if _is_attached(context) else original_cancel(context)

    @functools.wraps(original_clear)
    def clear_job_tags(context: Any) -> None:
        kept = set(filter(driver.is_own_tag, original_tags(context))) if _is_attached(context) else set()
        original_clear(context)
        for tag in kept:
            context.addJobTag(tag)

    @functools.wraps(original_tags)
    def get_job_tags(context: Any) -> set[str]:
        tags = set(original_tags(context))
        return {tag for tag in tags if not driver.is_own_tag(tag)} if _is_attached(context) else tags

    context_class.stop, context_class.cancelAllJobs = stop, cancel_all_jobs
    context_class.clearJobTags, context_class.getJobTags = clear_job_tags, get_job_tags


def patch_session(driver: Driver, names: Names, module: ModuleType) -> None:
    """Have ``builder.getOrCreate()`` give a session of this notebook's own; follow names and paths in ``sql()``."""
    session_class: Any = module.SparkSession
    original_init, original_get = session_class.__init__, session_class.Builder.getOrCreate
    original_sql, original_table, original_stop = session_class.sql, session_class.table, session_class.stop

    @functools.wraps(original_init)
    def init(spark: Any, context: Any, *args: Any, **kwargs: Any) -> None:
        original_init(spark, context, *args, **kwargs)
        if _is_attached(context):
            driver.claim(spark._jsparkSession)

    @functools.wraps(original_get)
    def get_or_create(builder: Any) -> Any:
        if not ({"spark.remote", "spark.api.mode"} & set(builder._options) or os.environ.get("SPARK_REMOTE")):
            _ensure_session(driver, session_class)
        return original_get(builder)

    @functools.wraps(original_sql)
    def sql(spark: Any, sqlQuery: str, *args: Any, **kwargs: Any) -> Any:  # noqa: N803  (PySpark's name)
        formatted = bool(set(kwargs) - {"args"})
        sqlQuery = with_own_catalog(sqlQuery)
        statement = rewritten(sqlQuery, driver.address.warehouse, driver.folder, formatted)
        with names.sql(spark, sqlQuery, kwargs.get("args", args[0] if args else None)):
            return original_sql(spark, statement, *args, **kwargs)

    @functools.wraps(original_table)
    def table(spark: Any, tableName: str, *args: Any, **kwargs: Any) -> Any:  # noqa: N803  (PySpark's name)
        with names.around():
            return original_table(spark, resolved_name(tableName, driver.folder), *args, **kwargs)

    @functools.wraps(original_stop)
    def stop(spark: Any) -> None:
        if not _is_attached(spark._sc):
            original_stop(spark)
            return
        spark._sc.stop()  # and no more: PySpark's own would take the driver's default session from everybody
        session_class._instantiatedSession = session_class._activeSession = None

    session_class.__init__, session_class.Builder.getOrCreate = init, get_or_create
    session_class.sql, session_class.table, session_class.stop = sql, table, stop


def _is_attached(context: Any) -> bool:
    return getattr(context, "_nbflow_attached", False)


def _ensure_session(driver: Driver, session_class: Any) -> None:
    """Make this notebook's session, where it has none, before PySpark would take the driver's own."""
    from pyspark.core.context import SparkContext

    with driver.lock:
        current = session_class._instantiatedSession
        if current is not None and current._sc._jsc is not None:
            return
        context = SparkContext.getOrCreate()
        java_session = driver.new_session()
        session_class._instantiatedSession = session_class._activeSession = None
        made = session_class(context, jsparkSession=java_session)
        session_class._instantiatedSession = session_class._activeSession = made
