"""What every EC2 call of the local AWS starts from."""

from __future__ import annotations

from typing import Any

from moto.ec2.responses._base_response import EC2BaseResponse

from ohf_iac.local.answers import Answer
from ohf_iac.local.refusals import Refused
from ohf_iac.local.templates import truth
from ohf_iac.local.wire import region_of
from ohf_iac.local.world import Region


class Call(EC2BaseResponse):
    """An EC2 call that knows the account and region it is for."""

    @property
    def here(self) -> Region:
        """The account and region the call is for."""
        return region_of(self)

    def reply(self, **result: Any) -> Answer:
        return Answer(result)

    def check_dry_run(self) -> None:
        """Raises Refused (DryRunOperation) when the caller only asks whether it could."""
        if truth(self.params.get("DryRun")):
            raise Refused("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
