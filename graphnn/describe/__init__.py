"""What a network is made of and what it costs, for people to read."""
