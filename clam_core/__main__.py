"""Command line: `python -m clam_core STEP STUDY [options]`, one sub-command per step."""

from __future__ import annotations

import typer

from clam_core import __version__
from clam_core.commands import app as browser
from clam_core.commands import associations, data, demo, method, report

app = typer.Typer(
    name="clam_core",
    help="Groups medical scans by how they look. Research use only.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def version() -> None:
    """Print the version."""
    typer.echo(__version__)


for step in (
    demo.demo,
    demo.run,
    data.create,
    data.clinical,
    associations.lung_function,
    associations.visits,
    data.preprocess,
    data.files,
    method.fit,
    method.select,
    method.localize,
    associations.associate,
    method.assign,
    method.export,
    report.report,
    browser.app,
    version,
):
    app.command()(step)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
