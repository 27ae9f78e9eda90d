"""One training step, and the ways to run it."""
