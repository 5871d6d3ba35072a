"""The behaviour cases: what they hold, how they are asked, and what is said of the answers."""
