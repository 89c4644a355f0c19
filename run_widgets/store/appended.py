"""Points written with a call each, for drives that cannot be mapped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from run_widgets.store.layout import POINT_BYTES, STEPPED
from run_widgets.store.pair import FilePair, Tail, copy
from run_widgets.store.writer import Plain, Writer

if TYPE_CHECKING:
    import struct
    from collections.abc import Mapping


class AppendWriter(Writer):
    """Appends points to the file: one at a time, or all that are put together."""

    def _start(self) -> None:
        super()._start()
        self._points = Tail()
        self._is_gathering = False

    def put(self, name: str, value: Plain, step: int | None) -> None:
        self._alone(self._put_alone, name, value, step)

    def _put_all_alone(self, values: Mapping[str, Plain], step: int | None, at: float) -> None:
        self._is_gathering = True
        try:
            super()._put_all_alone(values, step, at)
        finally:
            self._is_gathering = False
            self._append()

    def _take(
        self, form: struct.Struct, value: float | int, at: float, step: int | None, mark: int
    ) -> None:
        if step is None:
            point = form.pack(value, at, 0, mark)
        else:
            point = form.pack(value, at, step, mark + STEPPED)
        if self._is_full(POINT_BYTES):
            self._dropped += 1
            return
        self._points.add(point)
        if not self._is_gathering:
            self._append()

    def _append(self) -> None:
        if self._pair is not None and not self._problem:
            try:
                self._points.save(self._pair.points)
            except OSError as error:
                self._complain(error)

    def _points_in_memory(self) -> int:
        return self._points.in_memory

    def _save_points(self, pair: FilePair) -> None:
        self._points.save(pair.points)

    def _copy_points(self, old: FilePair, new: FilePair) -> None:
        copy(old.points, new.points, self._points.saved)

    def _stop(self) -> int:
        return self._points.saved
