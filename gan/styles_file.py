"""Style files: one W+ code as an .npz that other StyleGAN tools can read, too.

The array `w` is float32 [1, L, w_dim], as in the `projected_w.npz` of NVlabs' StyleGANs. Beside it stand
`noise_seed` and `checkpoint` (its id), with which a picture can be drawn again exactly; both may be missing.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gan.config import NetworkConfig
from gan.errors import UserError
from gan.latents import SEED_MAX, Array

SUFFIX = ".npz"
MOST_BYTES = 16 * 2**20  # of one array, unpacked: more than the largest network needs


class StylesError(UserError, ValueError):
    """A style file that cannot be used. Its text is fit to show to a user."""


@dataclass(frozen=True, eq=False)
class Styles:
    """One creature's styles."""

    w_plus: Array  # float32 [L, w_dim]
    noise_seed: int | None = None
    checkpoint_id: str | None = None


def to_npz(styles: Styles) -> bytes:
    """The bytes of a style file. The same styles always give the same bytes."""
    arrays: dict[str, np.ndarray] = {"w": styles.w_plus[None].astype(np.float32)}
    if styles.noise_seed is not None:
        arrays["noise_seed"] = np.array(styles.noise_seed, np.int64)
    if styles.checkpoint_id is not None:
        arrays["checkpoint"] = np.array(styles.checkpoint_id, np.str_)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def read_styles(path: Path, config: NetworkConfig) -> Styles:
    """The styles in a file, for a network of this description. Pickled content is never read.

    Raises `StylesError` for a file that is missing, damaged or foreign, and for a `w` of another shape or
    type, or that is not finite.
    """
    arrays = _read_arrays(path)
    if "w" not in arrays:
        raise StylesError(f"{path} holds no styles: there is no array named w in it.")
    w, expected = arrays["w"], (1, config.num_layers, config.w_dim)
    if w.dtype != np.float32:
        raise StylesError(f"The styles in {path} are {w.dtype}, not float32.")
    if w.shape != expected:
        raise StylesError(
            f"The styles in {path} have the shape {list(w.shape)}, but this checkpoint "
            f"needs {list(expected)}."
        )
    if not np.isfinite(w).all():
        raise StylesError(f"The styles in {path} hold numbers that are not finite.")
    return Styles(w[0], _noise_seed(path, arrays), _checkpoint_id(path, arrays))


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        with zipfile.ZipFile(path) as archive:  # first, because an array says its size only once it is read
            sizes = [entry.file_size for entry in archive.infolist()]
        if len(sizes) > 16 or max(sizes, default=0) > MOST_BYTES:
            raise StylesError(f"{path} is far too large for a style file.")
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in ("w", "noise_seed", "checkpoint") if name in file}
            if not all(isinstance(array, np.ndarray) for array in arrays.values()):
                raise ValueError("not arrays")  # NumPy hands over foreign entries as bytes
            return arrays
    except FileNotFoundError as error:
        raise StylesError(f"There is no style file at {path}.") from error
    except OSError as error:
        raise StylesError(f"{path} cannot be read: {error.strerror or error}.") from error
    except StylesError:
        raise
    except (ValueError, EOFError, KeyError, TypeError, AttributeError, MemoryError, NotImplementedError,
            RuntimeError, SyntaxError, zipfile.BadZipFile, zlib.error) as error:  # fmt: skip
        raise StylesError(f"{path} is not a style file (.npz), or it is damaged.") from error


def _noise_seed(path: Path, arrays: dict[str, np.ndarray]) -> int | None:
    seed = arrays.get("noise_seed")
    if seed is None:
        return None
    if seed.shape != () or seed.dtype.kind not in "iu" or not 0 <= int(seed) <= SEED_MAX:
        raise StylesError(f"The noise_seed in {path} is not a whole number from 0 to {SEED_MAX}.")
    return int(seed)


def _checkpoint_id(path: Path, arrays: dict[str, np.ndarray]) -> str | None:
    identity = arrays.get("checkpoint")
    if identity is None:
        return None
    if identity.shape != () or identity.dtype.kind != "U" or not str(identity).isalnum():
        raise StylesError(f"The checkpoint in {path} is not the id of a checkpoint.")
    return str(identity)
