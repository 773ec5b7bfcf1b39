"""The data sets by name, and the way of their samples into a network."""
