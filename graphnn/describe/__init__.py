"""Descriptions of networks: layers, costs, memory, the plan of a training step, and statistics of weights."""
