"""Trained networks applied to data: figures over a part of a data set, and predictions for single files."""
