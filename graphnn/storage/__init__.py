"""Files of arrays: .npz archives, and the weights of a network."""
