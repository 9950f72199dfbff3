"""Installing a provider: what `ohf init` writes and `ohf selftest` plays. Planned as values, then carried out."""
