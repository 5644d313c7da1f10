"""Command line: `python -m clam_core STEP STUDY [options]`, one sub-command per step."""

from __future__ import annotations

import typer

from clam_core import __version__
from clam_core.command_line import app as browser
from clam_core.command_line.sub_command import sub_command
from clam_core.pipeline.declared_steps import STEPS


def make_app() -> typer.Typer:
    """The command line with a sub-command of every step."""
    app = typer.Typer(
        name="clam_core",
        help="Groups medical scans by how they look. Research use only.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    for step in STEPS.values():
        if step.has_command:
            app.command()(sub_command(step))
    app.command()(browser.app)
    app.command()(version)
    return app


def version() -> None:
    """Print the version."""
    typer.echo(__version__)


app = make_app()


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
