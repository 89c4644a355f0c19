"""What is shipped for browsers: the built bundles, and the licences of what is in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import run_widgets
from run_widgets.front_end import notices

PACKAGE = Path(run_widgets.__file__).parent


@pytest.mark.parametrize(
    ("bundle", "others"),
    [
        ("index", ["slickgrid", "sortablejs"]),
        ("page", ["slickgrid", "sortablejs", "@lumino/widgets", "@jupyter-widgets/base", "jquery"]),
    ],
)
def test_a_bundle_has_the_licences_of_what_is_in_it(bundle: str, others: list[str]) -> None:
    text = (PACKAGE / "nbextension" / f"{bundle}.licenses.txt").read_text()

    for name in others:
        assert f"{name} " in text
    assert "Permission is hereby granted" in text


def test_the_labextension_has_the_licences_of_what_is_in_it() -> None:
    file = PACKAGE / "labextension" / "static" / "third-party-licenses.json"

    packages = {each["name"]: each for each in json.loads(file.read_text())["packages"]}

    assert {"slickgrid", "sortablejs"} <= set(packages)
    assert all(each["extractedText"] for each in packages.values())


def test_an_exported_file_can_have_them_too() -> None:
    assert "jquery" in notices()
