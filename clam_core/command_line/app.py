"""The app for the browser, from a checkout or from where the package is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from clam_core.command_line.host_names import ALLOWED_HOSTS, declared_hosts
from clam_core.errors import ClamError, MissingPackageError

_PACKAGE = Path(__file__).parents[1]


def app(
    studies: Annotated[
        Path, typer.Argument(help="Folder of the studies; made if it is not there.")
    ] = Path("studies"),
    port: Annotated[int, typer.Option(help="Port of the server.", min=1, max=65535)] = 8501,
    address: Annotated[
        str, typer.Option(help="Who can connect: 127.0.0.1 is this machine alone.")
    ] = "127.0.0.1",
    headless: Annotated[bool, typer.Option("--headless", help="Open no browser.")] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A further name under which it is reached, such as that of a proxy."),
    ] = None,
) -> None:
    """Open the app in the browser; other machines see nothing unless people log in."""
    names = [os.environ.get(ALLOWED_HOSTS, ""), *(allow_host or [])]
    try:
        hosts = declared_hosts(" ".join(names))
        script = app_script()
        studies.mkdir(parents=True, exist_ok=True)
    except ClamError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from None
    except OSError as error:
        typer.echo(
            f"Error: The folder {studies.name!r} cannot be made ({error.strerror}).", err=True
        )
        raise typer.Exit(2) from None
    options = {"port": str(port), "address": address, "headless": str(headless).lower()}
    flags = [f"--server.{name}={value}" for name, value in options.items()]
    command = [sys.executable, "-m", "streamlit", "run", str(script), *flags]
    given = {"CLAM_STUDIES": str(studies.absolute()), ALLOWED_HOSTS: ",".join(sorted(hosts))}
    _become(command, {**os.environ, **given})


def _become(command: list[str], environment: dict[str, str]) -> NoReturn:
    """Let a command take the place of this process, so that signals reach it."""
    if os.name == "posix":
        os.execve(command[0], command, environment)  # noqa: S606  (our own server)
    raise typer.Exit(subprocess.run(command, env=environment, check=False).returncode)


def app_script(package: Path = _PACKAGE) -> Path:
    """Script that Streamlit runs: within the installed package, or beside it in a checkout.

    Args:
        package: Folder of `clam_core`.

    Raises:
        MissingPackageError: If Streamlit is not installed.
        ClamError: If this copy of the package came without the app.
    """
    if find_spec("streamlit") is None:
        raise MissingPackageError("The app", "app")
    places = [package / "app" / "app.py", package.parent / "app.py"]
    found = [path for path in places if path.is_file()]
    if not found:
        raise ClamError("This copy of the package holds no app; install it again.")
    return found[0]
