"""Whom a creature resembles, in words, and only where somebody is near enough."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from bot.creature.entry import LANGUAGES
from bot.creature.kin import describe_kin, species_name
from tests.bot.creature.made_up import made_up

SOMEBODY = made_up(random.Random(1))


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_or_two_species_are_named_and_none_where_none_is_near(language: str) -> None:
    one = describe_kin(replace(SOMEBODY, kin=("Torchic",)), language)
    both = describe_kin(replace(SOMEBODY, kin=("Torchic", "Chimchar")), language)
    assert one is not None and "Torchic" in one
    assert both is not None and both.index("Torchic") < both.index("Chimchar")
    assert describe_kin(SOMEBODY, language) is None


def test_english_says_something_of() -> None:
    assert describe_kin(replace(SOMEBODY, kin=("Mr. Mime",)), "en") == "Something of Mr. Mime"
    assert describe_kin(replace(SOMEBODY, kin=("A", "B", "C")), "en") == "Something of A and of B"


@pytest.mark.parametrize(
    ("known_as", "name"),
    [
        ("Pikachu (25)", "Pikachu"),
        ("Mr. Mime (122)", "Mr. Mime"),
        ("Porygon2 (233)", "Porygon2"),
        ("Ho-Oh (250)", "Ho-Oh"),
        ("Nidoran-F (29)", "Nidoran♀"),
        ("Lapras", "Lapras"),
    ],
)
def test_a_species_is_called_by_its_name_alone(known_as: str, name: str) -> None:
    assert species_name(known_as) == name
