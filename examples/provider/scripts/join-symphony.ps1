<powershell>
# Joins this machine to a Symphony cluster when it starts for the first time. EC2Launch runs it as Administrator.
#
# The image holds Symphony as a compute host, joined to nothing, with its commands on PATH. The script is sent as the
# bytes it is: nothing is filled in, so the cluster is named here. With "instanceMetadataTags": true in the entry, the
# machine also knows the request and the host template that it was made for.
$ErrorActionPreference = 'Stop'
$Master = 'sym1.example.com'

$Metadata = 'http://169.254.169.254/latest'
$Token = Invoke-RestMethod -Method Put -Uri "$Metadata/api/token" `
    -Headers @{ 'X-aws-ec2-metadata-token-ttl-seconds' = '300' }
$Headers = @{ 'X-aws-ec2-metadata-token' = $Token }
foreach ($Tag in 'ohf:request-id', 'ohf:template-id') {
    try {
        $Value = Invoke-RestMethod -Headers $Headers -Uri "$Metadata/meta-data/tags/instance/$Tag"
        $Name = 'HF_' + $Tag.Substring(4).Replace('-', '_').ToUpper()
        [Environment]::SetEnvironmentVariable($Name, $Value, 'Machine')
    } catch {
        Write-Output "$Tag is not in the metadata"
    }
}

& egoconfig join $Master -f
if ($LASTEXITCODE -ne 0) { throw "egoconfig join $Master failed: $LASTEXITCODE" }
& egosh ego start
if ($LASTEXITCODE -ne 0) { throw "egosh ego start failed: $LASTEXITCODE" }
</powershell>
