"""Networks as pictures and as text that is drawn."""
