"""Takes the README's pictures of JupyterLab anew: ``python -m tests.browser``."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import FLAGS, ROOT, Lab, Notebook

PICTURES = ROOT / ".pictures"


def take(lab: Lab, page: object) -> None:
    """The form of the repository's notebook, opened as a task, with a wrong value; in both themes."""
    notebook = Notebook(page, lab, "notebooks/layer.ipynb")
    cell = notebook.run(1)
    notebook.ask("get_ipython().run_line_magic('nbflow', 'open silver')")
    brands = cell.get_by_label("Brands in the ranking")
    brands.fill("0")
    brands.press("Tab")
    cell.get_by_role("alert").wait_for()
    notebook.page.evaluate("() => document.activeElement.blur()")
    for theme in ("Light", "Dark"):
        notebook.command("apputils:change-theme", theme=f"JupyterLab {theme}")
        notebook.page.wait_for_timeout(2000)
        cell.screenshot(path=str(PICTURES / f"form-{theme.lower()}.png"))


def main() -> None:
    """Start a Lab and a browser, take the pictures, end both."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder), "--engine", "none")
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
                take(lab, browser.new_page(viewport={"width": 1180, "height": 1000}))
        finally:
            lab.close()


if __name__ == "__main__":
    main()
