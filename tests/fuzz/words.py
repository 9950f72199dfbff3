"""Words of the five inputs, the catalogue, the configuration, YAML and user data, for a fuzzer's dictionary."""

from __future__ import annotations

from ohf_iac.config.keys import KEYS, SECTIONS
from ohf_iac.template.fields import ALIASES, READERS

INPUTS = (
    *("template", "templateId", "machineCount", "requests", "requestId", "machines", "name", "machineId"),
    *("templates", "rc_account", "userData"),
)
FLEET = (
    *("LaunchTemplateConfigs", "LaunchTemplateSpecification", "Overrides", "TargetCapacitySpecification", "Type"),
    *("InstanceType", "SpotOptions", "OnDemandOptions", "TagSpecifications", "Tags", "Key", "Value", "instant"),
)
MARKS = (
    *("{", "}", "[", "]", '"', ":", ",", "null", "true", "false", "NaN", "Infinity", "\\u", "\\ud800", "1e999"),
    *("&a", "*a", "!!bool", "!!float", "!!python/name:", "<<:", "? ", "- ", "|", ">", "%YAML", "---", "...", "~"),
    *("%EXPORT_USER_DATA%", "${", "${!", "{{", "}}", "{%", "%}", "{{resolve:", "\ufeff", "\x00", "\n"),
    *("req-6553f100-0123456789abcdef", "ret-6553f100-0123456789abcdef", "i-0123456789abcdef0", "m5.large"),
)
WORDS = tuple(
    dict.fromkeys((*INPUTS, *FLEET, *MARKS, *SECTIONS, *READERS, *ALIASES, *(f"{key.name}" for key in KEYS)))
)
