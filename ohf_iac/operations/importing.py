"""A launch template of EC2 read into the catalogue: the entry, its script, and what could not be carried over."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ohf_iac.app import calls_of
from ohf_iac.aws.launch_templates import launch_template_version
from ohf_iac.config.catalogue_file import find_catalogue, named_files
from ohf_iac.config.catalogue_text import entry_text, with_entry
from ohf_iac.config.folders import Found, read_file
from ohf_iac.errors import BusinessRuleError, StorageError
from ohf_iac.file_replace import replace_file
from ohf_iac.template.catalogue import parse_catalogue
from ohf_iac.template.launch_template import imported
from ohf_iac.template.user_data import LSF_SCRIPT

if TYPE_CHECKING:
    from ohf_iac.app import App
    from ohf_iac.aws.launch_templates import LaunchTemplateVersion
    from ohf_iac.template.defaults import TemplateDefaults

_EMPTY: Final = b'{\n  "templates": []\n}\n'


@dataclass(frozen=True, slots=True)
class Import:
    """What an import found. `refused` says why the entry could not be served as it is, "" if it could."""

    source: LaunchTemplateVersion
    catalogue: str  # the file that the entry is for
    entry: dict[str, Any]
    script: bytes | None
    script_file: str
    left: tuple[str, ...]  # places of the launch template that no field says
    settled: dict[str, Any]  # field -> value of the settings, where the launch template leaves it to EC2
    warnings: tuple[str, ...]
    refused: str

    @property
    def text(self) -> str:
        """The entry as it stands in that catalogue, JSON or YAML."""
        return entry_text(self.catalogue, self.entry)


def import_launch_template(
    app: App, named: str, version: int, *, template_id: str, max_number: int, catalogue: str
) -> Import:
    """Read a version of a launch template, by id or name, as an entry for `catalogue` ("": the provider's own).

    `template_id` "" takes the launch template's name. Attributes are derived from the types and written out, so
    that a reviewer sees them. Nothing is written.
    """
    found = _catalogue(app, catalogue)
    source = launch_template_version(calls_of(app), named, version)
    defaults = app.settings.template.defaults
    name = template_id or _name_for(source.name)
    script_name = f"scripts/{name}.user-data"
    made = imported(source.data, name, max_number, script_name, defaults.root_device_name)
    files = named_files(found, [made.entry]) | ({} if made.script is None else {script_name: made.script})
    parsed = parse_catalogue([made.entry], defaults, files)
    attributes = {key: list(pair) for one in parsed.templates for key, pair in one.attributes.items()}
    head = {key: made.entry[key] for key in ("templateId", "maxNumber")}
    return Import(
        source=source,
        catalogue=found.path,
        entry={**head, **({"attributes": attributes} if attributes else {}), **made.entry},
        script=made.script,
        script_file=os.path.join(os.path.dirname(found.path), script_name),
        left=made.left,
        settled=_settled(made.entry, defaults, LSF_SCRIPT in files),
        warnings=parsed.warnings,
        refused="; ".join(one.message for one in parsed.refused),
    )


def write_import(made: Import) -> None:
    """Put the script beside the catalogue and the entry into it, after all others.

    BusinessRuleError for a name that is taken or an entry that could not be served, ConfigurationError for a
    catalogue that cannot be added to; then nothing is written. A crash leaves the old catalogue or the new one.
    """
    if made.refused:
        raise BusinessRuleError(f"add {made.refused}", hint="complete the entry and add it by hand")
    content = read_file(made.catalogue)
    text = with_entry(Found(made.catalogue, _EMPTY if content is None else content), made.entry)
    try:
        if made.script is not None:
            _put_script(made.script_file, made.script)
        there = os.stat(made.catalogue) if os.path.exists(made.catalogue) else None
        replace_file(made.catalogue, text.encode(), stat.S_IMODE(there.st_mode) if there else 0o644, there)
    except OSError as error:
        raise StorageError(
            f"write {error.filename or made.catalogue}: {error.strerror}",
            hint="give the folder to the user that runs ohf, or add the entry by hand",
        ) from error


def _catalogue(app: App, named: str) -> Found:
    if not named:
        return find_catalogue(app.settings)
    path = os.path.abspath(named)
    return Found(path, read_file(path) or b"")


def _name_for(name: str) -> str:
    """A template id out of a launch template's name, which may hold `(`, `)`, `.` and `/` besides."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:64]


def _settled(entry: dict[str, Any], defaults: TemplateDefaults, has_lsfs_script: bool) -> dict[str, Any]:
    values: dict[str, Any] = {
        "httpTokens": defaults.http_tokens,
        "associatePublicIpAddress": defaults.associate_public_ip_address,
    }
    if "rootDeviceName" in entry:
        values |= {"encryptVolumes": defaults.encrypt_volumes, "volumeType": defaults.volume_type}
    if has_lsfs_script:
        values["userDataScript"] = LSF_SCRIPT
    return {name: value for name, value in values.items() if name not in entry}


def _put_script(path: str, content: bytes) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    try:
        with open(path, "xb") as file:
            file.write(content)
    except FileExistsError:
        if read_file(path) != content:
            raise BusinessRuleError(
                f"write {path}: it is there and says something else", hint="give another name with --template-id"
            ) from None
