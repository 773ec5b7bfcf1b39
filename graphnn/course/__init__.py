"""The checks of the course's assignment, run by `run.py unittest`."""
