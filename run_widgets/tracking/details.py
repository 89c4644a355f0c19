"""A run's facts and logs under the names that people know."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from run_widgets.errors import NotAFolder
from run_widgets.store.layout import log_names
from run_widgets.tracking.files import Files

if TYPE_CHECKING:
    from run_widgets.records import RunError


class Details(Files):
    """The facts of a run, and its logs."""

    def get_details(self) -> dict[str, Any]:
        """Return the run's facts under the names that people know; absent what it has not."""
        record = self._refresh()
        details: dict[str, Any] = {
            "runId": record.id,
            "target": record.target,
            "status": record.status.value,
            "startTimeUtc": _iso(record.started_at),
            "endTimeUtc": _iso(record.ended_at),
            "services": {},
            "error": _error_details(record.error),
            "warnings": None,
            "properties": dict(record.properties),
            "inputDatasets": [],
            "outputDatasets": [],
            "runDefinition": {"script": record.script, "arguments": list(record.arguments)}
            if record.script
            else None,
            "logFiles": {
                name: str(self.store.file_path(self.id, name)) for name in self._log_names()
            },
            "submittedBy": record.created_by or None,
        }
        return {key: value for key, value in details.items() if value is not None}

    def get_details_with_logs(self) -> dict[str, Any]:
        """Return `get_details` with the content of each log instead of its place."""
        details = self.get_details()
        details["logFiles"] = {
            name: Path(path).read_text(errors="replace")
            for name, path in details["logFiles"].items()
        }
        return details

    def get_all_logs(self, destination: str | Path | None = None) -> list[str]:
        """Copy every log into the folder `destination`, and return where to.

        Raises
        ------
        NotAFolder
            `destination` is a file.
        """
        top = Path(destination) if destination is not None else Path()
        if top.exists() and not top.is_dir():
            raise NotAFolder(f"get_all_logs writes into a folder, got the file {str(top)!r}")
        return [str(self.download_file(name, top / name)) for name in self._log_names()]

    def _log_names(self) -> list[str]:
        return log_names(self.get_file_names())


def _error_details(error: RunError | None) -> dict[str, Any] | None:
    if error is None:
        return None
    details: dict[str, Any] = {"code": error.code}
    if error.message:
        details["message"] = error.message
    if error.type:
        details["debugInfo"] = {"type": error.type, "stackTrace": error.traceback}
    return {"error": details}


def _utc(at: Any) -> datetime | None:
    return datetime.fromtimestamp(at, UTC) if isinstance(at, int | float) else None


def _iso(at: float | None) -> str | None:
    moment = _utc(at)
    return (
        None if moment is None else moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
    )
