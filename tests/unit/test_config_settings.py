"""Every setting at every level that it allows: defaults < awsprov_config.json < ohf.json < environment."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from ohf_iac.config import origins
from ohf_iac.config.keys import IBM_WITHOUT_EFFECT, KEYS, SECTIONS, Key
from ohf_iac.config.settings import Settings, Suppression
from ohf_iac.config.template_keys import TEMPLATE_KEYS
from ohf_iac.errors import ConfigurationError
from ohf_iac.template.defaults import BODY_SETTINGS, TemplateDefaults
from tests.config_files import FOLDERS, settings_of

#: setting -> a value in ohf.json that is not the default
OTHER: dict[str, Any] = {
    "provider.owner": "prod-1",
    "provider.region": "eu-west-1",
    "provider.profile": "grid",
    "provider.credentialsFile": "/etc/aws/credentials",
    "provider.credentialScript": "/etc/aws/credentials.sh",
    "provider.assumeRoleArn": "arn:aws:iam::123456789012:role/grid",
    "provider.roleSessionName": "grid",
    "provider.roleExternalId": "grid-7",
    "provider.roleDuration": 900,
    "provider.serviceRoleArn": "arn:aws:iam::123456789012:role/cloudformation",
    "provider.templateBucket": "bodies",
    "provider.templatePrefix": "grid/bodies",
    "provider.ec2Endpoint": "https://ec2.example",
    "provider.cloudformationEndpoint": "https://cfn.example",
    "provider.autoscalingEndpoint": "https://asg.example",
    "provider.stsEndpoint": "https://sts.example",
    "provider.s3Endpoint": "https://s3.example",
    "provider.proxyHost": "proxy.example",
    "provider.proxyPort": 3128,
    "provider.proxyUser": "grid",
    "provider.proxyPassword": "env:PROXY_PASSWORD",
    "provider.connectTimeout": 2.5,
    "provider.retryAttempts": 7,
    "provider.pendingTimeout": 600,
    "storage.kind": "sqlite",
    "storage.historyDays": 7,
    "storage.lockTimeout": 1.5,
    "storage.events": True,
    "logging.level": "DEBUG",
    "logging.maxSizeMb": 0.5,
    "logging.rotations": 2,
    "logging.ioLog": True,
    "template.partialStatus": "complete_with_error",
    "template.rootDeviceName": "/dev/xvda",
    "template.tags": {"cost-center": "42"},
    "template.maxPerRequest": 50,
    "template.httpTokens": "optional",
    "template.httpPutResponseHopLimit": 2,
    "template.instanceMetadataTags": True,
    "template.associatePublicIpAddress": True,
    "template.encryptVolumes": False,
    "template.kmsKeyId": "alias/grid",
    "template.volumeType": "gp2",
    "template.deleteOnTermination": False,
    "template.detailedMonitoring": True,
    "template.providerName": "grid",
    "template.clusterName": "north",
    "events.log": False,
    "events.audit": False,
    "approvals.mode": "enforce",
    "approvals.minApprovals": 2,
    "approvals.unsigned": True,
    "approvals.allowedSigners": "/etc/signers",
    "approvals.publish": True,
    "limits.deadline": 30,
    "limits.choreCalls": 2,
    "limits.choreSeconds": 1.5,
}
#: lists, which only a file can hold: what it writes, and what is read
LISTS: dict[str, tuple[Any, Any]] = {
    "template.requiredTags": (["Owner", "cost-center"], ("Owner", "cost-center")),
    "lint.suppress": (
        [{"rule": "OHF-S008", "reason": "CHG1", "until": "2027-01-31"}],
        (Suppression("OHF-S008", "", "CHG1", "2027-01-31"),),
    ),
}
#: key of awsprov_config.json -> (a value as IBM's file holds it, setting, what it means)
IBM: dict[str, tuple[Any, str, Any]] = {
    "AWS_REGION": ("eu-west-1", "provider.region", "eu-west-1"),
    "AWS_CREDENTIAL_FILE": ("/etc/c", "provider.credentialsFile", "/etc/c"),
    "AWS_CREDENTIAL_SCRIPT": ("/etc/s", "provider.credentialScript", "/etc/s"),
    "AWS_ENDPOINT_URL": ("https://e", "provider.ec2Endpoint", "https://e"),
    "AWS_CLOUDFORMATION_ENDPOINT_URL": ("https://e", "provider.cloudformationEndpoint", "https://e"),
    "AWS_AUTOSCALING_ENDPOINT_URL": ("https://e", "provider.autoscalingEndpoint", "https://e"),
    "AWS_STS_ENDPOINT_URL": ("https://e", "provider.stsEndpoint", "https://e"),
    "AWS_S3_ENDPOINT_URL": ("https://e", "provider.s3Endpoint", "https://e"),
    "AWS_PROXY_HOST": ("proxy", "provider.proxyHost", "proxy"),
    "AWS_PROXY_PORT": ("3128", "provider.proxyPort", 3128),
    "AWS_CONNECTION_TIMEOUT_MS": (2500, "provider.connectTimeout", 2.5),
    "AWS_REQUEST_RETRY_ATTEMPTS": (7, "provider.retryAttempts", 7),
    "AWS_INSTANCE_PENDING_TIMEOUT_SEC": ("180", "provider.pendingTimeout", 180),
    "LogLevel": ("LOG_WARNING", "logging.level", "WARN"),
}
ALL_KEYS = {f"{key.section}.{key.name}": key for key in (*KEYS, *TEMPLATE_KEYS)}


def value_in(settings: Settings, key: Key) -> object:
    """The setting's value, found by its name alone."""
    name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key.name)
    section = getattr(settings, key.section)
    if key.section == "template" and name not in ("partial_status", "required_tags"):
        section = section.defaults
    return getattr(section, name)


def settable(key: Key) -> bool:
    """Whether the environment may set it, and to anything."""
    return not key.reaches_body and key.section != "approvals"


def as_text(value: object) -> str:
    """A value as an environment variable writes it."""
    return value if isinstance(value, str) else json.dumps(value)


def test_the_tables_of_this_test_are_complete() -> None:
    assert set(OTHER) | set(LISTS) == set(ALL_KEYS)
    assert set(IBM) == {key.ibm for key in KEYS if key.ibm}
    assert {key.name for key in TEMPLATE_KEYS} == set(BODY_SETTINGS)
    assert {key.section for key in ALL_KEYS.values()} == set(SECTIONS)


def test_defaults_of_bodies_are_those_of_rendering() -> None:
    assert settings_of().template.defaults == TemplateDefaults()


@pytest.mark.parametrize("name", OTHER)
def test_ohf_json_sets_it(name: str) -> None:
    key = ALL_KEYS[name]
    assert value_in(settings_of(), key) != OTHER[name]
    assert value_in(settings_of({key.section: {key.name: OTHER[name]}}), key) == OTHER[name]


@pytest.mark.parametrize("name", LISTS)
def test_ohf_json_alone_sets_a_list(name: str) -> None:
    key, (written, read) = ALL_KEYS[name], LISTS[name]
    assert value_in(settings_of(), key) == ()
    assert value_in(settings_of({key.section: {key.name: written}}), key) == read
    with pytest.raises(ConfigurationError, match="expected a list"):
        settings_of(environ={key.variable: json.dumps(written)})


@pytest.mark.parametrize("ibm_key", IBM)
def test_awsprov_config_sets_it_and_ohf_json_wins(ibm_key: str) -> None:
    written, name, meant = IBM[ibm_key]
    key = ALL_KEYS[name]
    assert value_in(settings_of(ibm={ibm_key: written}), key) == meant
    assert value_in(settings_of({key.section: {key.name: OTHER[name]}}, {ibm_key: written}), key) == OTHER[name]


@pytest.mark.parametrize("name", [name for name, key in ALL_KEYS.items() if name in OTHER and settable(key)])
def test_the_environment_sets_it_and_wins(name: str) -> None:
    key = ALL_KEYS[name]
    own = {key.section: {key.name: key.default}} if key.default is not None else None
    environ = {key.variable: as_text(OTHER[name])}
    assert value_in(settings_of(own, environ=environ), key) == OTHER[name]


@pytest.mark.parametrize("key", TEMPLATE_KEYS, ids=lambda key: key.name)
def test_what_reaches_a_body_is_refused_from_the_environment(key: Key) -> None:
    with pytest.raises(ConfigurationError, match="from the environment") as caught:
        settings_of(environ={key.variable: as_text(OTHER[f"template.{key.name}"])})
    assert key.variable in caught.value.message
    assert "ohf.json" in caught.value.hint


@pytest.mark.parametrize("told", ["off", "warn", "enforce"])
@pytest.mark.parametrize("own", ["off", "warn", "enforce"])
def test_the_environment_makes_approvals_stricter_and_never_laxer(own: str, told: str) -> None:
    strictness = ["off", "warn", "enforce"]
    environ = {"OHF_APPROVALS_MODE": told}
    if strictness.index(told) >= strictness.index(own):
        assert settings_of({"approvals": {"mode": own}}, environ=environ).approvals.mode == told
        return
    with pytest.raises(ConfigurationError, match="from the environment"):
        settings_of({"approvals": {"mode": own}}, environ=environ)


@pytest.mark.parametrize("name", ["approvals.minApprovals", "approvals.unsigned", "approvals.allowedSigners"])
def test_what_an_approval_has_to_be_is_refused_from_the_environment(name: str) -> None:
    with pytest.raises(ConfigurationError, match="from the environment"):
        settings_of(environ={ALL_KEYS[name].variable: as_text(OTHER[name])})


def test_variables_are_named_after_section_and_key() -> None:
    assert ALL_KEYS["template.partialStatus"].variable == "OHF_TEMPLATE_PARTIAL_STATUS"
    assert ALL_KEYS["logging.maxSizeMb"].variable == "OHF_LOGGING_MAX_SIZE_MB"


@pytest.mark.parametrize("ibm_key", ["AWS_CONNECTION_TIMEOUT_MS", "AWS_PROXY_PORT", "AWS_REQUEST_RETRY_ATTEMPTS"])
@pytest.mark.parametrize("written", ["5000", 5000, 5000.0])
def test_numbers_in_ibms_file_may_be_texts(ibm_key: str, written: object) -> None:
    if ibm_key == "AWS_REQUEST_RETRY_ATTEMPTS":
        written = "5" if isinstance(written, str) else 5
    expected = {"AWS_CONNECTION_TIMEOUT_MS": 5.0, "AWS_PROXY_PORT": 5000, "AWS_REQUEST_RETRY_ATTEMPTS": 5}
    assert value_in(settings_of(ibm={ibm_key: written}), ALL_KEYS[IBM[ibm_key][1]]) == expected[ibm_key]


def test_without_an_owner_it_is_the_provider() -> None:
    assert settings_of().provider.owner == "grid"
    assert settings_of({"provider": {"owner": ""}}).provider.owner == "grid"


def test_empty_values_in_ibms_file_say_nothing() -> None:
    sample = {**dict.fromkeys(IBM, ""), **dict.fromkeys(IBM_WITHOUT_EFFECT, ""), "AWS_PROXY_HOST": None}
    assert settings_of(ibm=sample) == settings_of()


@pytest.mark.parametrize("value", [False, "false", 0, "0"])
def test_ibms_keys_without_effect_that_ask_for_nothing_are_no_warning(value: object) -> None:
    assert settings_of(ibm={"AWS_SPOT_TERMINATE_ON_RECLAIM": value}).warnings == ()


@pytest.mark.parametrize(
    ("named", "meant"),
    [("credentials", "/conf/credentials"), ("/etc/credentials", "/etc/credentials"), ("~/c", "HOME/c"), ("", "")],
)
def test_a_file_named_in_a_file_is_relative_to_it(named: str, meant: str) -> None:
    meant = meant.replace("HOME", os.path.expanduser("~"))
    assert settings_of({"provider": {"credentialsFile": named}}).provider.credentials_file == meant
    assert settings_of(ibm={"AWS_CREDENTIAL_FILE": named}).provider.credentials_file == meant


def test_endpoints_by_service() -> None:
    endpoints = settings_of({"provider": {"stsEndpoint": "http://b"}}, {"AWS_ENDPOINT_URL": "http://a"})
    assert endpoints.provider.endpoints == {"ec2": "http://a", "sts": "http://b"}


@pytest.mark.parametrize(
    ("own", "ibm", "environ", "level"),
    [
        (None, None, {}, "INFO"),
        (None, None, {"HF_LOGLEVEL": "LOG_DEBUG"}, "DEBUG"),
        (None, None, {"HF_LOGLEVEL": "LOG_CRIT"}, "FATAL"),
        (None, None, {"HF_LOGLEVEL": ""}, "INFO"),
        (None, {"LogLevel": "ERROR"}, {"HF_LOGLEVEL": "LOG_DEBUG"}, "ERROR"),
        ({"logging": {"level": "WARN"}}, {"LogLevel": "ERROR"}, {"HF_LOGLEVEL": "LOG_DEBUG"}, "WARN"),
        (
            {"logging": {"level": "WARN"}},
            {"ACCEPT_PROPAGATED_LOG_SETTING": "true"},
            {"HF_LOGLEVEL": "LOG_DEBUG"},
            "DEBUG",
        ),
        (None, {"ACCEPT_PROPAGATED_LOG_SETTING": True, "LogLevel": "ERROR"}, {"HF_LOGLEVEL": "LOG_TRACE"}, "TRACE"),
        (
            None,
            {"ACCEPT_PROPAGATED_LOG_SETTING": "true"},
            {"HF_LOGLEVEL": "LOG_DEBUG", "OHF_LOGGING_LEVEL": "LOG_ERROR"},
            "ERROR",
        ),
    ],
)
def test_the_log_level_of_host_factory(own: object, ibm: object, environ: dict[str, str], level: str) -> None:
    settings = settings_of(own, ibm, environ)
    assert settings.logging.level == level
    assert settings.warnings == ()


def test_host_factorys_log_sizes_count_when_its_log_settings_are_accepted() -> None:
    environ = {"HF_LOG_MAX_FILE_SIZE": "3", "HF_LOG_MAX_ROTATE": "8"}
    accepted = settings_of(ibm={"ACCEPT_PROPAGATED_LOG_SETTING": "true"}, environ=environ).logging
    assert (accepted.max_bytes, accepted.rotations) == (3_000_000, 8)
    ignored = settings_of(environ=environ).logging
    assert (ignored.max_bytes, ignored.rotations) == (10_000_000, 5)


def test_a_log_level_of_host_factory_that_nobody_knows_fails_nothing() -> None:
    settings = settings_of(environ={"HF_LOGLEVEL": "LOG_PURPLE"})
    assert settings.logging.level == "INFO"
    assert settings.warnings == (
        'HF_LOGLEVEL is "LOG_PURPLE": expected one of "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"; ignored',
    )


def test_unknown_keys_are_warned_about_and_ignored() -> None:
    settings = settings_of(
        {"provider": {"regoin": "x"}, "colour": {}, "$schema": "config.json"},
        {"AWS_REGOIN": "x"},
        {"OHF_PROVIDER_REGOIN": "x", "OHF_CLOCK_FILE": "/f", "OHF_ELSE": "x", "OTHER": "x"},
    )
    assert settings.warnings == (
        "AWS_REGOIN in /conf/awsprov_config.json is not a known key, ignored",
        "provider.regoin in /conf/ohf.json is not a known key, ignored",
        "section colour in /conf/ohf.json is not known, ignored",
        "OHF_PROVIDER_REGOIN in the environment is not a known setting, ignored",
    )


@pytest.mark.parametrize("name", IBM_WITHOUT_EFFECT)
def test_ibms_keys_without_effect_are_warned_about_with_the_reason(name: str) -> None:
    (warning,) = settings_of(ibm={name: "true"}).warnings
    assert warning == f"{name} in /conf/awsprov_config.json has no effect: {IBM_WITHOUT_EFFECT[name]}"


def test_every_setting_tells_where_it_came_from() -> None:
    texts = {
        "/conf/ohf.json": b'{"provider": {"region": "eu-west-1"}, "template": {"tags": {"a": "b"}}}',
        "/conf/awsprov_config.json": b'{"AWS_REGION": "us-east-1", "AWS_PROXY_HOST": "proxy"}',
    }
    environ = {**FOLDERS, "OHF_LIMITS_DEADLINE": "30", "HF_LOGLEVEL": "LOG_DEBUG"}
    told = {f"{one.section}.{one.key}": (one.value, one.origin) for one in origins(environ, texts.get)}
    assert set(ALL_KEYS) <= set(told)
    assert told["provider.region"] == ("eu-west-1", "/conf/ohf.json")
    assert told["provider.proxyHost"] == ("proxy", "/conf/awsprov_config.json (AWS_PROXY_HOST)")
    assert told["limits.deadline"] == (30, "environment OHF_LIMITS_DEADLINE")
    assert told["logging.level"] == ("DEBUG", "environment HF_LOGLEVEL")
    assert told["template.tags"] == ({"a": "b"}, "/conf/ohf.json")
    assert told["limits.choreCalls"] == (5, "default")
    assert told["provider.owner"] == ("grid", "provider's name")
    assert told["provider.workDir"] == ("/work-dir", "environment HF_PROVIDER_WORKDIR")


@pytest.mark.parametrize(
    "options", ["clusterName=north", "-Dx=1 -DclusterName=north -Dy=2", '"-DclusterName=north']
)
def test_lsfs_cluster_is_for_a_file_because_it_reaches_stacks(options: str) -> None:
    environ = {"SCRIPT_OPTIONS": options}
    (warning,) = settings_of(environ=environ).warnings
    assert warning.startswith(
        "SCRIPT_OPTIONS names the cluster north, which does not reach user data: set template."
    )
    told = settings_of(own={"template": {"clusterName": "north"}}, environ=environ)
    assert told.warnings == ()
    assert told.template.defaults.cluster_name == "north"


def test_a_table_of_events_is_the_sqlite_stores() -> None:
    (warning,) = settings_of({"storage": {"events": True}}).warnings
    assert 'storage.events has no effect without storage.kind "sqlite"' in warning
    assert settings_of({"storage": {"events": True, "kind": "sqlite"}}).warnings == ()
