"""Builds the file that creatures are named with: syllables counted in species' names, and what to refuse."""
