"""Every error a caller may want to catch.

RunWidgetsError
├── ExperimentNotFound   the workspace has no experiment with that name
├── RunNotFound          the workspace has no run with that id
├── RunExists            a new run asked for an id that is taken
├── RunGoesOn            a run that goes on elsewhere was to be deleted
├── RunClosed            a write came after the run reached a final status
├── RunFailed            `wait_for_completion` met a run that failed
├── NotAMetric           a value that no `log` method can keep (also TypeError)
├── MetricConflict       one name was logged in two ways that do not go together
├── PropertyConflict     a property was given a second, different value
├── BadArgument          an argument that cannot be, or not beside the others
│   └── BadType          an argument of a type that it cannot have
├── MetricNotFound       the run has no metric with that name
├── NoSuchFile           there is no file to upload or log
├── NotAFolder           a folder was asked for, and it is a file or nothing
├── FileNotInRun         the run has no file with that name
├── FileConflict         a file's name is taken by different content
├── BadName              a name that cannot be kept or is not safe
│   └── NotAName         a name that is not text
├── NoRunHere            `Run.get_context(allow_offline=False)` outside a submitted run
├── ModelNotFound        the workspace has no model with that name or version
├── NotAvailable         a part of Azure ML that needs Azure: a cluster, a datastore, …
├── AzuremlInstalled     the import alias would hide a real azureml
├── SnapshotError        a source folder that cannot be snapshotted
├── SubmitError          a script or notebook that cannot be run as it is described
└── StoreUnavailable     the folder of the store cannot be read or written
"""

from __future__ import annotations


class RunWidgetsError(Exception):
    """Base of every error this package raises on purpose."""

    @property
    def message(self) -> str:
        """The text, under the name that Azure ML's errors have for it."""
        return str(self)


class ExperimentNotFound(RunWidgetsError, LookupError):
    """The workspace has no experiment with that name."""


class RunNotFound(RunWidgetsError, LookupError):
    """The workspace has no run with that id."""


class RunExists(RunWidgetsError, ValueError):
    """A new run asked for an id that another run has."""


class RunGoesOn(RunWidgetsError, RuntimeError):
    """A run that goes on elsewhere was to be deleted."""


class RunClosed(RunWidgetsError, RuntimeError):
    """A write came after the run reached a final status."""


class RunFailed(RunWidgetsError, RuntimeError):
    """`wait_for_completion` met a run that failed; the text has its error."""


class NotAMetric(RunWidgetsError, TypeError):
    """A value that the called `log` method cannot keep."""


class MetricConflict(RunWidgetsError, ValueError):
    """One name was logged in two ways that cannot be read back as one."""


class PropertyConflict(RunWidgetsError, ValueError):
    """A property, which never changes, was given a second, different value."""


class BadArgument(RunWidgetsError, ValueError):
    """An argument that cannot be, or not beside the others; the text has its value."""


class BadType(BadArgument, TypeError):
    """An argument of a type that it cannot have."""


class MetricNotFound(RunWidgetsError, KeyError):
    """The run has no metric with that name."""

    __str__ = Exception.__str__  # a KeyError's would be in quotes


class NoSuchFile(RunWidgetsError, FileNotFoundError):
    """There is no file to upload or to log at that path."""


class NotAFolder(RunWidgetsError, NotADirectoryError):
    """A folder was asked for, and there is a file or nothing."""


class FileNotInRun(RunWidgetsError, FileNotFoundError):
    """The run has no file with that name."""


class FileConflict(RunWidgetsError, FileExistsError):
    """The run has a file with that name and other content."""


class BadName(RunWidgetsError, ValueError):
    """A name that cannot be kept, or that would lead outside its folder."""


class NotAName(BadName, TypeError):
    """A name that is not a string."""


class NoRunHere(RunWidgetsError, RuntimeError):
    """`Run.get_context(allow_offline=False)` was called outside a submitted run."""


class ModelNotFound(RunWidgetsError, LookupError):
    """The workspace has no model with that name, version or label."""


class NotAvailable(RunWidgetsError, NotImplementedError):
    """A part of Azure ML that needs Azure; the text says what to do instead."""


class SnapshotError(RunWidgetsError, OSError):
    """A source folder that cannot be snapshotted."""


class AzuremlInstalled(RunWidgetsError, ImportError):
    """The import alias would hide a real azureml; `install(force=True)` does."""


class SubmitError(RunWidgetsError, ValueError):
    """A script or notebook that cannot be run as it is described."""


class StoreUnavailable(RunWidgetsError, OSError):
    """The folder of the store cannot be read or written."""
