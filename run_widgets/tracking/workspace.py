"""Where experiments and runs are kept."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from run_widgets.errors import StoreUnavailable
from run_widgets.store import layout
from run_widgets.store.local import LocalStore
from run_widgets.tracking.handle import PORTAL_PATH
from run_widgets.tracking.show import html_table

if TYPE_CHECKING:
    from run_widgets.tracking.experiment import Experiment
    from run_widgets.tracking.run import Run


HOME_VARIABLE = "RUN_WIDGETS_HOME"
WORKSPACE_VARIABLE = "RUN_WIDGETS_WORKSPACE"
PROJECT_FOLDER = ".run-widgets"


class Workspace:
    """A folder of experiments and their runs.

    Parameters
    ----------
    path
        The folder; made when first written to. Default: as `from_config`.
    subscription_id, resource_group, workspace_name, **ignored
        What a workspace in the cloud was called; accepted, kept, and not used.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        resource_group: str = "",
        workspace_name: str = "",
        *,
        subscription_id: str = "",
        **ignored: object,
    ) -> None:
        del ignored
        root = _default_root(_here()) if path is None else _full(path)
        self.store = LocalStore(root)
        own_name = root.parent.name if root.name == PROJECT_FOLDER else root.name
        self.name = workspace_name or own_name
        self.subscription_id = subscription_id
        self.resource_group = resource_group
        self.location = "local"

    @classmethod
    def from_config(
        cls, path: str | Path | None = None, auth: object = None, **ignored: object
    ) -> Workspace:
        """Return the nearest workspace upwards from `path`, else the person's own.

        Upwards means: the folder is a workspace, or has one named
        ``.run-widgets``. The person's own is the folder that the environment
        variable ``RUN_WIDGETS_HOME`` names, else one in the platform's data folder.
        """
        del auth, ignored
        return cls(_default_root(_here() if path is None else _full(path)))

    @classmethod
    def get(cls, name: str = "", **ignored: object) -> Workspace:
        """Return the same workspace as `from_config`; names are the cloud's."""
        del name, ignored
        return cls.from_config()

    @property
    def path(self) -> Path:
        """The folder of the workspace."""
        return self.store.root

    @property
    def experiments(self) -> dict[str, Experiment]:
        """The experiments that are not archived, by name."""
        from run_widgets.tracking.experiment import Experiment

        return {experiment.name: experiment for experiment in Experiment.list(self)}

    def get_run(self, run_id: str) -> Run:
        """Return the run with that id, of any experiment.

        Raises
        ------
        RunNotFound
        """
        from run_widgets.tracking.experiment import Experiment
        from run_widgets.tracking.run import Run

        record = self.store.run(run_id)
        return Run(Experiment._of(self, record.experiment), run_id)

    def get_details(self) -> dict[str, str]:
        """Return name, id and location, as the cloud's would."""
        return {"name": self.name, "id": str(self.path), "location": self.location}

    @staticmethod
    def get_portal_url() -> str:
        """Return the page of all experiments, relative to the Jupyter server's base URL."""
        return PORTAL_PATH

    def write_config(self, path: str | Path | None = None, file_name: str = "") -> None:
        """Make this workspace the nearest one for everything below `path`.

        It does so where the workspace is `path`'s own ``.run-widgets`` folder;
        for another, set ``RUN_WIDGETS_HOME``.
        """
        del file_name
        folder = Path.cwd() if path is None else Path(path)
        if self.path != folder.absolute() / PROJECT_FOLDER:
            raise StoreUnavailable(
                f"{self.path} is not {folder / PROJECT_FOLDER}: set {HOME_VARIABLE}={self.path} "
                "to make it the default"
            )
        self.store.create_workspace()

    def __repr__(self) -> str:
        return f"Workspace({str(self.path)!r})"

    def _repr_html_(self) -> str:
        return html_table({"Name": self.name, "Path": self.path})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Workspace) and other.path == self.path

    def __hash__(self) -> int:
        return hash(self.path)


def _here() -> Path | None:
    """Return the current folder; None where somebody has removed it."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


def _full(path: str | Path) -> Path:
    try:
        return Path(path).expanduser().absolute()
    except (RuntimeError, FileNotFoundError) as error:  # no such user, no current folder
        raise StoreUnavailable(
            f"{str(path)!r} leads nowhere ({error}): name the whole path of the workspace"
        ) from error


def _default_root(start: Path | None) -> Path:
    inherited = os.environ.get(WORKSPACE_VARIABLE)
    if inherited:
        return Path(inherited)
    for folder in () if start is None else (start, *start.parents):
        # Not by methods of Path, which raise where a folder above may not be looked into.
        if os.path.isdir(folder / PROJECT_FOLDER):
            return folder / PROJECT_FOLDER
        if os.path.isfile(folder / layout.WORKSPACE_FILE):
            return folder
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return _full(home)
    import platformdirs

    try:
        own = platformdirs.user_data_path("run-widgets", appauthor=False)
    except RuntimeError:  # of some versions; others return the path with its ~
        own = Path()
    if not own.is_absolute():
        raise StoreUnavailable(
            "there is no home folder to keep runs in: "
            f"set {HOME_VARIABLE} to a folder, or make a folder {PROJECT_FOLDER} where you work"
        )
    return own
