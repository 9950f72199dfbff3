"""A Host Factory provider whose every request is one CloudFormation stack."""

VERSION = "0.1.0"
