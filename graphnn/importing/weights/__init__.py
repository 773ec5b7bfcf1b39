"""Weights that other libraries have saved, as those of a network."""
