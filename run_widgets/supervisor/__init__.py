"""What carries a submitted run outside the kernel: a small process of its own.

`launch` writes a `Plan` into the run's folder and starts the supervisor, which
belongs to no kernel, terminal or server. It waits for its turn (`queue`),
unpacks the source (`workcopy`), starts the command and follows it
(`process`), brings ``./outputs`` and ``./logs`` into the run while they grow
(`capture`), and says how it ended. The command writes its log itself, so no
byte of it goes through the supervisor, and goes on should that be killed.
"""

from __future__ import annotations
