"""`ohf explain`: one chain from what was asked to what became of it, each link with where it is known from."""
