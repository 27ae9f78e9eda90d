"""Builds checkpoints: fetches sprites, trains the networks, judges and exports them."""
