"""Change control: what reviewers and pipelines look at before stacks exist, and after."""
