"""systemd units that run `ohf gc --apply` every hour; pure.

The units name interpreter, folders and user by themselves, because a timer has none of Host Factory's variables.
They lie in the provider directory: linking them into systemd is the administrator's step.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ohf_iac.errors import BusinessRuleError
from ohf_iac.installation.planning import SHARED, PlannedFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ohf_iac.installation.places import Places
    from ohf_iac.installation.planning import Plan, Present

#: seconds that one run may take; systemd waits a minute longer
RUN: Final = 3000


def with_timer(plan: Plan, interpreter: str, user: str, look: Callable[[str], Present | None]) -> Plan:
    """The plan with service and timer below the provider directory; `user` is who they run as."""
    folder = f"{plan.places.home}/systemd"
    units = units_for(plan.places, interpreter, user)
    files = tuple(_planned(f"{folder}/{name}", text.encode(), look) for name, text in units.items())
    return replace(plan, folders=(*plan.folders, folder), files=(*plan.files, *files))


def units_for(places: Places, interpreter: str, user: str) -> Mapping[str, str]:
    """Unit's file name -> its text."""
    unit = f"ohf-gc-{places.name}"
    return {f"{unit}.service": _service(places, unit, interpreter, user), f"{unit}.timer": _timer(places)}


def _service(places: Places, unit: str, interpreter: str, user: str) -> str:
    words = [interpreter, "-m", "ohf_cli", "gc", "--apply", "--timeout", str(RUN)]
    words += ["--provider", places.name, "--conf", places.home]
    command = " ".join(map(_quoted, words))
    if places.work:
        command += f" --work {_quoted(places.work)} --log {_quoted(places.log)}"
        folders = ""
    else:  # LSF gives its scripts folders of its own choice; the orphans are found without them
        command += f" --work %S/{unit} --log %L/{unit}"
        folders = f"StateDirectory={unit}\nLogsDirectory={unit}\n"
    return f"""# Written by ohf init. Changes belong into a drop-in: systemctl edit {unit}.service
[Unit]
Description=Collect what nobody asks for any more, provider {places.name} (ohf gc)
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
User={user}
ExecStart={command}
TimeoutStartSec={RUN + 60}
{folders}NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=full
"""


def _timer(places: Places) -> str:
    return f"""# Written by ohf init. Changes belong into a drop-in: systemctl edit ohf-gc-{places.name}.timer
[Unit]
Description=Every hour: ohf gc, provider {places.name}

[Timer]
OnCalendar=hourly
RandomizedDelaySec=10min
Persistent=yes

[Install]
WantedBy=timers.target
"""


def _quoted(word: str) -> str:
    """A word of ExecStart (systemd.service(5), command lines): quoted, specifiers and variables taken as text.

    BusinessRuleError for one with an end of line, behind which a unit would go on with a setting.
    """
    if not word.isprintable():
        raise BusinessRuleError(
            f"write the timer: the path {word!r} has characters in it that no unit can hold",
            hint="use a folder with a plain name",
        )
    text = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return (
        text if text.replace("/", "").replace("-", "").replace("_", "").replace(".", "").isalnum() else f'"{text}"'
    )


def _planned(path: str, content: bytes, look: Callable[[str], Present | None]) -> PlannedFile:
    present = look(path)
    if present is None:
        return PlannedFile(path, content, SHARED, "created")
    if present.content == content:
        return PlannedFile(path, content, SHARED, "unchanged", content)
    return PlannedFile(path, content, SHARED, "updated", present.content, backup=True)
