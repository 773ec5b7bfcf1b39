"""The targets of export, one a file, registered by their names."""
