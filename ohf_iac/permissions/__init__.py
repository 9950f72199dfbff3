"""What the host's credentials and CloudFormation's service role must be allowed, and nothing beyond. Pure."""
