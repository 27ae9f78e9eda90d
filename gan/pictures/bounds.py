"""Settings of the last stages that are whole numbers within bounds."""

from __future__ import annotations


def check_whole_numbers(settings: object, *bounds: tuple[str, int, int]) -> None:
    """Raises `ValueError` where a field (name, least, most) is no whole number within its bounds."""
    for name, least, most in bounds:
        value = getattr(settings, name)
        if type(value) is not int or not least <= value <= most:
            raise ValueError(f"{name} is a whole number from {least} to {most}, not {value!r}")
