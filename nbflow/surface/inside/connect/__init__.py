"""A Spark Connect server as the engine of a notebook: the way there, its sessions, and functions that find what lies beside the notebook."""
