"""`import azureml` in a process that was started where run-widgets' alias is installed.

This folder's parent is on ``PYTHONPATH`` there. What is imported here puts the
alias in this module's place, and Python hands that out.
"""

import importlib

try:
    from run_widgets import azureml as _alias
except ImportError as error:
    raise ImportError(
        "azureml is run-widgets' alias in this process (RUN_WIDGETS_AZUREML is set), "
        "and this Python has no run-widgets: pip install run-widgets"
    ) from error

_alias.install(force=True)
importlib.import_module("azureml")
