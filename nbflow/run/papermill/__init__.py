"""The door to papermill."""
