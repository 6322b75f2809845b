"""The form below a cell that declares widgets, while a notebook is developed by hand. Never imported in a batch run."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from nbflow.core.values import encode
from nbflow.surface.inside.cells import shell
from nbflow.surface.inside.parameters import choices, registry
from nbflow.surface.inside.parameters.controls import Control, control_of, text_of
from nbflow.surface.inside.parameters.registry import Widget

_ERROR = "var(--jp-error-color1, #c62828)"
_FAINT = "var(--jp-ui-font-color2, #616161)"
_MARKED = "var(--jp-brand-color1, #0b5cad)"
_MISSING = "ipywidgets is not installed in this kernel: 'pip install ipywidgets' gives a form to change the values in"
_LOCKED = "given by the injected cell: take that cell away to choose"
_VIEW = "application/vnd.jupyter.widget-view+json"

_forms: list[Form] = []


def show(names: Sequence[str]) -> None:
    """Draw one form for the widgets ``names`` as output of the running cell; without ipywidgets, their values and a sentence, at a prompt
    their values."""
    from IPython.display import display

    known = [name for name in names if name in registry.declared]
    if not known:
        return
    text = _as_text(known)
    if getattr(shell(), "kernel", None) is None:
        print(text)
        return
    try:
        import ipywidgets  # noqa: F401  (whether it is there)
    except ImportError:
        display({"text/plain": f"{text}\n{_MISSING}"}, raw=True)
        return
    for former in [form for form in _forms if set(form.names) & set(known)]:
        former.close()
        _forms.remove(former)
    form = Form(known)
    _forms.append(form)
    bundle = form.view._repr_mimebundle_()
    display({**bundle, "text/plain": text} if _VIEW in bundle else {"text/plain": text}, raw=True)


def refresh() -> bool:
    """Have all forms show the values that hold now. Whether there is any."""
    for form in _forms:
        form.refresh()
    return bool(_forms)


def _as_text(names: Sequence[str]) -> str:
    """The values for a place that draws no widgets: a line for each."""
    width = max(map(len, names))
    return "\n".join(f"{name:<{width}} = {encode(registry.declared[name].value)!r}" for name in names)


class Form:
    """A form for the widgets ``names``. ``view`` is what is displayed."""

    def __init__(self, names: Sequence[str]) -> None:
        from ipywidgets import HTML, Button, HBox, Layout, VBox

        self.names = list(names)
        self._filling = False
        self._wrong: dict[str, str] = {}
        self._width = f"{min(max(len(_label(registry.declared[name])) for name in names) + 1, 32)}ch"
        self._controls: dict[str, Control] = {}
        self._made_for: dict[str, Any] = {}
        self._notes, self._rows = {}, {}
        for name in names:
            self._notes[name] = HTML(layout=Layout(flex="1 1 16em", margin="2px 0 2px 8px"))
            self._rows[name] = HBox(layout=Layout(flex_flow="row wrap", align_items="center"))
            self._put_control(registry.declared[name])
        self._head = HTML(layout=Layout(margin="0 0 4px 0"))
        self._foot = HTML(layout=Layout(margin="2px 0 2px 8px"))
        self._reset = Button(description="Reset", tooltip="Give the defaults back", layout=Layout(width="auto"))
        self._reset.on_click(lambda _: self._back())
        foot = HBox([self._reset, self._foot], layout=Layout(margin=f"6px 0 0 calc({self._width} + 6px)", align_items="center"))
        self.view = VBox([self._head, *self._rows.values(), foot], layout=Layout(padding="4px 0", max_width="64em"))
        self.refresh()

    def _put_control(self, widget: Widget) -> None:
        """Put the control for ``widget`` into its row; one for other choices, which derive from something, goes."""
        name, former = widget.name, self._controls.get(widget.name)
        control = self._controls[name] = control_of(widget, _label(widget), self._width)
        self._made_for[name] = (widget.choices, widget.suggestions)
        for part in control.watched:
            part.observe(lambda _: self._changed(name), "value")
        self._rows[name].children = [control.view, self._notes[name]]
        if former is not None:
            former.close()

    def _changed(self, name: str) -> None:
        """A person has changed a field."""
        if self._filling or name not in registry.declared:
            return
        control = self._controls[name]
        problem = choices.choose(name, control.read(), _namespace())
        self._wrong.pop(name, None)
        if problem:
            self._wrong[name] = problem
        refresh()

    def _back(self) -> None:
        """A person wants the defaults back."""
        self._wrong.clear()
        problem = choices.reset(self.names, _namespace())
        self.refresh(problem)
        refresh()

    def refresh(self, problem: str = "") -> None:
        """Show the values that hold now; a field with a wrong value keeps it, with what is wrong beside it."""
        self._filling = True
        try:
            for name in self.names:
                widget = registry.declared.get(name)
                if widget is None:
                    continue
                if self._made_for[name] != (widget.choices, widget.suggestions):
                    self._put_control(widget)
                    self._wrong.pop(name, None)
                if name not in self._wrong:
                    self._controls[name].fill(widget.value)
                for part in self._controls[name].watched:
                    part.disabled = not choices.can_choose(widget)
                self._notes[name].value = self._note(widget)
            self._head.value = _heading()
            self._foot.value = _coloured(problem, _ERROR) if problem else ""
            self._reset.disabled = not (self._wrong or any(name in registry.chosen for name in self.names))
        finally:
            self._filling = False

    def _note(self, widget: Widget) -> str:
        """What stands beside a field: what is wrong, else where the value comes from; and the author's help."""
        said = []
        if widget.name in self._wrong:
            said.append(f'<span role="alert">{_coloured(f"✖ {self._wrong[widget.name]}; it stays {_shown(widget)}", _ERROR)}</span>')
        elif widget.note:
            said.append(_coloured(f"✖ {widget.note}", _ERROR))
        elif widget.origin == registry.RESTORED:
            said.append(_coloured(_LOCKED, _FAINT))
        elif registry.opened:
            said.append(_coloured(_origin(widget), _MARKED if widget.origin == registry.TASK else _FAINT))
        if widget.help:
            said.append(_coloured(widget.help, _FAINT))
        return _small(" · ".join(said))

    def close(self) -> None:
        """Take the form away: another stands in its place."""
        for widget in (self.view, *self.view.children, self._foot, self._reset, *self._notes.values()):
            widget.close()
        for control in self._controls.values():
            control.close()


def _namespace() -> dict[str, Any]:
    running = shell()
    return running.user_ns if running is not None else {}


def _heading() -> str:
    if not registry.opened:
        return ""
    task = registry.opened[-1]
    other = ", ".join(task.task_values)
    return _small(f"opened as <b>{escape(task.name)}</b>{f', with the values of {escape(other)}' if other else ''}")


def _origin(widget: Widget) -> str:
    if widget.origin == registry.FORM:
        return "chosen here"
    if widget.origin == registry.TASK:
        return registry.opened[-1].origins.get(widget.name, "task")
    return "default"


def _shown(widget: Widget) -> str:
    text = text_of(widget, widget.value)
    return (text if len(text) <= 40 else text[:37] + "...") or "empty"


def _label(widget: Widget) -> str:
    return widget.label or widget.name


def _coloured(text: str, colour: str) -> str:
    return f'<span style="color:{colour}">{escape(text)}</span>'


def _small(html: str) -> str:
    return f'<div style="font-size:var(--jp-ui-font-size1, 13px);line-height:1.35">{html}</div>' if html else ""
