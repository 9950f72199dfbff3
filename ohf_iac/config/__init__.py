"""The configuration: folders, settings with their origins, the catalogue."""

from ohf_iac.config.folders import read_file
from ohf_iac.config.load import load, origins
from ohf_iac.config.settings import Setting, Settings

__all__ = ["Setting", "Settings", "load", "origins", "read_file"]
