"""Whatever a button has to remember fits into what Discord lets it remember, and old ones are understood."""

from __future__ import annotations

import re

import pytest

from bot.core.custom_id import LONGEST, NUMBER_MAX, Persistent
from bot.core.features import load
from bot.features import FEATURES
from bot.features.choosing import Choose
from bot.features.collection import Collection, OfType, Open, Order, Turn
from bot.features.evolving import Evolve
from bot.features.family import ShowFamily, Visit
from bot.features.hatching import Another, Nearby, Several
from bot.features.helping import Help
from bot.features.keeping import Favourite, Keep, NameDialog, Release, ReleaseNow, Rename, RenameDialog, Save
from bot.features.looking import Details, DrawCard, FullSize, Look
from bot.features.mixing import MixDialog, MixWith
from bot.features.mixing.children import MoreLikeThis, Swap
from bot.features.mixing.rehatching import KeepAndMix, Rehatch
from bot.features.mixing.watching import Watch
from bot.features.privacy import ForgetNow, KeepAll
from bot.features.retraining.buttons import CancelRetrain, GoOn, UseResult
from bot.store.ids import MAX_ID

LOADED = load(FEATURES)
KINDS: list[type[Persistent]] = [*LOADED.components.values(), *LOADED.dialogs.values()]

# As they stand under messages since the first version. What they say may never change.
OLD: list[tuple[str, Persistent]] = [
    ("newmon:save:12", Save(12)),
    ("newmon:another:70", Another(70)),
    ("newmon:several:100:9", Several(100, 9)),
    ("newmon:choose:12:4", Choose(12, 4)),
    ("newmon:swap:1:2:30", Swap(1, 2, 30)),
    ("newmon:more:1:2:30", MoreLikeThis(1, 2, 30)),
    ("newmon:watch:1:2", Watch(1, 2)),
    ("newmon:nearby:12", Nearby(12)),
    ("newmon:with:12", MixWith(12)),
    ("newmon:evolve:12", Evolve(12)),
    ("newmon:favourite:12:1", Favourite(12, True)),
    ("newmon:favourite:12:0", Favourite(12, False)),
    ("newmon:rename:12", Rename(12)),
    ("newmon:release:12", Release(12)),
    ("newmon:goodbye:12", ReleaseNow(12)),
    ("newmon:keep:12", Keep(12)),
    ("newmon:collection", Collection()),
    ("newmon:card:12", DrawCard(12)),
    ("newmon:look:12", Look(12)),
    ("newmon:help", Help()),
    ("newmon:full:12", FullSize(12)),
    ("newmon:details:12", Details(12)),
    ("newmon:page:30:0:31:2:1", Turn(30, "newest", 31, 2, True)),
    ("newmon:page:30:3:31:0:0", Turn(30, "oldest", 31, 0, False)),
    ("newmon:page:30:0:31:2:1:2", Turn(30, "newest", 31, 2, True, "Fire")),
    ("newmon:page:30:3:31:0:0:18", Turn(30, "oldest", 31, 0, False, "Fairy")),
    ("newmon:open", Open()),
    ("newmon:sort:30:31", Order(30, 31)),
    ("newmon:sort:30:31:2", Order(30, 31, "Fire")),
    ("newmon:oftype:30:1:31", OfType(30, "name", 31)),
    ("newmon:rehatch:1:2:1:30", Rehatch(1, 2, True, 30)),
    ("newmon:rehatched:1:2:0:30", KeepAndMix(1, 2, False, 30)),
    ("newmon:forget:30", ForgetNow(30)),
    ("newmon:keepall:30", KeepAll(30)),
    ("newmon:unretrain:5", CancelRetrain(5)),
    ("newmon:resume:5", GoOn(5)),
    ("newmon:result:5:1", UseResult(5, True)),
    ("newmon:family:12", ShowFamily(12)),
    ("newmon:visit:12", Visit(12)),
    ("newmon:name:12", NameDialog(12)),
    ("newmon:rename:12", RenameDialog(12)),
    ("newmon:with:12", MixDialog(12)),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_largest_numbers_fit(kind: type[Persistent]) -> None:
    pattern = kind.pattern
    longest = pattern.pattern.replace("(?:", "").replace(")?", "")  # with all that it may leave out
    filled = re.sub(r"\(\\d\{1,(\d+)\}\)", lambda digits: "9" * int(digits[1]), longest)
    filled = filled.replace(r"(\d)", "9").replace("([01])", "1")
    assert pattern.fullmatch(filled), filled
    assert len(filled) <= LONGEST


def test_the_largest_ids_are_understood() -> None:
    for button in (Nearby(MAX_ID), Choose(MAX_ID, 9), Swap(MAX_ID, MAX_ID, MAX_ID)):
        assert type(button).from_custom_id(button.custom_id) == button


@pytest.mark.parametrize(("custom_id", "button"), OLD, ids=lambda value: str(value))
def test_old_ones_are_understood_and_written_the_same(custom_id: str, button: Persistent) -> None:
    assert button.custom_id == custom_id
    assert type(button).from_custom_id(custom_id) == button


def test_every_kind_has_an_old_one_here() -> None:
    assert {type(button) for _, button in OLD} == set(KINDS)


@pytest.mark.parametrize(
    ("kind", "custom_id"),
    [
        (Save, "newmon:save"),
        (Save, "newmon:save:1:2"),
        (Save, "newmon:save:-1"),
        (Save, "newmon:save:1\n"),
        (Save, "otherbot:save:1"),
        (Save, f"newmon:save:{NUMBER_MAX + 1}"),
        (Favourite, "newmon:favourite:1:2"),
        (Turn, "newmon:page:30:9:31:2:1"),
        (Turn, "newmon:page:30:0:31:2:1:19"),
        (Turn, "newmon:page:30:0:31:2:1:"),
        (Turn, "newmon:page:30:0:31:2:1:2:1"),
    ],
)
def test_what_is_none_of_ours_is_not_understood(kind: type[Persistent], custom_id: str) -> None:
    assert kind.from_custom_id(custom_id) is None
