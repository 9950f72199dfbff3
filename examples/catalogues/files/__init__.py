"""Files of the example catalogue for LSF, installed as ohf_iac.examples.lsf so that `ohf init` can write them."""
