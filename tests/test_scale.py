"""The colours of signs stay apart for readers who see two kinds of colours: measured as the eye does, by CIEDE2000."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from nnweightviz.scale import N_LEVELS, NEGATIVE, PALETTES, POSITIVE, Rgb, Theme, line_of, shade

Array = NDArray[np.float64]
LEAST = 30.0
# Machado, Oliveira and Fernandes (2009), severity 1, on linear light.
DICHROMACIES = {
    "normal": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
# Sharma, Wu and Dalal (2005), table 1: two colours in L*a*b* and how far apart they are.
PUBLISHED = [
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0),
    ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
    ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
    ((50, -0.001, 2.49), (50, 0.0011, -2.49), 4.7461),
    ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
    ((50, 2.5, 0), (73, 25, -18), 27.1492),
    ((50, 2.5, 0), (61, -5, 29), 22.8977),
    ((50, 2.5, 0), (58, 24, 15), 19.4535),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
    ((90.8027, -2.0831, 1.4410), (91.1528, -1.6435, 0.0447), 1.4441),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]


def seen_as(colour: Rgb | Array, matrix: list[list[float]]) -> Array:
    """L*a*b* (D65) of an sRGB colour, 0 to 255, as somebody sees it whose eyes do this to linear light."""
    share = np.asarray(colour, np.float64) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.asarray(matrix) @ linear, 0, 1)
    to_xyz = [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.072175],
        [0.0193339, 0.119192, 0.9503041],
    ]
    xyz = np.asarray(to_xyz) @ linear / [0.95047, 1, 1.08883]
    x, y, z = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def ciede2000(one: Array, other: Array) -> float:
    """How far apart two colours in L*a*b* are; 1 is just seen."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    mean = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    g = 1.5 - 0.5 * np.sqrt(mean**7 / (mean**7 + 25**7))
    c1, c2 = np.hypot(a1 * g, b1), np.hypot(a2 * g, b2)
    h1, h2 = (np.degrees(np.arctan2(b, a * g)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0.0
    far = abs(h1 - h2) > 180
    h = (h1 + h2 + (360 if h1 + h2 < 360 else -360) * far) / 2 if c1 * c2 else h1 + h2
    light, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    waves = ((0.17, 1, 30), (-0.24, 2, 0), (-0.32, 3, -6), (0.2, 4, 63))
    t = 1 - sum(size * np.cos(np.radians(n * h - at)) for size, n, at in waves)
    dl = (l2 - l1) / (1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2))
    dc = (c2 - c1) / (1 + 0.045 * chroma)
    dh = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn) / 2) / (1 + 0.015 * chroma * t)
    bent = 2 * np.sqrt(chroma**7 / (chroma**7 + 25**7))
    bent *= np.sin(np.radians(60 * np.exp(-(((h - 275) / 25) ** 2))))
    return float(np.sqrt(dl**2 + dc**2 + dh**2 - bent * dc * dh))


def test_the_distance_is_the_published_one() -> None:
    for one, other, expected in PUBLISHED:
        found = [ciede2000(np.array(a, float), np.array(b, float)) for a, b in ((one, other), (other, one))]
        np.testing.assert_allclose(found, expected, atol=5e-5)


def test_the_colours_of_white_and_red_are_the_known_ones() -> None:
    normal = DICHROMACIES["normal"]
    np.testing.assert_allclose(seen_as((255, 255, 255), normal), [100, 0, 0], atol=0.02)
    np.testing.assert_allclose(seen_as((255, 0, 0), normal), [53.24, 80.09, 67.20], atol=0.02)


@pytest.mark.parametrize("vision", DICHROMACIES)
@pytest.mark.parametrize("theme", PALETTES)
def test_the_strongest_of_both_signs_stay_apart_as_cells_and_as_lines(theme: Theme, vision: str) -> None:
    palette, matrix = PALETTES[theme], DICHROMACIES[vision]

    def apart(negative: Rgb | Array, positive: Rgb | Array) -> float:
        return ciede2000(seen_as(negative, matrix), seen_as(positive, matrix))

    cells = apart(shade(palette, -1, signed=True), shade(palette, 1, signed=True))
    paper = np.array(palette.paper, float)
    lines = []
    for exponent in (1.25, 2, 2.75, 3.25):
        strongest = [
            line_of(4 * (N_LEVELS - 1) + kind, palette, 6.5, exponent) for kind in (NEGATIVE, POSITIVE)
        ]
        lines.append(apart(*(paper + line.opacity * (np.array(line.colour) - paper) for line in strongest)))
    assert min(cells, *lines) >= LEAST
