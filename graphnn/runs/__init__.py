"""Training runs: their files, data and progress, how they are stopped and resumed, and how they are compared."""
