"""What is read off creatures, and learned for a checkpoint's W after its generator is done."""
