"""Reports, written: of one run, and of a pipeline's last runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbflow.store.store import Store

NAME = "report.html"
"""The file in a run's folder, and in its pipeline's, where nobody names another."""


def write_run_report(store: Store, run_id: int, place: Path | None = None) -> Path:
    """Write the report of a run to ``place``, else beside its executed notebooks. Returns where it is.

    Raises ``UsageError`` for a run that is not there, and where nothing can be written at that place.
    """
    from nbflow.surface.report.page import check_place, write_page
    from nbflow.surface.report.run_page import run_page

    run = store.run(run_id)
    place = place or store.run_folder(run.pipeline, run_id) / NAME
    check_place(place)
    write_page(run_page(run, store.printed(run_id)), place)
    return place


def write_pipeline_report(store: Store, pipeline: str, limit: int, place: Path | None = None) -> Path:
    """Write the report of a pipeline's ``limit`` newest runs, or of those of the notebook of that name, of which there are some, to ``place``, else beside their folders.

    Returns where it is. Raises ``UsageError`` where nothing can be written at that place.
    """
    from nbflow.surface.report.matrix_page import matrix_page
    from nbflow.surface.report.page import check_place, write_page

    runs = store.runs(pipeline, limit, "") or store.runs(pipeline, limit)
    place = place or store.run_folder(pipeline, runs[0].run_id).parent / NAME
    check_place(place)
    reports = {run.run_id: report for run in runs if (report := store.run_folder(pipeline, run.run_id) / NAME).is_file()}
    write_page(matrix_page(pipeline, runs, reports, place), place)
    return place
