"""Observation to status: counting machines, judging, answering."""
