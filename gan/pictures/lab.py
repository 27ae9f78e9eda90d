"""Colours as people see them: CIELAB, and how far two colours are apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

OUTLINE = 22.0  # L* up to it: lines

_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_WHITE = np.array([0.95047, 1.0, 1.08883])  # D65


def to_lab(rgb: Floats) -> Floats:
    """sRGB in [0, 1], [..., 3] → CIELAB under D65 (CIE 15), float32 [..., 3]."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _TO_XYZ.T / _WHITE
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).astype(np.float32)


def chroma(lab: Floats) -> Floats:
    """How colourful CIELAB colours are: [..., 3] → [...], 0 for greys."""
    return np.hypot(lab[..., 1], lab[..., 2])


def difference(lab_1: Floats, lab_2: Floats) -> Floats:
    """CIEDE2000 of CIELAB colours: [..., 3] twice → float64 [...]; about 1 can just be told apart.

    Sharma, Wu & Dalal 2005, "The CIEDE2000 color-difference formula", equations 2 to 22.
    """
    l_1, a_1, b_1 = np.moveaxis(np.asarray(lab_1, np.float64), -1, 0)
    l_2, a_2, b_2 = np.moveaxis(np.asarray(lab_2, np.float64), -1, 0)
    mean_c7 = ((np.hypot(a_1, b_1) + np.hypot(a_2, b_2)) / 2) ** 7
    stretch = 1 + 0.5 * (1 - np.sqrt(mean_c7 / (mean_c7 + 25.0**7)))  # of a*, for colours near grey
    c_1, h_1 = _polar(stretch * a_1, b_1)
    c_2, h_2 = _polar(stretch * a_2, b_2)
    grey = c_1 * c_2 == 0  # a hue that is none makes no difference

    turn = h_2 - h_1
    turn = np.where(turn > 180, turn - 360, np.where(turn < -180, turn + 360, turn)) * ~grey
    d_l, d_c = l_2 - l_1, c_2 - c_1
    d_h = 2 * np.sqrt(c_1 * c_2) * np.sin(np.radians(turn / 2))
    mean_l, mean_c = (l_1 + l_2) / 2, (c_1 + c_2) / 2
    # Half way round the shorter side; where both are as long, as the paper's equation 14 has it.
    mean_h = np.where(grey, h_1 + h_2, (h_1 + h_2) / 2)
    mean_h = np.where(~grey & (np.abs(h_1 - h_2) > 180), (mean_h + 180) % 360, mean_h)

    t = (
        1
        - 0.17 * np.cos(np.radians(mean_h - 30))
        + 0.24 * np.cos(np.radians(2 * mean_h))
        + 0.32 * np.cos(np.radians(3 * mean_h + 6))
        - 0.20 * np.cos(np.radians(4 * mean_h - 63))
    )
    s_l = 1 + 0.015 * (mean_l - 50) ** 2 / np.sqrt(20 + (mean_l - 50) ** 2)
    s_c, s_h = 1 + 0.045 * mean_c, 1 + 0.015 * mean_c * t
    r_c = 2 * np.sqrt(mean_c**7 / (mean_c**7 + 25.0**7))
    r_t = -r_c * np.sin(np.radians(60 * np.exp(-(((mean_h - 275) / 25) ** 2))))
    light, colour, hue = d_l / s_l, d_c / s_c, d_h / s_h
    return np.sqrt(np.maximum(light**2 + colour**2 + hue**2 + r_t * colour * hue, 0))


def _polar(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Chroma, and hue in degrees from 0 to 360."""
    return np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360
