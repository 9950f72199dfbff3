@echo off
rem Host Factory calls this as: getRequestStatus.bat -f FILE. What is printed and how it exits is ohf-hostfactory's doing.
setlocal
set "ohf=ohf-hostfactory.exe"
where /q %ohf% && goto found
set "ohf=%~dp0..\..\.venv\Scripts\ohf-hostfactory.exe"
if exist "%ohf%" goto found
echo {"message": "run getRequestStatus: ohf-hostfactory is neither on PATH nor in the project (install ohf_iac, or run make venv)"}
exit /b 1
:found
"%ohf%" getRequestStatus %*
exit /b %errorlevel%
