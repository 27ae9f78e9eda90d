"""What the judges see of fakes."""

import torch

from train.step.clamp import in_gamut


def test_values_are_clamped_and_those_outside_can_still_come_back() -> None:
    x = torch.tensor([-1.5, -1.5, -1.0, 0.25, 1.0, 1.5, 1.5], requires_grad=True)
    y = in_gamut(x)
    assert y.tolist() == [-1, -1, -1, 0.25, 1, 1, 1]
    gradient = torch.tensor([2.0, -2.0, 3.0, 4.0, -5.0, 6.0, -6.0])
    y.backward(gradient)
    assert x.grad is not None
    assert x.grad.tolist() == [0, -2, 3, 4, -5, 6, 0], "descent goes against the gradient"


def test_descent_stops_at_the_edge_where_the_rest_of_the_way_shows_nothing() -> None:
    x = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([x], lr=0.4)
    for _ in range(10):
        optimizer.zero_grad()
        in_gamut(x).sum().backward()
        optimizer.step()
    assert -1.5 < x.item() < -1
