"""CPU, memory and GPU use of this machine while a run goes on, as metrics of the run."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

import psutil

from run_widgets.errors import BadArgument

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY_S = 10.0


class Monitor:
    """Samples until it is stopped, or until the run takes no more.

    `put(name, value)` keeps one number. Names: ``system/cpu_percent`` and
    ``system/memory_percent`` of the machine, ``system/process_memory_mib`` of
    this process, and for each NVIDIA GPU, where ``nvidia-ml-py`` is installed,
    ``system/gpu0_percent`` and ``system/gpu0_memory_percent``.
    """

    def __init__(self, put: Callable[[str, float], None], every_s: float = EVERY_S) -> None:
        if not every_s > 0:
            raise BadArgument(f"system metrics need a period above 0 s, got {every_s!r}")
        self._put = put
        self._every_s = every_s
        self._stopped = threading.Event()
        self._process = psutil.Process()
        self._gpus = _gpus()
        self._thread = threading.Thread(target=self._run, name="run-widgets-monitor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the sampling with one last sample."""
        if not self._stopped.is_set():
            self._stopped.set()
            self._thread.join(timeout=1)

    def sample(self) -> dict[str, float]:
        """Return the use since the last sample, in percent and MiB."""
        sample = {
            "system/cpu_percent": psutil.cpu_percent(),
            "system/memory_percent": psutil.virtual_memory().percent,
            "system/process_memory_mib": self._process.memory_info().rss / 2**20,
        }
        for number, gpu in enumerate(self._gpus):
            with contextlib.suppress(Exception):  # the driver's own errors, of a GPU that left
                sample |= _gpu_sample(number, gpu)
        return sample

    def _run(self) -> None:
        # The first call of a thread only sets where its next one counts from.
        psutil.cpu_percent()
        going = True
        while going:
            going = not self._stopped.wait(self._every_s)
            try:
                for name, value in self.sample().items():
                    self._put(name, value)
            except Exception:  # the run has ended, or the machine tells nothing: so be it
                return


def _gpus() -> list[Any]:
    try:
        import pynvml

        pynvml.nvmlInit()
        return [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
    except Exception:  # not installed, or no driver: the library has its own errors for each
        return []


def _gpu_sample(number: int, gpu: Any) -> dict[str, float]:
    import pynvml

    memory = pynvml.nvmlDeviceGetMemoryInfo(gpu)
    return {
        f"system/gpu{number}_percent": float(pynvml.nvmlDeviceGetUtilizationRates(gpu).gpu),
        f"system/gpu{number}_memory_percent": 100.0 * memory.used / memory.total,
    }
