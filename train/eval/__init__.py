"""How good a checkpoint is: metrics and reports."""
