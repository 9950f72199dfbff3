"""`ohf iam-policy`: what the host's credentials and CloudFormation's service role must be allowed. No AWS."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from ohf_cli.plain_text import plain
from ohf_cli.provider import provider_options, provider_settings
from ohf_cli.templates_command import found_template
from ohf_iac.config.catalogue_file import load_catalogue
from ohf_iac.operations.least_privilege import least_privilege
from ohf_iac.permissions.formats import as_cloudformation, as_terraform

if TYPE_CHECKING:
    from ohf_iac.permissions.formats import Role
    from ohf_iac.permissions.policies import Policies

_ROLE_ARN: Final = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")


@click.command("iam-policy")
@click.option(
    "--template", "names", metavar="TEMPLATE", multiple=True, help="For this template alone; may be repeated."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "cfn", "terraform"]),
    default="json",
    show_default=True,
    help="IAM documents, a CloudFormation template, or Terraform's JSON.",
)
@click.option(
    "--role",
    type=click.Choice(["caller", "service", "trust", "publisher"]),
    help="One policy alone, ready for aws iam; publisher is for whoever runs ohf publish.",
)
@click.option("--account", metavar="ID", default="", help="The account; else that of the service role, else any.")
@click.option(
    "--service-role", metavar="ARN", default="", help="Stands in for provider.serviceRoleArn of ohf.json."
)
@click.option(
    "--instance-role",
    "pairs",
    metavar="PROFILE=ROLE",
    multiple=True,
    help="The role in an instance profile, if it has another name; lt-...=ROLE for a foreign launch template.",
)
@click.option("--with-import", is_flag=True, help="Allow what ohf templates import reads as well.")
@click.option("--with-review", is_flag=True, help="Allow rehearsals, plans, and reading bodies of stacks as well.")
@click.option("--locked", is_flag=True, help="Let AWS refuse every stack that is not made from a published body.")
@provider_options
def command(
    names: tuple[str, ...],
    form: str,
    role: Role | None,
    account: str,
    service_role: str,
    pairs: tuple[str, ...],
    with_import: bool,
    with_review: bool,
    locked: bool,
) -> None:
    """Print the least IAM policies for the configured templates.

    The caller's is for the credentials of the management host, the service's for the role that CloudFormation works
    as (provider.serviceRoleArn), the trust lets CloudFormation do so. Without a service role the caller's holds
    both. What a reader must know is printed on stderr.

    \b
    Examples:
      ohf iam-policy --role caller > caller.json
      ohf iam-policy --format cfn > roles.json
      ohf iam-policy --template asg-ondemand --template instant-spot --format terraform > ohf.tf.json
      ohf iam-policy --locked --role caller > locked.json
      ohf iam-policy --service-role arn:aws:iam::123456789012:role/ohf-cloudformation --role service
    """
    if service_role and not _ROLE_ARN.fullmatch(service_role):
        raise click.UsageError(f"--service-role {service_role}: not the ARN of a role")
    if role == "publisher" and form != "json":
        raise click.UsageError("--role publisher: it is printed as json alone")
    if account and not re.fullmatch(r"\d{12}", account):
        raise click.UsageError(f"--account {account}: an account has twelve digits")
    settings = provider_settings()
    catalogue = load_catalogue(settings)
    wanted = tuple(found_template(catalogue, name) for name in names) or catalogue.templates
    policies = least_privilege(
        settings,
        wanted,
        dict(_pair(one) for one in pairs),
        account=account,
        service_role=service_role,
        importing=with_import,
        reviewing=with_review,
        locked=locked,
    )
    print(json.dumps(_document(policies, form, role), indent=2))
    for note in policies.notes:
        print(f"note: {plain(note)}", file=sys.stderr)


def _pair(text: str) -> tuple[str, str]:
    name, equals, role = text.partition("=")
    if not (name and equals and role):
        raise click.UsageError(f"--instance-role {text}: expected PROFILE=ROLE")
    return name, role


def _document(policies: Policies, form: str, role: Role | None) -> dict[str, Any]:
    if form == "cfn":
        return as_cloudformation(policies, role)
    if form == "terraform":
        return as_terraform(policies, role)
    documents = {"caller": policies.caller, "service": policies.service, "trust": policies.trust}
    documents |= {"publisher": policies.publisher} if policies.publisher else {}
    if role is not None and not documents.get(role):
        raise click.UsageError(f"--role {role}: nothing is published (approvals.publish, --locked)")
    if role is not None:
        return dict(documents[role])
    return {"schema": "ohf/policies/v1", **documents, "notes": list(policies.notes)}
