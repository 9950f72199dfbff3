<powershell>
Write-Host "grьяe ${Env:COMPUTERNAME}"
</powershell>
