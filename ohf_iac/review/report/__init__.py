"""One page about a template or a request, for people who decide."""
