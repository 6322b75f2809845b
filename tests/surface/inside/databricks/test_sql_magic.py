"""``%sql`` as far as it needs no Spark: tables as they are shown."""

from __future__ import annotations

from nbflow.surface.inside.databricks.display import table


def test_a_table_is_shown_as_html_and_as_text() -> None:
    """Whatever stands in it cannot become HTML; a cut one says so."""
    shown = table(["a<b", "n"], [["<script>", None], ["x", 5]], more=True)
    assert "<script>" not in shown["text/html"] and "<td>&lt;script&gt;</td><td>null</td>" in shown["text/html"]
    assert shown["text/plain"] == "a<b       n\n<script>  null\nx         5\n(first 2 rows)"
    assert table([], [], more=False)["text/plain"] == "\n(0 rows)"
