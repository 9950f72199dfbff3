"""Which provider is meant: options beside Host Factory's variables, and the settings and App made of them."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from ohf_iac.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ohf_iac.app import App
    from ohf_iac.config import Settings

#: option -> variable of Host Factory that it stands for
_VARIABLES: Final = {
    "provider": "HF_PROVIDER_NAME",
    "conf": "HF_PROVIDER_CONFDIR",
    "work": "HF_PROVIDER_WORKDIR",
    "log": "HF_PROVIDER_LOGDIR",
}
_HELP: Final = {
    "provider": ("NAME", "The provider's name in hostProviders.json [HF_PROVIDER_NAME]"),
    "conf": ("DIR", "Its configuration folder: catalogue, ohf.json [HF_PROVIDER_CONFDIR]"),
    "work": ("DIR", "Its work folder: the memory of requests [HF_PROVIDER_WORKDIR]"),
    "log": ("DIR", "Its log folder [HF_PROVIDER_LOGDIR]"),
}
_META: Final = "ohf_cli.provider"


def provider_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--provider`, `--conf`, `--work`, `--log`; they count wherever they stand on the command line."""
    for name in reversed(_VARIABLES):
        metavar, text = _HELP[name]
        option = click.option(
            f"--{name}", metavar=metavar, help=text, expose_value=False, callback=_note, is_eager=True
        )
        function = option(function)
    return function


def provider_environ() -> dict[str, str]:
    """The environment, with what the options say in the place of Host Factory's variables."""
    return {**os.environ, **given_options()}


def given_options() -> dict[str, str]:
    """What the options alone say, by the variables that they stand for."""
    return dict(click.get_current_context().meta.get(_META, {}))


def provider_app() -> App:
    """The provider with memory, log and door to AWS; ConfigurationError says what is missing."""
    from ohf_cli.validation import validated_settings  # `ohf --help` must not pay for it
    from ohf_iac.app import app_for

    environ = provider_environ()
    with _options_named():
        validated_settings(environ)
        return app_for(environ)


def provider_settings() -> Settings:
    """The settings for commands that keep nothing: name, work and log folder may be left out."""
    from ohf_cli.validation import validated_settings

    with _options_named():
        return validated_settings(stateless_environ())


def stateless_environ() -> dict[str, str]:
    """The environment for commands that write neither memory nor log; nothing is made in the folders it names."""
    environ = provider_environ()
    if not (environ.get("HF_PROVIDER_NAME") or environ.get("PROVIDER_NAME")):
        environ["HF_PROVIDER_NAME"] = "ohf"
    place = environ.get("HF_PROVIDER_CONFDIR") or environ.get("HF_CONFDIR") or environ.get("PRO_CONF_DIR") or ""
    for own, others in (
        ("HF_PROVIDER_WORKDIR", ("HF_WORKDIR", "PRO_DATA_DIR")),
        ("HF_PROVIDER_LOGDIR", ("HF_LOGDIR", "PRO_LSF_LOGDIR")),
    ):
        if place and not any(environ.get(one) for one in (own, *others)):
            environ[own] = place
    return environ


@contextmanager
def _options_named() -> Iterator[None]:
    """Where a variable of Host Factory is missing, people are told of the option that stands in for it."""
    try:
        yield
    except ConfigurationError as error:
        missing = [name for name, variable in _VARIABLES.items() if f"{variable} is not set" in error.message]
        missing += [name for name, variable in _VARIABLES.items() if f"none of {variable}" in error.message]
        if missing:
            error.hint = (
                f"give --{missing[0]} {_HELP[missing[0]][0]}, or set {_VARIABLES[missing[0]]} as Host Factory does"
            )
        raise


def _note(context: click.Context, option: click.Parameter, value: str | None) -> None:
    if value is not None and option.name is not None:
        context.meta.setdefault(_META, {})[_VARIABLES[option.name]] = value
