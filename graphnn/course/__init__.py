"""The assignment's own checks, behind `run.py unittest`."""
