"""The optimizers, the groups of parameters that they train, and the updates of one network."""
