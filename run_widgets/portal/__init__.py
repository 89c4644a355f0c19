"""The run's page: a Jupyter server extension that reads run files and asks no kernel.

Below the server's base URL, for its signed-in user alone:

```
run-widgets/                           every experiment
run-widgets/<experiment>               those of one
run-widgets/runs/<id>                  one run
run-widgets/files/<id>/<name>          one of its files, whole or in part
run-widgets/source/<id>/<name>         its notebook.ipynb, environment.json or snapshot.zip
run-widgets/source/<id>/snapshot/<name>   one file of its snapshot
run-widgets/api/runs[/<id>]            what these pages show, as strict JSON
run-widgets/api/live                   all runs at a glance: the whole, and then what is new
run-widgets/api/live/sparks            small curves of some of them
run-widgets/api/heard/<question>       POST: tell a kernel that asks so that a browser hears it
run-widgets/api/experiments/<name>/table   an experiment's runs: the whole, and then what is new
run-widgets/api/experiments/<name>/curves  one metric of several of its runs
run-widgets/api/runs/<id>/panel        what its panel shows, or what came since
run-widgets/api/runs/<id>/series       a stretch of one line, as fine as it was logged
run-widgets/api/runs/<id>/values       every value of some lines, as CSV
run-widgets/api/runs/<id>/rows         a window of one table's rows, sorted and searched
run-widgets/api/runs/<id>/source       what it was started from
run-widgets/api/runs/<id>/lines        where a file has a text
run-widgets/api/runs/<id>/log-times    when a log had come how far
run-widgets/api/runs/<id>/stop         POST: ask it to end
run-widgets/api/runs/<id>/resubmit     POST: run again what it ran, as a new run
run-widgets/export/<id>                the run as one HTML file
run-widgets/export/experiments/<name>  the experiment's list as one HTML file
run-widgets/assets/<name>              what draws the pages
```

A run is looked for in the workspace around the server's folder, then in the
person's own; ``?workspace=<folder>`` names another. Whatever it names, nothing
but the runs of a workspace is ever read.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.serverapp import ServerApp

from run_widgets.portal import (
    experiments,
    exports,
    files,
    heard,
    live,
    pages,
    panel,
    rows,
    runs,
    series,
    values,
)
from run_widgets.portal.shelf import Shelf
from run_widgets.servers import MARK
from run_widgets.tracking import Workspace


class PortalServer(ServerApp):
    """What is behind a portal of its own: signing in and ending it, no kernels and no folders."""

    default_services = ("api", "auth", "security", "shutdown")  # type: ignore[assignment]


class RunPortal(ExtensionApp):
    """The pages, inside Jupyter or as a server of their own."""

    serverapp_class = PortalServer

    name = "run_widgets"
    extension_url = "/run-widgets/"
    default_url = "/run-widgets/"
    load_other_extensions = False

    @classmethod
    def get_extension_package(cls) -> str:
        """Return where a server of its own finds `_jupyter_server_extension_points`."""
        return __name__

    def initialize_settings(self) -> None:
        assert self.serverapp is not None
        root = Path(self.serverapp.root_dir or ".").absolute()
        # From the top of the drive there is nothing upwards: that is the person's own.
        folders = [Workspace.from_config(root).path, Workspace.from_config(root.anchor).path]
        self.settings["run_widgets_shelf"] = Shelf(list(dict.fromkeys(folders)))
        self._mark = Path(self.serverapp.runtime_dir, f"{MARK}{os.getpid()}")
        if self.serverapp.starter_app is self:
            self._mark.touch()  # panels without a server of theirs link here

    def initialize_handlers(self) -> None:
        at = r"/run-widgets"
        run = rf"{at}/api/runs/([^/]+)"
        self.handlers += [
            (rf"{at}/api/runs", runs.RunsHandler),
            (rf"{at}/api/experiments/([^/]+)/table", experiments.TableHandler),
            (rf"{at}/api/experiments/([^/]+)/curves", experiments.CurvesHandler),
            (rf"{at}/api/live", live.NewsHandler),
            (rf"{at}/api/live/sparks", live.SparksHandler),
            (rf"{at}/api/heard/([^/]+)", heard.HeardHandler),
            (run, runs.RunHandler),
            (rf"{run}/panel", panel.PanelHandler),
            (rf"{run}/series", series.SeriesHandler),
            (rf"{run}/values", values.ValuesHandler),
            (rf"{run}/rows", rows.RowsHandler),
            (rf"{run}/source", runs.SourceHandler),
            (rf"{run}/code", runs.CodeHandler),
            (rf"{run}/lines", runs.LinesHandler),
            (rf"{run}/log-times", runs.LogTimesHandler),
            (rf"{run}/stop", runs.StopHandler),
            (rf"{run}/edit", runs.EditHandler),
            (rf"{run}/delete", runs.DeleteHandler),
            (rf"{run}/resubmit", runs.ResubmitHandler),
            (rf"{at}/export/experiments/([^/]+)", exports.ExperimentExportHandler),
            (rf"{at}/export/([^/]+)", exports.ExportHandler),
            (rf"{at}/assets/([^/]+)", pages.AssetHandler),
            (rf"{at}/files/([^/]+)/(.+)", files.FileHandler),
            (rf"{at}/source/([^/]+)/snapshot/(.+)", files.SnapshotHandler),
            (rf"{at}/source/([^/]+)/([^/]+)", files.SourceFileHandler),
            (rf"{at}/runs/[^/]+", pages.PageHandler, {"page": "run.html"}),
            (rf"{at}/?", pages.PageHandler, {"page": "list.html"}),
            (rf"{at}/[^/]+", pages.PageHandler, {"page": "list.html"}),
        ]

    async def stop_extension(self) -> None:
        self._mark.unlink(missing_ok=True)
        self.settings["run_widgets_shelf"].close()


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": "run_widgets.portal", "app": RunPortal}]
