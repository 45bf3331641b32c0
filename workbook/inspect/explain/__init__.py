"""What is wrong, where it starts, why, what it costs, and what belongs there."""
