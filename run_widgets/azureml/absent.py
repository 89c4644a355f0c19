"""What stands for a part of Azure ML that cannot exist on one machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from run_widgets.errors import NotAvailable, RunWidgetsError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Absent:
    """A name that can be imported, passed on and asked for its attributes, but not used.

    Parameters
    ----------
    name
        What it is called, for the message.
    advice
        What to do instead; it ends the sentence.
    """

    def __init__(self, name: str, advice: str) -> None:
        self.__name__ = name.rpartition(".")[2]
        self._name = name
        self._advice = advice

    def _refuse(self) -> NoReturn:
        raise NotAvailable(f"{self._name} needs Azure, which is not here: {self._advice}")

    def __getattr__(self, name: str) -> Absent:
        if name.startswith("_"):
            # Python, IPython and pickle ask for many of these, and must hear no.
            raise AttributeError(name)
        return Absent(f"{self._name}.{name}", self._advice)

    def __call__(self, *arguments: object, **options: object) -> NoReturn:
        del arguments, options
        self._refuse()

    def __getitem__(self, key: object) -> NoReturn:
        self._refuse()

    def __iter__(self) -> Iterator[Any]:
        self._refuse()

    def __enter__(self) -> NoReturn:
        self._refuse()

    def __exit__(self, *details: object) -> None: ...

    def __mro_entries__(self, bases: tuple[object, ...]) -> NoReturn:
        self._refuse()

    def __instancecheck__(self, instance: object) -> bool:
        return False  # since there can be none

    def __subclasscheck__(self, subclass: type) -> bool:
        return False

    def __repr__(self) -> str:
        return f"<{self._name}: needs Azure>"


class Nothing(dict[str, Any]):
    """A workspace's clusters, datastores, …: there are none, and asking for one says why."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__()
        self._what = what
        self._advice = advice

    def __missing__(self, key: str) -> NoReturn:
        raise NotAvailable(f"{self._what} {key!r} needs Azure, which is not here: {self._advice}")


class NeverRaised(RunWidgetsError):
    """An error that only Azure raises; it can be named in an `except`."""
