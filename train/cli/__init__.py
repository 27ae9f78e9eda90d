"""The commands of `python -m train`, one module each. They import torch only once they need it."""
