"""Runs a graph over batches: plan, workspace, forward and backward on all cores."""
