"""What other libraries have saved, read for networks here."""
