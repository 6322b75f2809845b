"""Jobs and their owners: what a cancelled, killed or interrupted notebook takes with it, and a killed owner its driver."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbflow.core.exchange import SparkAddress

Until = Callable[[Callable[[], Any]], Any]


def active(bench: Any) -> int:
    """How many jobs the driver has running."""
    return len(list(bench.engine._control._context.statusTracker().getActiveJobIds()))


def test_cancel_ends_the_jobs_of_its_tag_and_no_others(bench: Any, until: Until) -> None:
    """A tag's jobs end, those of another notebook go on."""
    ours = bench.client("session(); tell('ready'); outcome(endless_job)")
    other = bench.client("sc = session().sparkContext; tell('ready'); tell(sc.parallelize([7], 1).mapPartitions(until_go).sum())")
    assert ours.told() == other.told() == "ready"
    until(lambda: active(bench) == 2)
    bench.do(bench.engine.cancel(ours.tag))
    assert "cancel" in ours.told().lower()
    (other.folder / "go").touch()
    assert other.end() == [7]


def test_cancel_reaches_sql_and_threads(bench: Any, until: Until) -> None:
    """Jobs carry the tag whether they come from SQL, from a Python thread, or from a job group of the notebook's own."""
    client = bench.client(
        """
        import threading
        from pyspark import InheritableThread
        spark = session()
        spark.udf.register("endless", lambda x: forever(x), "long")

        def grouped():
            spark.sparkContext.setJobGroup("mine", "mine")
            spark.sparkContext.clearJobTags()
            endless_job()

        jobs = [lambda: spark.sql("select endless(id) from range(1)").collect(), grouped]
        threads = [kind(target=outcome, args=[job]) for kind, job in zip((threading.Thread, InheritableThread), jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        """
    )
    until(lambda: active(bench) == 2)
    bench.do(bench.engine.cancel(client.tag))
    assert ["cancel" in told.lower() for told in client.end()] == [True, True]


def test_nothing_begins_after_cancel(bench: Any) -> None:
    """A notebook that was cancelled between two jobs cannot begin another."""
    client = bench.client("spark = session(); tell(spark.range(4).count()); wait(); outcome(lambda: spark.range(4).count())")
    assert client.told() == 4
    bench.do(bench.engine.cancel(client.tag))
    client.go()
    assert client.end() != ["done"]


def test_a_killed_notebook_leaves_no_job(bench: Any, until: Until) -> None:
    """When a notebook's process is killed, cancelling its tag ends what it had running, its streams too."""
    client = bench.client(
        """
        rates = session().readStream.format("rate").load()
        rates.writeStream.format("noop").option("checkpointLocation", "check").start()
        tell("ready")
        endless_job()
        """
    )
    assert client.told() == "ready"
    until(lambda: active(bench) >= 1)
    client.process.kill()
    client.process.wait()
    bench.do(bench.engine.cancel(client.tag))
    streams = bench.engine._control._session.sharedState().activeStreamingQueries()
    until(lambda: active(bench) == 0 and len(streams) == 0)


def test_an_interrupt_ends_the_job_and_the_notebook_goes_on(bench: Any, until: Until) -> None:
    """SIGINT while a call waits raises KeyboardInterrupt, cancels the job, and the session is as good as before."""
    client = bench.client(
        """
        spark = session()
        tell("ready")
        try:
            endless_job()
        except KeyboardInterrupt:
            tell("interrupted")
        tell(spark.range(5).count())
        """
    )
    assert client.told() == "ready"
    until(lambda: active(bench) == 1)
    client.process.send_signal(signal.SIGINT)
    assert client.end() == ["interrupted", 5]
    until(lambda: active(bench) == 0)


def test_jobs_bear_the_tag_however_long_a_notebook_lives(bench: Any, until: Until) -> None:
    """Those of a thread that begins when Python has let go of what it did not use any more, too."""
    client = bench.client(
        """
        import gc, threading
        session()
        gc.collect()
        time.sleep(3)  # until the driver is told of what was let go
        thread = threading.Thread(target=outcome, args=[endless_job])
        thread.start()
        thread.join()
        """
    )
    until(lambda: active(bench) == 1)
    bench.do(bench.engine.cancel(client.tag))
    assert ["cancel" in told.lower() for told in client.end()] == [True]


def test_an_interrupt_at_any_moment_leaves_no_job(bench: Any, until: Until) -> None:
    """Also one that comes while the driver has taken the call and has not yet begun the job."""
    client = bench.client(
        """
        import signal
        spark = session()
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        for seconds in [0.002 * n for n in range(1, 40)]:
            try:
                signal.setitimer(signal.ITIMER_REAL, seconds)
                endless_job()
            except KeyboardInterrupt:
                pass
        tell(spark.range(5).count())
        wait()
        """
    )
    assert client.told() == 5
    until(lambda: active(bench) == 0)
    client.go()
    client.end()


OWNER = """
import asyncio, json, sys
from dataclasses import asdict
from pathlib import Path
from nbflow.define.settings import Settings
from nbflow.run.engines.spark import SparkEngine

async def main():
    engine = SparkEngine(Settings(), Path(sys.argv[1], "warehouse"), Path(sys.argv[1], "state"), lambda text: None)
    await engine.start()
    print(json.dumps(asdict(await engine.address("t"))), flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def test_nothing_is_left_when_the_owner_is_killed(tmp_path: Path, own_bench: Any, until: Until) -> None:
    """SIGKILL to the process that owns the driver ends the driver and its Python workers, a busy one too."""
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    address = SparkAddress(**json.loads(owner.stdout.readline()))
    client = own_bench.attach(address, "session(); tell('ready'); outcome(endless_job)")
    assert client.told() == "ready"
    driver = own_bench.java()
    until(lambda: len(of_session(driver)) > 1)
    owner.kill()
    owner.communicate()
    assert client.end() != ["done"]
    until(lambda: not of_session(driver))


def of_session(session: int) -> list[int]:
    """The processes of a session that are not merely waiting to be buried."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split() if folder.name.isdigit() else []
        except OSError:
            continue
        if fields and int(fields[3]) == session and fields[0] != "Z":
            found.append(int(folder.name))
    return found
