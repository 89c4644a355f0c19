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
    """Return a plot as PNG: of pyplot, a figure, or anything with `savefig` or `save`.

    Raises
    ------
    NotAMetric
        It has neither.
    """
    stream = io.BytesIO()
    for name in ("savefig", "save"):
        save = getattr(plot, name, None)
        if callable(save):
            save(stream, format="png")
            return stream.getvalue()
    way_out = ": use PIL.Image.fromarray" if hasattr(plot, "shape") else ""
    raise NotAMetric(
        f"{where} takes matplotlib.pyplot, a figure or a PIL image as plot, "
        f"got {type(plot).__name__}{way_out}"
    )
