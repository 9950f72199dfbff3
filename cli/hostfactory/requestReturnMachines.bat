@echo off
rem Host Factory calls this as: requestReturnMachines.bat -f FILE. What is printed and how it exits is the doing of ohf_cli.machine.
setlocal
rem the scripts of "ohf init" name their interpreter here
set "python="
if not defined python if exist "%~dp0interpreter" set /p python=<"%~dp0interpreter"
if not defined python goto path
if exist "%python%" goto named
:path
set "ohf=ohf-hostfactory.exe"
where /q %ohf% && goto found
set "ohf=%~dp0..\..\.venv\Scripts\ohf-hostfactory.exe"
if exist "%ohf%" goto found
echo {"message": "run requestReturnMachines: no interpreter with ohf_iac in it is named by the script or by a file interpreter beside it, and ohf-hostfactory is neither on PATH nor in the project (run ohf init, or make venv)"}
exit /b 1
:named
"%python%" -I -c "import sys; from ohf_cli.machine import main; sys.exit(main())" requestReturnMachines %*
exit /b %errorlevel%
:found
"%ohf%" requestReturnMachines %*
exit /b %errorlevel%
