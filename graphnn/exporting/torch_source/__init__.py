"""The Python source of a network for PyTorch: its modules, and its training."""
