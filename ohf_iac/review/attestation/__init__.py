"""Attestations: in-toto statements that say how a body came to be."""
