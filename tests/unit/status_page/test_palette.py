"""The colours of states: readable on their grounds, and told apart by people who do not see some of them.

Simulation of colour blindness: Machado, Oliveira and Fernandes 2009, severity 1. Distances: CIE 1976. Contrast: WCAG 2.
"""

import itertools
import math
import re
from collections.abc import Sequence
from importlib import resources

import pytest

CSS = resources.files("azure_vpn_operator.status_page").joinpath("assets/page.css").read_text()
STATES = ("problem", "changing", "unknown", "waiting", "well")
EYES = {
    "usual": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "no red (protanopia)": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green (deuteranopia)": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no blue (tritanopia)": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
Linear = Sequence[float]


def themes() -> dict[str, dict[str, str]]:
    light, _, rest = CSS.partition("@media (prefers-color-scheme: dark)")
    colours = r"--([a-z]+): (#[0-9a-f]{6});"
    found = dict(re.findall(colours, light))
    return {"light": found, "dark": found | dict(re.findall(colours, rest[: rest.index("\n}\n")]))}


THEMES = themes()
TINT = int(re.search(r"--tint: (\d+)%", CSS)[1]) / 100  # type: ignore[index]


def linear(colour: str) -> Linear:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]


def mixed(colour: str, ground: str, share: float) -> str:
    pairs = ((int(colour[at : at + 2], 16), int(ground[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(one * share + other * (1 - share)):02x}" for one, other in pairs)


def luminance(colour: Linear) -> float:
    return 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted(luminance(linear(colour)) + 0.05 for colour in (one, other))
    return light / dark


def seen(colour: str, eyes: str) -> tuple[float, float, float]:
    """Lightness, and the two axes of hue."""
    red, green, blue = (
        min(1, max(0, sum(m * c for m, c in zip(row, linear(colour), strict=True)))) for row in EYES[eyes]
    )
    x, y, z = (
        (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047,
        0.2126 * red + 0.7152 * green + 0.0722 * blue,
        (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883,
    )
    fx, fy, fz = (value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116 for value in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("eyes", EYES)
def test_states_look_different_to_everybody(theme: str, eyes: str):
    colours = THEMES[theme]
    apart = {
        (one, other): math.dist(seen(colours[one], eyes), seen(colours[other], eyes))
        for one, other in itertools.combinations(STATES, 2)
    }
    assert {pair: round(distance) for pair, distance in apart.items() if distance < 20} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_texts_can_be_read_on_their_grounds(theme: str):
    colours = THEMES[theme]
    card, page = colours["card"], colours["page"]
    grounds = [(text, ground) for text in ("ink", "dim") for ground in (card, page)]
    tinted = [mixed(colours[state], card, TINT) for state in STATES]
    grounds += [(text, ground) for text in ("ink", "dim") for ground in tinted]
    grounds += [(state, ground) for state, own in zip(STATES, tinted, strict=True) for ground in (card, own)]
    found = {(text, ground): round(contrast(colours[text], ground), 2) for text, ground in grounds}
    assert {pair: value for pair, value in found.items() if value < 4.5} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_the_focus_can_be_seen(theme: str):
    colours = THEMES[theme]
    assert all(contrast(colours["focus"], colours[ground]) >= 3 for ground in ("card", "page"))
