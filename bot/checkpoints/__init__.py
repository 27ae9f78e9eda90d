"""Checkpoint files, and which one is in use."""
