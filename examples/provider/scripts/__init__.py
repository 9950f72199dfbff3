"""User data of the examples, installed as ohf_iac.examples so that `ohf init` can write it."""
