"""What a creature is in words and numbers: its name, entry, stats and rarity, from what its picture tells.

Pure functions of a `Traits` value and the creature's key. Knows no Discord, no SQL and no torch.
"""
