"""A whole training run: its loop, its processes, and what it leaves behind."""
