"""Averages of the weights over the steps of a run."""
