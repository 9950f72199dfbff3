%EXPORT_USER_DATA%
# {{resolve:ssm:/x}}