"""`python -m run_widgets.supervisor <folder of a run>`, as `spawn` starts it."""

from __future__ import annotations

import sys
from pathlib import Path

from run_widgets.supervisor.process import carry

carry(Path(sys.argv[1]))
