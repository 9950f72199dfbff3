"""Inputs that nobody would write, from hypothesis (`make test`) and from atheris (`make fuzz`), under one judge."""
