#!/bin/sh
# Of historical interest: current versions of Host Factory and of LSF do not call it; what called it
# accepts this answer.
printf '%s\n' '{"message": "getAvailableMachines is not supported", "machines": []}'
