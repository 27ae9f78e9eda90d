"""The commands of `python -m gan`, one module each. They import torch only once they need it."""
