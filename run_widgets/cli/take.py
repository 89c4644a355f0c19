"""The commands that take something out of a workspace: download and export."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from run_widgets.cli import plain
from run_widgets.cli.which import FILE, RUN, experiments, find_run, with_json, with_workspace
from run_widgets.errors import FileNotInRun
from run_widgets.tracking import Experiment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from run_widgets.records import FileEntry
    from run_widgets.tracking import Run, Workspace


# -- download --


@click.command(short_help="Copy files of a run.")
@click.argument("run", type=RUN)
@click.argument("names", nargs=-1, type=FILE)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to; default: ./EXPERIMENT-NUMBER.",
)
@click.option("--force", is_flag=True, help="Replace files that are there.")
@with_workspace
@with_json
def download(
    workspace: Workspace,
    run: str,
    names: tuple[str, ...],
    output: Path | None,
    force: bool,
    as_json: bool,
) -> int:
    """Copy files of a RUN: those that NAMES name, or are in the folders they name; else all."""
    chosen = find_run(workspace, run)
    folder = output or Path(f"{chosen.experiment.name}-{chosen.number}")
    entries = list(_chosen_files(chosen, names))
    targets = {entry.path: folder / entry.path for entry in entries}
    taken = [str(target) for target in targets.values() if target.exists()]
    if taken and not force:
        raise click.UsageError(
            f"{plain.one_line(taken[0])} exists ({len(taken)} of {len(targets)} do): "
            "choose another --output or pass --force"
        )
    done, problems = [], []
    for name, target in targets.items():
        try:
            source = chosen.store.file_path(chosen.id, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        except (FileNotInRun, OSError) as error:  # one file's trouble is not the others'
            problems.append(f"{name!r} was not copied: {error}")
        else:
            done.append(str(target))
    if as_json:
        click.echo(plain.to_json(done))
    else:
        for path in done:
            click.echo(plain.clean(path))
    for problem in problems:
        click.echo(plain.one_line(problem), err=True)
    return 1 if problems else 0


def _chosen_files(run: Run, names: tuple[str, ...]) -> Iterator[FileEntry]:
    entries = run.store.files(run.id)
    wanted = [name.strip("/") for name in names]
    for name in wanted:
        if not any(_is_in(entry, name) for entry in entries):
            available = ", ".join(entry.path for entry in entries[:20]) or "none"
            raise FileNotInRun(f"run {run.id!r} has no file {name!r}; its files: {available}")
    for entry in entries:
        if not wanted or any(_is_in(entry, name) for name in wanted):
            yield entry


def _is_in(entry: FileEntry, name: str) -> bool:
    if entry.path == name:
        return True
    folder = name.replace("\\", "/")
    return entry.path == folder or entry.path.startswith(f"{folder}/")


# -- export --


WRITERS: dict[str, Callable[[Run, Path], object]] = {
    ".html": lambda run, target: run.to_html(target),
    ".csv": lambda run, target: run.to_csv(target),
    ".parquet": lambda run, target: run.to_parquet(target),
}
"""What writes a run into a file, by the ending of the file's name."""

LIST_WRITERS: dict[str, Callable[[Experiment, Path], object]] = {
    ".html": lambda experiment, target: experiment.to_html(target),
    ".csv": lambda experiment, target: experiment.to_pandas().to_csv(target),
    ".parquet": lambda experiment, target: experiment.to_pandas().to_parquet(target),
}
"""The same for an experiment."""


@click.command(short_help="Write a run or an experiment into one file.")
@click.argument("run", metavar="RUN|EXPERIMENT", type=RUN)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file; its ending says what it is. Default: ./EXPERIMENT-NUMBER.html, "
    "or ./EXPERIMENT.html.",
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@with_workspace
@with_json
def export(workspace: Workspace, run: str, output: Path | None, force: bool, as_json: bool) -> None:
    """Write a RUN into one file: a page (.html), or its values as a table (.csv, .parquet).

    The name of an EXPERIMENT writes the page of its runs (.html), to sort, filter and compare,
    or a table with a row for each (.csv, .parquet).
    """
    if run in experiments(workspace):
        target = output or Path(f"{run}.html")
        write = partial(_writer(target, LIST_WRITERS, "an experiment"), Experiment(workspace, run))
    else:
        chosen = find_run(workspace, run)
        target = output or Path(f"{chosen.experiment.name}-{chosen.number}.html")
        write = partial(_writer(target, WRITERS, "a run"), chosen)
    if target.exists() and not force:
        raise click.UsageError(f"{plain.one_line(str(target))} exists: pass --force to replace it")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        write(target)
    except ImportError as error:  # of pandas, which writes Parquet with a package of its choice
        missing = error.name or "pyarrow"
        raise click.UsageError(
            f"{target.suffix} needs a package more: pip install {missing}"
        ) from None
    click.echo(plain.to_json(str(target)) if as_json else plain.clean(str(target)))


def _writer(
    target: Path, writers: Mapping[str, Callable[[Any, Path], object]], what: str
) -> Callable[[Any, Path], object]:
    write = writers.get(target.suffix.lower())
    if write is None:
        raise click.UsageError(
            f"{what} can be written as {', '.join(writers)}, not as {str(target)!r}"
        )
    return write


COMMANDS = (download, export)
