"""Pictures that people log: what kind a file is, and a plot as PNG bytes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from run_widgets.errors import NoSuchFile, NotAMetric

if TYPE_CHECKING:
    from pathlib import Path

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
)


def media_type(head: bytes) -> str:
    """Return the media type of a picture by its first kilobyte, or "" for anything else."""
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if b"<svg" in head[:1024].lower():
        return "image/svg+xml"
    return ""


def image_kind(path: Path, where: str) -> str:
    """Return the media type of a picture file.

    Raises
    ------
    NoSuchFile
        There is no file `path`.
    NotAMetric
        It is not a PNG, JPEG, GIF, WebP, BMP, TIFF or SVG.
    """
    if not path.is_file():
        raise NoSuchFile(f"{where}: there is no file {str(path)!r}")
    with path.open("rb") as file:
        kind = media_type(file.read(1024))
    if not kind:
        raise NotAMetric(f"{where}: {str(path)!r} is not a PNG, JPEG, GIF, WebP, BMP, TIFF or SVG")
    return kind


def picture_of(plot: Any, where: str) -> bytes:
    """Return a plot as PNG.

    Of pyplot, a figure, a PIL image or anything else with `savefig` or `save`; of axes and
    displays that have a figure; of an array of pixels.

    Raises
    ------
    NotAMetric
        It is none of these, or its values are no pixels.
    """
    for owner in (plot, getattr(plot, "figure", None), getattr(plot, "figure_", None)):
        for name in ("savefig", "save"):
            save = getattr(owner, name, None)
            if callable(save):
                stream = io.BytesIO()
                save(stream, format="png")
                return stream.getvalue()
    if hasattr(plot, "__array__"):
        return _picture_of_pixels(plot, where)
    raise NotAMetric(f"{where} {_TAKES}, got {type(plot).__name__}")


_TAKES = (
    "takes matplotlib.pyplot, a figure, axes, a PIL image or an array of pixels, "
    "height × width (× 1, 3 or 4), as plot"
)


def _picture_of_pixels(plot: Any, where: str) -> bytes:
    import numpy as np

    pixels = np.asarray(plot)
    is_flat = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (1, 3, 4))
    if not is_flat or not pixels.size or pixels.dtype.kind not in "buif":
        raise NotAMetric(f"{where} {_TAKES}, got an array of {pixels.dtype} {pixels.shape}")
    top = 255 if pixels.dtype.kind in "ui" else 1
    low, high = pixels.min(), pixels.max()
    if not (low >= 0 and high <= top):  # nor where one is NaN
        raise NotAMetric(
            f"{where} has {pixels.dtype} pixels from {low} to {high}: "
            "integers must be 0 to 255, floats 0 to 1"
        )
    try:
        from PIL import Image
    except ImportError as error:
        raise NotAMetric(f"{where} needs Pillow for arrays: pip install pillow") from error
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    levels = (pixels * (255 // top)).round().astype(np.uint8)
    return picture_of(Image.fromarray(levels), where)
