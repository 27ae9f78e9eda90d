"""Two computations that share the processor."""

import threading
from collections.abc import Iterator

import pytest
import torch

from train.side_by_side import SideBySide

PATIENCE_S = 30  # of a barrier that somebody never comes to


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_both_are_computed_at_the_same_time_on_half_of_the_threads_each(two_threads: None) -> None:
    meeting = threading.Barrier(2, timeout=PATIENCE_S)

    def compute() -> int:
        meeting.wait()  # passes only if the other one is there too
        return torch.get_num_threads()

    assert SideBySide(possible=True)(compute, compute) == (1, 1)
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("possible", [True, False])
def test_without_a_second_thread_one_follows_the_other(two_threads: None, possible: bool) -> None:
    if possible:
        torch.set_num_threads(1)
    order: list[str] = []
    found = SideBySide(possible)(lambda: order.append("first"), lambda: threading.current_thread())
    assert order == ["first"] and found[1] is threading.current_thread()


@pytest.mark.parametrize("failing", [0, 1])
def test_what_either_raises_comes_out_once_both_have_ended(two_threads: None, failing: int) -> None:
    ended = threading.Event()
    meeting = threading.Barrier(2, timeout=PATIENCE_S)

    def fail() -> None:
        meeting.wait()
        raise ValueError("what went wrong")

    def succeed() -> None:
        meeting.wait()
        ended.set()

    pair = (fail, succeed) if failing == 0 else (succeed, fail)
    with pytest.raises(ValueError, match="what went wrong"):
        SideBySide(possible=True)(*pair)
    assert ended.is_set() and torch.get_num_threads() == 2


def test_gradients_are_those_of_one_after_the_other(two_threads: None) -> None:
    torch.manual_seed(0)
    x = torch.randn(4, 8, requires_grad=True)
    squares, cubes = SideBySide(possible=True)(
        lambda: torch.autograd.grad(x.square().sum(), x)[0], lambda: torch.autograd.grad((x**3).sum(), x)[0]
    )
    torch.testing.assert_close(squares, 2 * x.detach())
    torch.testing.assert_close(cubes, 3 * x.detach().square())
