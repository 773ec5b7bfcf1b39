"""The metrics, how they are summed over pieces, and how they are written for people."""
