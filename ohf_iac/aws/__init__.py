"""The one door to AWS: nothing else imports boto3 or botocore, and nothing of theirs comes out of it."""
