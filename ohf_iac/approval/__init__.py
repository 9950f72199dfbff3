"""Approvals as values: the lock, what of a configuration an approval is bound to, and who may be sent."""
