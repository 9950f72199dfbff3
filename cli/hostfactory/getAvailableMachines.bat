@echo off
rem Of historical interest: current versions of Host Factory and of LSF do not call it.
echo {"message": "getAvailableMachines is not supported", "machines": []}
exit /b 0
