"""Picture files: how they are read, and how they become sprites."""
