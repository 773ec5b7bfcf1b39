"""Trained networks as files of Keras."""
