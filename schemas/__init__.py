"""JSON Schemas of every document this project reads or writes."""
