"""Launch templates over the wire: moto's, with the tags that they bear now."""

from __future__ import annotations

from typing import Any

from moto.ec2.responses.launch_templates import LaunchTemplates

from ohf_iac.local.ec2_call import Call


class TemplateCalls(Call, LaunchTemplates):
    """DescribeLaunchTemplates."""

    def describe_launch_templates(self) -> Any:
        """EC2 shows the tags of the moment; moto keeps a copy of those that a launch template was made with."""
        for template in self.ec2_backend.launch_templates.values():
            template.tags = template.get_tags()
        return super().describe_launch_templates()
