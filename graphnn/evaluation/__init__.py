"""What a trained network makes of data: figures over a data set, and classes of single files."""
