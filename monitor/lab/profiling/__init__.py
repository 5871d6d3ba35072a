"""What a board takes for each building block of a network, and what follows for whole ones."""
