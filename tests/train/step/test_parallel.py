"""Computations that share the processor."""

import threading
from collections.abc import Iterator

import pytest
import torch

from train.step.parallel import Threads

MEETING_TIMEOUT_S = 30  # of a barrier that somebody never comes to


@pytest.fixture(params=[2, 3, 5])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    """How many threads torch has."""
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize("spare", [0, 1])
def test_each_has_its_part_of_the_threads_at_the_same_time(threads: int, spare: int) -> None:
    count = threads - spare
    meeting = threading.Barrier(count, timeout=MEETING_TIMEOUT_S)

    def compute() -> int:
        meeting.wait()  # passes only if all others are there too
        return torch.get_num_threads()

    assert Threads()([compute] * count) == [threads // count] * count
    assert torch.get_num_threads() == threads


def test_without_a_thread_for_each_one_follows_the_other(threads: int) -> None:
    order: list[int] = []

    def compute(i: int) -> threading.Thread:
        order.append(i)
        return threading.current_thread()

    count = threads + 1
    found = Threads()([lambda i=i: compute(i) for i in range(count)])
    assert order == list(range(count)) and set(found) == {threading.current_thread()}


@pytest.mark.parametrize("failing", [0, 1])
def test_what_either_raises_comes_out_once_both_have_ended(threads: int, failing: int) -> None:
    ended = threading.Event()
    meeting = threading.Barrier(2, timeout=MEETING_TIMEOUT_S)

    def fail() -> None:
        meeting.wait()
        raise ValueError("what went wrong")

    def succeed() -> None:
        meeting.wait()
        ended.set()

    with pytest.raises(ValueError, match="what went wrong"):
        Threads()((fail, succeed) if failing == 0 else (succeed, fail))
    assert ended.is_set() and torch.get_num_threads() == threads


def test_gradients_are_those_of_one_after_the_other(threads: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(4, 8, requires_grad=True)
    squares, cubes = Threads()(
        [
            lambda: torch.autograd.grad(x.square().sum(), x)[0],
            lambda: torch.autograd.grad((x**3).sum(), x)[0],
        ]
    )
    torch.testing.assert_close(squares, 2 * x.detach())
    torch.testing.assert_close(cubes, 3 * x.detach().square())
