"""The scripts that Host Factory calls, installed as ohf_cli.hostfactory so that `ohf init` can copy them."""
