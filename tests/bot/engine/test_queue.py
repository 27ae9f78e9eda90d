"""The fair queue: turns, places and limits. Nothing is drawn here."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from bot.engine.errors import FULL, TooManyWaiting
from bot.engine.queue import FairQueue
from bot.errors import UserError
from bot.system.background import ROOT


def queue_of(*people: tuple[int, str], limit: int = 100, per_user_limit: int = 100) -> FairQueue[str]:
    """A queue in which each of these waits for as many things as the word has letters."""
    queue = FairQueue[str](limit, per_user_limit)
    for user_id, items in people:
        queue.put(user_id, list(items))
    return queue


def test_people_take_turns_and_whose_turn_it_is_carries_over() -> None:
    queue = queue_of((1, "abcd"), (2, "x"), (3, "uvw"))
    assert queue.take(4) == ["a", "x", "u", "b"]
    queue.put(2, "y")
    assert queue.take(3) == ["v", "c", "y"]
    assert queue.take(9) == ["w", "d"]
    assert not queue and queue.take(1) == []


def test_the_place_is_how_many_come_before() -> None:
    queue = queue_of((1, "abcd"), (2, "x"))
    assert queue.put(3, "u") == 2  # one of each
    assert queue.put(2, "yz") == 4  # its own, two of the first and one of the third
    assert queue.put(1, "e") == 8  # all of the others', and four of one's own
    assert queue.take(9) == ["a", "x", "u", "b", "y", "c", "z", "d", "e"]


@pytest.mark.parametrize("chance", [random.Random(seed) for seed in range(20)])
def test_nobody_waits_for_longer_than_they_were_told_unless_others_come(chance: random.Random) -> None:
    queue = FairQueue[tuple[int, int]](1000, 1000)
    for _ in range(12):
        queue.put(chance.randrange(4), [(0, 0)] * chance.randint(1, 5))
        queue.take(chance.randrange(4))
    user = chance.randrange(6)
    ahead = queue.put(user, [(1, 1), (1, 2)])
    assert queue.take(len(queue)).index((1, 1)) <= ahead


def test_what_is_too_much_is_refused_whole() -> None:
    queue = queue_of((1, "ab"), limit=4, per_user_limit=3)
    with pytest.raises(TooManyWaiting, match="already have 2 creatures"):
        queue.put(1, "cd")
    with pytest.raises(UserError, match=FULL):
        queue.put(2, "xyz")
    assert (len(queue), queue.people) == (2, 1)
    queue.put(2, "xy")
    assert (len(queue), queue.people) == (4, 2)


def test_waiting_for_nothing_takes_no_turn() -> None:
    queue = queue_of((1, ""))
    assert (len(queue), queue.people, queue.take(1)) == (0, 0, [])


def test_what_nobody_wants_any_more_is_forgotten_and_the_turn_stays() -> None:
    first, second = object(), object()
    queue = FairQueue[object](10, 10)
    queue.put(1, [first, second])
    queue.put(2, ["x"])
    queue.remove(1, [first, "never there"])
    queue.remove(3, [second])  # somebody else's
    assert queue.take(9) == [second, "x"]
    queue.put(1, [first])
    queue.remove(1, [first])
    assert (len(queue), queue.people) == (0, 0)
    queue.remove(1, [first])


def test_all_can_be_looked_at_and_cleared() -> None:
    queue = queue_of((1, "ab"), (2, "x"))
    assert sorted(queue) == ["a", "b", "x"]
    assert sorted(queue.clear()) == ["a", "b", "x"]
    assert not queue and queue.people == 0


def test_neither_it_nor_whoever_orders_needs_torch() -> None:
    program = "import sys, bot.engine.queue, bot.engine; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0
