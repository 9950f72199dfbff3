"""Did a stack change behind its template's back? What stands, held against what was asked for."""
