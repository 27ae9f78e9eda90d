"""Builds checkpoints: fetches sprites, trains the networks, measures and exports them."""
