"""Weight averaging over the steps of a run."""
