"""The yardstick: the AWS calls of one operation, made with bare botocore clients on stock models, and nothing else.

Called with one JSON argument: `[[service, operation, parameters], …]`; endpoint and keys come from the environment.
"""

import json
import sys

import botocore.session

calls = json.loads(sys.argv[1])
session = botocore.session.Session()
clients = {service: session.create_client(service) for service in dict.fromkeys(service for service, _, _ in calls)}
for service, operation, parameters in calls:
    getattr(clients[service], operation)(**parameters)
