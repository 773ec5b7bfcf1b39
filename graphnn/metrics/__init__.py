"""What is reported of a network besides its loss: the table of metrics, and how they are summed and written."""
