"""The two faces: `machine` for Host Factory, `human` for people and pipelines."""
