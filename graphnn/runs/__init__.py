"""A training run as files: its folder, its data, its progress, how it is stopped and compared with others."""
