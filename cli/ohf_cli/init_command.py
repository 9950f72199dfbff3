"""`ohf init`: a provider directory, scripts that find their interpreter, and the entries that register both."""

from __future__ import annotations

import os
import re
import secrets
import shlex
import sys
from importlib import resources
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import click

from ohf_cli.output import Output, output_option, show_table
from ohf_cli.table import Cell, Table, Tone, row
from ohf_iac.installation.carrying_out import carry_out, look
from ohf_iac.installation.places import alone, in_lsf, in_symphony, lsf_folder, symphony_variables
from ohf_iac.installation.planning import Wish, planned
from ohf_iac.installation.scripts import with_interpreter
from ohf_iac.installation.timer import with_timer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_iac.installation.places import Places
    from ohf_iac.installation.planning import Plan, PlannedFile
    from ohf_iac.installation.registration import State

_TONES: Final[dict[State, Tone]] = {
    "created": "good",
    "merged": "good",
    "updated": "busy",
    "unchanged": "dim",
}
#: what a provider may be called (hostfactory-contract.md §4)
_NAME: Final = re.compile(r"[0-9A-Za-z_-]{1,64}")
_OWNER: Final = re.compile(r"[0-9A-Za-z_.:@+=-]{1,64}")
#: the example that joins a machine to its cluster: package and file
_USER_DATA: Final = {
    "symphony": ("ohf_iac.examples", "join-symphony.sh"),
    "lsf": ("ohf_iac.examples.lsf", "user_data.sh"),
}


@click.command("init")
@click.option(
    "-d", "--directory", metavar="DIR", help="Provider directory; without it, the scheduler's usual place."
)
@click.option(
    "--scheduler", type=click.Choice(["symphony", "lsf"]), help="Whose provider it is [default: symphony]"
)
@click.option("--name", metavar="NAME", default="ohf", show_default=True, help="The provider's name.")
@click.option("--hf-top", metavar="DIR", help="Host Factory's folder, to register in [HF_TOP, HF_CONFDIR ...]")
@click.option("--lsf-top", metavar="DIR", help="LSF's folder, to register in [LSF_ENVDIR]")
@click.option("--requestor", metavar="NAME", help="Have this requestor of Host Factory ask the provider, too.")
@click.option("--owner", metavar="ID", help="Id of this installation in AWS; without it, a new one.")
@click.option("--region", metavar="REGION", help="AWS region for a new awsprov_config.json [AWS_REGION]")
@click.option("--timer", is_flag=True, help="Write systemd units that run ohf gc every hour, too.")
@click.option("--force", is_flag=True, help="Change an entry or scripts of that name that mean something else.")
@click.option("--dry-run", is_flag=True, help="Show what would be written.")
@output_option
def command(
    directory: str | None,
    scheduler: str | None,
    name: str,
    hf_top: str | None,
    lsf_top: str | None,
    requestor: str | None,
    owner: str | None,
    region: str | None,
    timer: bool,
    force: bool,
    dry_run: bool,
    output: Output,
) -> None:
    """Write a provider directory and register it with Symphony's Host Factory or LSF's resource connector.

    Writes configuration, an example catalogue, user data, an owner id, and scripts that name this very
    interpreter. Entries are merged into the registration files that there are; those of others stay as they are,
    byte for byte. What exists is kept, so it may be run again at any time. With -d alone, nothing outside that
    directory is touched.

    \b
    Examples:
      ohf init --hf-top /opt/ibm/spectrumcomputing/hostfactory --requestor symAinst
      ohf init --scheduler lsf --lsf-top /usr/share/lsf --region eu-west-1
      ohf init -d ./provider                         a directory that stands for itself
      ohf init --hf-top $HF_TOP --timer
      ohf init --hf-top $HF_TOP --dry-run
    """
    _check(name, owner, scheduler, hf_top, lsf_top, requestor)
    lsf = scheduler == "lsf" or bool(lsf_top)
    home = os.path.abspath(directory) if directory else ""
    places = _places("lsf" if lsf else "symphony", name, home, hf_top or "", lsf_top or "")
    wish = Wish(
        with_interpreter(_shipped_scripts(), os.path.abspath(sys.executable)),
        _user_data(places),
        region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1",
        owner or "",
        requestor or "",
        force,
    )
    plan = planned(places, wish, look, lambda: secrets.token_hex(4))
    if timer:
        plan = with_timer(plan, os.path.abspath(sys.executable), _user_of(places.home), look)
    files = plan.files if dry_run else carry_out(plan)
    _report(output, plan, files, dry_run)


def _user_of(home: str) -> str:
    """Whose provider directory it is, or will be: root makes it for the owner of the folder that it lies in."""
    import pwd  # Windows has neither this nor systemd

    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    place = home
    while not os.path.exists(place):
        place = os.path.dirname(place)
    owner = os.stat(place).st_uid
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return str(owner)


def _check(
    name: str,
    owner: str | None,
    scheduler: str | None,
    hf_top: str | None,
    lsf_top: str | None,
    requestor: str | None,
) -> None:
    if not _NAME.fullmatch(name):
        raise click.UsageError(f"--name {name!r}: expected at most 64 of the characters A-Z a-z 0-9 _ -")
    if owner is not None and not _OWNER.fullmatch(owner):
        raise click.UsageError(
            f"--owner {owner!r}: expected at most 64 of the characters A-Z a-z 0-9 _ . : @ + = -"
        )
    if lsf_top and (hf_top or scheduler == "symphony"):
        raise click.UsageError("--lsf-top is for --scheduler lsf, and --hf-top for symphony: give one of them")
    if scheduler == "lsf" and (hf_top or requestor):
        raise click.UsageError("--hf-top and --requestor are for --scheduler symphony")


def _places(scheduler: str, name: str, home: str, hf_top: str, lsf_top: str) -> Places:
    if scheduler == "lsf":
        if home and not lsf_top:
            return alone("lsf", name, home)
        return in_lsf(name, home, lsf_folder(lsf_top, os.environ))
    if home and not hf_top:
        return alone("symphony", name, home)
    return in_symphony(name, home, symphony_variables(hf_top, os.environ))


def _shipped_scripts() -> dict[str, bytes]:
    folder = resources.files("ohf_cli.hostfactory")
    found = sorted(
        (one for one in folder.iterdir() if one.name.endswith((".sh", ".bat"))), key=lambda one: one.name
    )
    return {one.name: one.read_bytes() for one in found}


def _user_data(places: Places) -> bytes:
    package, name = _USER_DATA[places.scheduler]
    return (resources.files(package) / name).read_bytes()


def _report(output: Output, plan: Plan, files: tuple[PlannedFile, ...], dry_run: bool) -> None:
    steps = tuple(_next_steps(plan))
    document = {
        "schema": "ohf/init/v1",
        "scheduler": plan.places.scheduler,
        "provider": plan.places.name,
        "owner": plan.owner,
        "directory": plan.places.home,
        "interpreter": os.path.abspath(sys.executable),
        "dryRun": dry_run,
        "folders": list(plan.folders),
        "files": [_document(one) for one in files],
        "next": list(steps),
    }
    bare = [one for one in plan.folders if not any(file.path.startswith(f"{one}/") for file in files)]
    rows = [row(Cell("folder"), one) for one in bare]
    rows += [row(Cell(one.state, _TONES[one.state]), one.path, note=one.note) for one in _shown(files)]
    show_table(output, document, Table(("STATE", "FILE"), tuple(rows), "WHAT"), "nothing to do")
    if output == "table":
        print("\nnothing was written (--dry-run)" if dry_run else "\nnext:")
        for number, step in enumerate(() if dry_run else steps, 1):
            print(f"  {number}. {step}")


def _document(file: PlannedFile) -> dict[str, Any]:
    return {"path": file.path, "state": file.state, "note": file.note}


def _shown(files: tuple[PlannedFile, ...]) -> Iterator[PlannedFile]:
    """For people: the twins for Windows are not worth lines of their own."""
    return (one for one in files if not one.path.endswith(".bat"))


def _next_steps(plan: Plan) -> Iterator[str]:
    places = plan.places
    home, name = shlex.quote(places.home), shlex.quote(places.name)
    if plan.sample:
        yield f"put your image, subnets and security groups into {places.conf}/awsprov_templates.json"
    missing = "" if find_spec("moto") else " (needs ohf_iac[local], which is not installed)"
    yield f"rehearse it without AWS{missing}: ohf selftest -d {home} --local"
    if places.work:
        folders = " ".join(
            f"--{what} {shlex.quote(path)}" for what, path in (("work", places.work), ("log", places.log))
        )
        yield f"check it against AWS: ohf doctor --provider {name} --conf {home} {folders}"
    units = [shlex.quote(one.path) for one in plan.files if one.path.endswith((".service", ".timer"))]
    if units:
        yield (
            f"let systemd run ohf gc: sudo systemctl link {' '.join(units)}; "
            f"sudo systemctl enable --now ohf-gc-{name}.timer"
        )
    registered = not places.providers_file.startswith(f"{places.home}/")
    if not registered:
        top = "--lsf-top $LSF_TOP" if places.scheduler == "lsf" else "--hf-top $HF_TOP"
        yield f"register it: ohf init -d {home} --name {name} {top}"
    if places.scheduler == "lsf":
        yield "let LSF read it: badmin mbdrestart"
        return
    if not plan.provider_listed:
        where = places.requestors_file or "hostRequestors.json"
        yield f'add "{places.name}" to the "providers" of your requestor in {where} (or give --requestor NAME)'
    yield "let Host Factory read it: egosh service stop HostFactory; egosh service start HostFactory"
