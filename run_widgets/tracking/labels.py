"""Tags, which change, and properties, which never do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from run_widgets.errors import (
    BadArgument,
    BadType,
    PropertyConflict,
)
from run_widgets.tracking.handle import Handle

if TYPE_CHECKING:
    from run_widgets.store.local import Document, Labels


class Labelled(Handle):
    """The labels of a run."""

    @property
    def tags(self) -> dict[str, str | None]:
        """The tags when they were last read; `get_tags` reads them again."""
        return dict(self._record.tags)

    def get_tags(self) -> dict[str, str | None]:
        """Read the tags."""
        return dict(self._refresh().tags)

    def tag(self, key: str, value: object = None) -> None:
        """Add or change one tag, also after the run has ended."""
        self.set_tags({key: value})

    def set_tags(self, tags: str | Mapping[str, object]) -> None:
        """Add or change tags; others stay. A text is a tag without value."""
        new = texts({tags: None} if isinstance(tags, str) else tags)
        self._update(lambda known: known.setdefault("tags", {}).update(new))

    def remove_tags(self, tags: str | Iterable[str]) -> dict[str, str | None]:
        """Remove tags by key, those that are there; return what is left."""
        return dict(self._update(lambda known: drop(known.setdefault("tags", {}), tags)).tags)

    @property
    def properties(self) -> dict[str, str | None]:
        """The properties when they were last read."""
        return dict(self._record.properties)

    def get_properties(self) -> dict[str, str | None]:
        """Read the properties."""
        return dict(self._refresh().properties)

    def add_properties(self, properties: Mapping[str, object] | None) -> None:
        """Add properties, which never change once they are there.

        Raises
        ------
        PropertyConflict
            One is there with another value; nothing was added.
        """
        new = texts(properties or {})
        if not new:
            return

        def add(known: Document) -> None:
            there = known.setdefault("properties", {})
            for key, value in new.items():
                if key in there and there[key] != value:
                    raise PropertyConflict(
                        f"property {key!r} is {there[key]!r} for good and cannot become {value!r}: "
                        "use a tag for what changes"
                    )
            there.update(new)

        self._update(add)


def texts(values: Mapping[str, object]) -> dict[str, str | None]:
    """Return labels with their values as text; None stays."""
    if not isinstance(values, Mapping):
        raise BadType(f"tags and properties are given as a dict, got {values!r}")
    for key in values:
        if not isinstance(key, str) or not key:
            raise BadType(f"a tag or property needs a non-empty string as its key, got {key!r}")
    return {key: None if value is None else str(value) for key, value in values.items()}


def drop(values: dict[str, Any], keys: str | Iterable[str]) -> None:
    """Remove one key or several, those that are there."""
    for key in [keys] if isinstance(keys, str) else keys:
        values.pop(key, None)


def checked_labels(labels: Any, what: str) -> Labels:
    """Return a filter by labels, or raise BadArgument for what cannot be one."""
    if labels is None or isinstance(labels, str):
        return labels
    if isinstance(labels, Mapping):
        return {str(key): None if value is None else str(value) for key, value in labels.items()}
    raise BadArgument(f"the filter {what} must be a key or a dict, got {labels!r}")


def has_labels(values: Mapping[str, Any], labels: Labels) -> bool:
    """Tell whether `values` has the one key, or every pair, of the filter `labels`."""
    if labels is None or isinstance(labels, str):
        return labels is None or labels in values
    return all(key in values and values[key] == value for key, value in labels.items())
