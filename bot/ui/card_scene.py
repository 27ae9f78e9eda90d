"""What stands behind a creature on its card: grounds, light and shadows, and colours mixed.

A card is drawn FINER times as large and then reduced. Lengths are in pixels of the card that is handed out.
"""

from __future__ import annotations

import io
import math

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from bot.ui.type_symbols import Colour, symbol

FINER = 2
FRAME = 26  # width of the frame
Box = tuple[float, float, float, float]


def scaled(length: float) -> int:
    return round(length * FINER)


def point(x: float, y: float) -> tuple[int, int]:
    """A place of the card, or a size, in pixels of what is being drawn."""
    return scaled(x), scaled(y)


def box_of(box: Box) -> tuple[int, int, int, int]:
    """A box of the card in pixels of what is being drawn."""
    left, top, right, bottom = (scaled(value) for value in box)
    return left, top, right, bottom


def mix(a: Colour, b: Colour, share: float) -> Colour:
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


def lighter(colour: Colour, share: float) -> Colour:
    return mix(colour, (255, 255, 255), share)


def darker(colour: Colour, share: float) -> Colour:
    return mix(colour, (0, 0, 0), share)


def rounded(size: tuple[int, int], box: Box, corner: float) -> Image.Image:
    """Coverage of a box with round corners, smooth."""
    mask = Image.new("L", (size[0] * 2, size[1] * 2), 0)
    ImageDraw.Draw(mask).rounded_rectangle(
        [value * 2 - (i > 1) for i, value in enumerate(box)], corner * 2, fill=255
    )
    return mask.resize(size, Image.Resampling.BOX)


def _blurred(mask: Image.Image, radius: float) -> Image.Image:
    """A soft mask, blurred at the card's own size."""
    small = mask.resize((mask.width // FINER, mask.height // FINER), Image.Resampling.BOX)
    return small.filter(ImageFilter.GaussianBlur(radius)).resize(mask.size, Image.Resampling.BILINEAR)


def gradient(size: tuple[int, int], start: Colour, end: Colour, tilt: float = 0.6) -> Image.Image:
    """From the upper left to the lower right; `tilt` 0 is from left to right."""
    across = Image.linear_gradient("L").rotate(90).resize(size)
    if tilt:
        across = Image.blend(across, Image.linear_gradient("L").resize(size), tilt)
    return Image.composite(Image.new("RGB", size, end), Image.new("RGB", size, start), across)


def rainbow(size: tuple[int, int]) -> Image.Image:
    hue = Image.blend(
        Image.linear_gradient("L").rotate(90).resize(size), Image.linear_gradient("L").resize(size), 0.5
    )
    soft = Image.new("L", size, 120)
    return Image.merge(
        "HSV", (hue.point([value * 3 % 256 for value in range(256)]), soft, Image.new("L", size, 255))
    ).convert("RGB")


def pattern(size: tuple[int, int], kinds: tuple[str, ...]) -> Image.Image:
    """The symbols of the types, small and faint, all along the frame."""
    mask = Image.new("L", size, 0)
    side, step, deep = scaled(18), scaled(31), scaled(FRAME)
    faint = [symbol(kind, side).point([value * 60 // 255 for value in range(256)]) for kind in kinds]
    for row in range(size[1] // step + 1):
        for column in range(size[0] // step + 1):
            x, y = column * step + (row % 2) * step // 2 - side // 2, row * step - side // 4
            if x < deep or y < deep or x + side > size[0] - deep or y + side > size[1] - deep:
                mask.paste(faint[(row + column) % len(kinds)], (x, y))
    return mask


def scene(size: tuple[int, int], main: Colour, second: Colour) -> Image.Image:
    """Light from behind, rays, and a floor."""
    ground = gradient(size, lighter(main, 0.52), lighter(second, 0.36), 1.0)
    rays = Image.new("L", size, 0)
    pen = ImageDraw.Draw(rays)
    middle, far = (size[0] / 2, size[1] * 0.46), size[0]
    for i in range(14):
        angle = 2 * math.pi * i / 14
        ends = [
            (middle[0] + far * math.cos(angle + turn), middle[1] + far * math.sin(angle + turn))
            for turn in (0, 0.2)
        ]
        pen.polygon([middle, *ends], fill=46)
    ground.paste((255, 255, 255), (0, 0), _blurred(rays, 2))
    glow = ImageChops.invert(Image.radial_gradient("L")).resize((round(size[0] * 1.1), round(size[1] * 1.25)))
    glow = glow.point([min(255, round(value**1.5 / 255**0.5)) for value in range(256)])
    ground.paste(
        (255, 255, 255), (round(middle[0] - glow.width / 2), round(middle[1] - glow.height / 2)), glow
    )
    floor = Image.new("L", size, 0)
    ImageDraw.Draw(floor).ellipse((-size[0] * 0.2, size[1] * 0.80, size[0] * 1.2, size[1] * 1.5), fill=120)
    ground.paste(mix(main, second, 0.5), (0, 0), _blurred(floor, 1))
    return ground


def sparkled(scene: Image.Image) -> Image.Image:
    """The light of a shiny one."""
    tinted = Image.blend(scene, rainbow(scene.size), 0.22)
    pen = ImageDraw.Draw(tinted)
    for i in range(26):
        x = (i * 0.61803 % 1) * scene.width
        y = (i * 0.41421 % 1) * scene.height
        far = scaled(4 + (i * 7) % 9)
        ends = [
            (x + r * math.sin(math.pi * turn / 4), y - r * math.cos(math.pi * turn / 4))
            for turn in range(8)
            for r in [(far, far * 0.28)[turn % 2]]
        ]
        pen.polygon(ends, fill=(255, 255, 255))
    return tinted


def stand(scene: Image.Image, art: bytes) -> None:
    """Put the creature on the floor of the scene, as large as fits, with its shadow."""
    with Image.open(io.BytesIO(art)) as opened:
        picture = opened.convert("RGBA")
    box = picture.getchannel("A").point([255 * (value > 24) for value in range(256)]).getbbox()
    if box is None:
        return
    picture = picture.crop(box)
    room = (scene.width * 0.80, scene.height * 0.80)
    scale = min(room[0] / picture.width, room[1] / picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    picture = picture.resize(size, Image.Resampling.LANCZOS)
    place = ((scene.width - size[0]) // 2, round(scene.height * 0.915) - size[1])
    shadow = Image.new("L", scene.size, 0)
    foot = place[1] + size[1]
    half = size[0] * 0.42
    ImageDraw.Draw(shadow).ellipse(
        (scene.width / 2 - half, foot - scaled(16), scene.width / 2 + half, foot + scaled(14)), fill=110
    )
    scene.paste((24, 22, 40), (0, 0), _blurred(shadow, 7))
    scene.paste(picture, place, picture)
