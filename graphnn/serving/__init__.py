"""Trained networks behind an HTTP address."""
