"""What an operator needs of a running bot, and nobody else."""
