"""What the people who review may do, in which order, how long they may look, and what is said of what they decided."""
