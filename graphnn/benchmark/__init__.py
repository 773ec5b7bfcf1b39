"""How fast networks are trained and run, and how that compares with the same networks in PyTorch."""
