"""What a picture is drawn on: an SVG that needs no other file, with its style and a sentence that tells it.

Light and dark follow the reader's system, or the classes ``nbf-light`` and ``nbf-dark`` on the outermost element.
"""

from __future__ import annotations

from html import escape

from nbflow.core.progress import RunProgress
from nbflow.plan.export.marks import in_turn

_PAD = 8

_LIGHT = "--g:#fff;--b:#f6f8fa;--i:#1f2328;--d:#57606a;--l:#8c959f;--ok:#1a7f37;--bad:#c4232b;--warn:#855600;--run:#0757ba;--idle:#57606a"
_DARK = "--g:#0d1117;--b:#161b22;--i:#e6edf3;--d:#9ea7b3;--l:#6e7681;--ok:#56d364;--bad:#ff7b72;--warn:#e3b341;--run:#79c0ff;--idle:#9ea7b3"
STYLE = (
    f".nbf{{{_LIGHT}}}@media(prefers-color-scheme:dark){{.nbf:not(.nbf-light){{{_DARK}}}}}.nbf.nbf-dark{{{_DARK}}}"
    ".nbf text{font:600 13px system-ui,sans-serif;fill:var(--i)}.nbf .w,.nbf .k text:nth-of-type(2n){font-weight:400;font-size:12px;fill:var(--c)}"
    ".nbf .g{fill:var(--g)}.nbf .l,.nbf .m{fill:none;stroke:var(--l);stroke-width:1.3}"
    ".nbf .h{stroke-dasharray:5 3}.nbf .t>.m{transform:translate(9px,14px)}.nbf .t rect{fill:var(--b);stroke:var(--c);stroke-width:1.3}"
    ".nbf .m{stroke:var(--c);stroke-width:2;stroke-linecap:round;stroke-linejoin:round}"
    ".nbf .ok{--c:var(--ok)}.nbf .bad{--c:var(--bad)}.nbf .warn{--c:var(--warn)}.nbf .run{--c:var(--run)}.nbf .idle{--c:var(--idle)}"
    ".nbf .bad rect,.nbf .run rect{stroke-width:2.5}.nbf .idle rect{stroke-dasharray:4 3}"
    ".nbf a:focus-visible rect,.nbf a:hover rect{stroke-width:4}"
)


def canvas(run: RunProgress, width: float, height: float, content: str, *, linked: bool = False) -> str:
    """``content`` of that size as a whole SVG. ``linked`` tells that it holds links."""
    width, height = round(width + 2 * _PAD), round(height + 2 * _PAD)
    role = "group" if linked else "img"  # what is an image may hold no links
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="nbf" role="{role}" aria-label="{escape(graph_words(run))}" width="{width}" '
        f'height="{height}" viewBox="{-_PAD} {-_PAD} {width} {height}"><style>{STYLE}</style>'
        f'<rect class="g" x="{-_PAD}" y="{-_PAD}" width="{width}" height="{height}" rx="6"/>{content}</svg>'
    )


def graph_words(run: RunProgress) -> str:
    """The graph in one sentence, for who cannot see it."""
    told = ", ".join(f"{count} {state}" for state, count in in_turn(run.counts))
    return f"Graph of run {run.run_id} of {run.pipeline}, {run.state}: {told or 'no tasks'}"
