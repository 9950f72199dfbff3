"""What a change of a body means: two bodies -> typed changes, grouped by what a reviewer fears. Pure."""
