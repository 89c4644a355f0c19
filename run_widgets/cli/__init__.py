"""The command line: `run-widgets list | show | log | …`, and the same as ``python -m run_widgets``.

`look`, `take`, `bring`, `start`, `end` and `beside` have the commands; `which` tells which
run is meant, `plain` makes logged text fit for a terminal, and `screen` draws
tables and what goes on.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from run_widgets import __version__, errors
from run_widgets.cli import beside, bring, end, look, start, take
from run_widgets.cli.plain import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

OK, FAILED, WRONG_USE, NOT_FOUND, UNAVAILABLE, INTERRUPTED = 0, 1, 2, 3, 4, 130

EXIT_CODES = """
\b
Exit codes:
  0    done
  1    the run failed or was canceled, a check failed, a file could not be
       copied, or two runs differ
  2    wrong use
  3    there is no such run, experiment, model or file
  4    the store cannot be read or written
  130  ended by Ctrl-C
"""

_NOT_FOUND = (
    errors.RunNotFound,
    errors.ExperimentNotFound,
    errors.FileNotInRun,
    errors.ModelNotFound,
    FileNotFoundError,
)


@click.group(
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="run-widgets")
def app() -> None:
    """Look at tracked runs and run new ones.

    RUN is a run's id or its beginning, EXPERIMENT/NUMBER, EXPERIMENT/latest,
    latest, or the path of a run's folder.
    """


for command in (
    *look.COMMANDS,
    *take.COMMANDS,
    *bring.COMMANDS,
    *start.COMMANDS,
    *end.COMMANDS,
    *beside.COMMANDS,
):
    app.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what `arguments` say, default: the process's, and exit with a code from `EXIT_CODES`."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal or file of another encoding gets a "?" for what it does not know.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    sys.exit(_exit_code(arguments))


def _exit_code(arguments: Sequence[str] | None) -> int:
    try:
        code = app.main(
            None if arguments is None else [*arguments],
            prog_name="run-widgets",
            standalone_mode=False,
        )
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort as abort:
        if isinstance(abort.__cause__, KeyboardInterrupt):
            return INTERRUPTED
        click.echo("Nothing done.", err=True)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output, such as `head`, has had enough; Python must not
        # complain about it while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except _NOT_FOUND as error:
        return _say(error, NOT_FOUND)
    except errors.StoreUnavailable as error:
        return _say(error, UNAVAILABLE)
    except (errors.RunWidgetsError, ValueError) as error:
        return _say(error, WRONG_USE)
    except OSError as error:
        return _say(error, UNAVAILABLE)
    return code if isinstance(code, int) else OK


def _say(error: Exception, code: int) -> int:
    click.echo(f"Error: {clean(str(error))}", err=True)
    return code
