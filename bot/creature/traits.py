"""What was read from a creature's picture, as far as words are made of it."""

from __future__ import annotations

from dataclasses import dataclass, field

TYPES = (
    "Normal", "Fire", "Water", "Grass", "Electric", "Ice", "Fighting", "Poison", "Ground",
    "Flying", "Psychic", "Bug", "Rock", "Ghost", "Dragon", "Dark", "Steel", "Fairy",
)  # fmt: skip
COLOURS = ("Black", "Blue", "Brown", "Gray", "Green", "Pink", "Purple", "Red", "White", "Yellow")
SHAPES = (
    "armor", "arms", "ball", "blob", "bug-wings", "fish", "heads", "humanoid",
    "legs", "quadruped", "squiggle", "tentacles", "upright", "wings",
)  # fmt: skip
STATS = ("hp", "atk", "def", "spa", "spd", "spe")
STAGES = (1, 2, 3)

# Groups of fields that are read, and shown, together.
SHOWABLE = frozenset({"types", "colour", "shape", "height", "weight", "stats", "stage"})


@dataclass(frozen=True, slots=True)
class Rarity:
    """How rare a creature is among those of its checkpoint (`bot.creature.rarity`)."""

    tier: str  # a name of `rarity.TIERS`
    percentile: float  # share of creatures that are less rare, 0 to 1


@dataclass(frozen=True, slots=True)
class Traits:
    """The reading of one creature.

    `shown` names the groups whose reader beats its baseline: nothing may be said of the others. Raises
    ValueError for a value that no reader gives.
    """

    types: tuple[str, ...]  # the main one first; one or two of TYPES
    colour: str  # one of COLOURS
    shape: str  # one of SHAPES, PokeAPI's names
    height_m: float
    weight_kg: float
    stats: tuple[int, int, int, int, int, int]  # in the order of STATS, 1 to 255
    stage: int  # in its line of evolution, 1 to 3
    shown: frozenset[str] = field(default=SHOWABLE)
    kin: tuple[str, ...] = ()  # real species that it resembles, the nearest first; none that are not near
    rarity: Rarity | None = None  # None where it is not known

    def __post_init__(self) -> None:
        known = set(self.types) <= set(TYPES) and self.colour in COLOURS and self.shape in SHAPES
        if not known or self.stage not in STAGES or not self.shown <= SHOWABLE:
            raise ValueError(f"No such traits: {self}")
        if len(self.types) not in (1, 2) or len(set(self.types)) != len(self.types):
            raise ValueError(f"A creature has one or two different types: {self.types}")
        # Not `<= 0`: that would let NaN pass.
        if not (0 < self.height_m < 1e6 and 0 < self.weight_kg < 1e6):
            raise ValueError(
                f"Height and weight are positive numbers: {self.height_m} m, {self.weight_kg} kg"
            )
        if len(self.stats) != len(STATS) or not all(1 <= value <= 255 for value in self.stats):
            raise ValueError(f"Six base stats from 1 to 255: {self.stats}")

    def shows(self, group: str) -> bool:
        """Whether a group of SHOWABLE may be spoken of."""
        return group in self.shown
