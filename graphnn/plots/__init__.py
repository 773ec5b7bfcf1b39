"""Pictures of trainings, drawn by matplotlib without a window."""
