"""The model: networks, latents, checkpoints and pictures. Knows nothing of training, Discord or databases."""
