# Run by the Python kernels of `nbflow lab` before their first cell, in the notebook's own namespace: PYTHONSTARTUP names it.
try:
    from nbflow.surface.jupyter.beginning import begin as _nbflow_begin
except ImportError:  # a kernel of an environment without nbflow
    pass
else:
    _nbflow_begin(globals())
    del _nbflow_begin
