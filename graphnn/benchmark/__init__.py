"""Measuring how fast networks are trained and run, by graphnn and by PyTorch."""
