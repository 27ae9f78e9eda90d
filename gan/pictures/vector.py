"""SVG drawings: made harmless, then rendered by resvg in a process of their own.

A drawing may name files of this machine, entities without end, or groups nested until the renderer's stack
overflows; and a renderer that runs wild cannot be stopped from within. So the drawing is parsed here and
written anew without what leads out of it, and the renderer may crash, hang or eat memory for itself alone.
"""

from __future__ import annotations

import base64
import importlib.util
import io
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

from PIL import Image

from gan.pictures.errors import MOST_PIXELS, PictureError

RENDERER = Path(__file__).with_name("render_vector.py")
MOST_BYTES = 32 << 20
MOST_DEPTH = 512  # elements within elements
TIMEOUT_S = 60
EMBEDDED = re.compile(r"\s*data:image/(?:png|jpe?g|gif|webp);base64,", re.IGNORECASE)
OUTSIDE_URL = re.compile(r"""url\((?!\s*['"]?\s*#)[^)]*\)""", re.IGNORECASE)


def can_render() -> bool:
    """Whether vector drawings can be read: resvg-py is an optional package."""
    return importlib.util.find_spec("resvg_py") is not None


def render(path: Path, side: int) -> bytes:
    """The PNG of an SVG file, its longer side `side` pixels. Sizes may be in any unit, or missing.

    Nothing outside of the file is read: neither linked pictures nor fonts. Raises `PictureError`.
    """
    if not can_render():
        raise PictureError("SVG drawings need resvg-py: run `make retrain-ready`, or leave them out")
    if path.stat().st_size > MOST_BYTES:
        raise PictureError(f"it is too large: a drawing may have {MOST_BYTES >> 20} MB")
    drawing = harmless(path.read_bytes())
    # -P: never a module that happens to lie beside the script.
    command = [sys.executable, "-P", str(RENDERER), str(side)]
    try:
        done = subprocess.run(command, input=drawing, capture_output=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise PictureError(f"the renderer was not done with it after {TIMEOUT_S} seconds") from error
    if done.returncode == 1:
        raise PictureError(f"it is damaged ({done.stderr.decode(errors='replace').strip()})")
    if done.returncode != 0:
        raise PictureError("the renderer failed: it is too complex")
    return done.stdout


def harmless(svg: bytes) -> bytes:
    """The same drawing without links that lead out of it. Raises `PictureError`."""
    if not svg.strip():
        raise PictureError("it is empty")
    try:
        root = ET.fromstring(svg, ET.XMLParser(target=_Shallow()))  # entities of other files are errors
    except (ET.ParseError, LookupError, ValueError) as error:  # an encoding may be unknown, or broken
        raise PictureError(f"it is damaged ({error})") from error
    if root.tag.rpartition("}")[2] != "svg":
        raise PictureError("it is not a drawing, whatever its name says")
    pixels = 0
    for element in root.iter():
        for name, value in list(element.attrib.items()):
            if name.rpartition("}")[2] == "href":
                size = _embedded_pixels(value)
                pixels += size or 0
                if size is None and not value.lstrip().startswith("#"):
                    del element.attrib[name]
            elif "url(" in value.lower():
                element.attrib[name] = OUTSIDE_URL.sub("none", value)
        if element.text and "url(" in element.text.lower():
            element.text = OUTSIDE_URL.sub("none", element.text)
    if pixels > MOST_PIXELS:
        raise PictureError("it is too large: the pictures within it have too many pixels")
    return ET.tostring(root, encoding="utf-8")


class _Shallow(ET.TreeBuilder):
    """Refuses elements that are nested too deep, before their tree is walked by recursion."""

    depth = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> ET.Element:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise PictureError(f"its elements are nested too deep: at most {MOST_DEPTH} are drawn")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> ET.Element:
        self.depth -= 1
        return super().end(tag)


def _embedded_pixels(link: str) -> int | None:
    """How many pixels a picture has that is written into its link; None for any other link."""
    start = EMBEDDED.match(link)
    if start is None:
        return None
    try:
        content = io.BytesIO(base64.b64decode(link[start.end() :]))
        with Image.open(content, formats=("PNG", "JPEG", "GIF", "WEBP")) as image:
            return image.width * image.height
    except Image.DecompressionBombError:
        return MOST_PIXELS + 1
    except Exception:  # no picture: it is left out
        return None
