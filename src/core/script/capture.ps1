# whiteglove: who is this laptop? Its hardware hash and what Windows says of its TPM, as two files in the folder
# captures: a CSV as Intune takes it, and a JSON of evidence that the bench reads as well.
. (Join-Path $PSScriptRoot 'common.ps1')

# Windows gives base64 without its padding; the service wants it whole.
function Repair-Base64([string] $Text) {
    $bare = ($Text -replace '\s', '').TrimEnd('=')
    switch ($bare.Length % 4) {
        1 { return $bare + 'A==' }
        2 { return $bare + '==' }
        3 { return $bare + '=' }
    }
    $bare
}

# The letters OA, the length of the records, the records (kind, length with this head, value), their digest.
# Gives the values by kind, or nothing if it does not hold together.
function Read-HardwareHash([byte[]] $Bytes) {
    if ($Bytes.Length -lt 40 -or $Bytes[0] -ne 0x4F -or $Bytes[1] -ne 0x41) { return $null }
    $end = [int] [BitConverter]::ToUInt16($Bytes, 2)
    if ($end + 36 -gt $Bytes.Length) { return $null }
    $sha = [Security.Cryptography.SHA256]::Create()
    $digest = [BitConverter]::ToString($sha.ComputeHash($Bytes, 0, $end))
    if ($digest -ne [BitConverter]::ToString($Bytes, $end + 4, 32)) { return $null }
    $values = @{}
    $at = 4
    while ($at + 4 -le $end) {
        $kind = [int] [BitConverter]::ToUInt16($Bytes, $at)
        $length = [int] [BitConverter]::ToUInt16($Bytes, $at + 2)
        if ($length -lt 4 -or $at + $length -gt $end) { return $null }
        if (-not $values.ContainsKey($kind)) {
            $value = New-Object byte[] ($length - 4)
            [Array]::Copy($Bytes, $at + 4, $value, 0, $length - 4)
            $values[$kind] = $value
        }
        $at = $at + $length
    }
    $values
}

function Get-HashText($Values, [int] $Kind) {
    if ($null -eq $Values -or -not $Values.ContainsKey($Kind)) { return '' }
    [Text.Encoding]::ASCII.GetString($Values[$Kind]).Trim([char[]] @([char] 0, [char] 32))
}

# No commas and no quotation marks inside a value: the import knows no way to write them.
function ConvertTo-CsvValue([string] $Text) {
    ($Text -replace '[^\x20-\x7E]', '' -replace '[,"]', ' ').Trim()
}

function Format-IntuneCsv([string] $Serial, [string] $ProductKeyId, [string] $Hash) {
    $row = (ConvertTo-CsvValue $Serial) + ',' + (ConvertTo-CsvValue $ProductKeyId) + ',' + $Hash
    "Device Serial Number,Windows Product ID,Hardware Hash`r`n" + $row + "`r`n"
}

# What the state of the TPM means for the technician phase; nothing if all is well.
function Get-TpmDoubt($Tpm, $Values) {
    if (-not $Tpm.present) {
        return 'Windows sees no TPM: switch it on in the firmware (TPM, fTPM, PTT), then capture again.'
    }
    if ($Tpm.spec -ne '' -and -not $Tpm.spec.StartsWith('2.0')) {
        return 'The TPM is version ' + $Tpm.spec.Split(',')[0] + ': switch it to 2.0 in the firmware, then capture again.'
    }
    if ($Tpm.enabled -eq $false) {
        return 'The TPM is switched off: switch it on in the firmware, then capture again.'
    }
    if ($null -ne $Values -and -not ($Values.ContainsKey(13) -and $Values.ContainsKey(25))) {
        return 'The hash holds no TPM key: restart the laptop, wait two minutes in setup, and capture again.'
    }
    ''
}

function Get-TpmState {
    $state = [ordered] @{
        present = $false; enabled = $null; activated = $null; owned = $null; ready = $null; information = $null
        spec = ''; manufacturer = ''; manufacturer_version = ''; problem = ''
    }
    try {
        $tpm = Get-Instance 'root/cimv2/Security/MicrosoftTpm' 'Win32_Tpm' ''
    }
    catch {
        $state.problem = $_.Exception.Message
        return $state
    }
    if ($null -eq $tpm) { return $state }
    $state.present = $true
    $state.enabled = [bool] $tpm.IsEnabled_InitialValue
    $state.activated = [bool] $tpm.IsActivated_InitialValue
    $state.owned = [bool] $tpm.IsOwned_InitialValue
    $state.spec = [string] $tpm.SpecVersion
    $state.manufacturer = ([string] $tpm.ManufacturerIdTxt).Trim([char[]] @([char] 0, [char] 32))
    $state.manufacturer_version = [string] $tpm.ManufacturerVersion
    try {
        $answer = Invoke-CimMethod -InputObject $tpm -MethodName 'IsReadyInformation' -ErrorAction Stop
        $state.ready = [bool] $answer.IsReady
        $state.information = [int64] $answer.Information
    }
    catch {
        $state.problem = $_.Exception.Message
    }
    $state
}

# The hash itself. Takes half a minute on some laptops: their TPM makes its key only now.
function Get-DeviceHash {
    $filter = "InstanceID='Ext' AND ParentID='./DevDetail'"
    $detail = Get-Instance 'root/cimv2/mdm/dmmap' 'MDM_DevDetail_Ext01' $filter
    if ($null -eq $detail) { return '' }
    [string] $detail.DeviceHardwareData
}

function Get-Evidence([string] $Hash, $Values) {
    $system = Get-Instance 'root/cimv2' 'Win32_ComputerSystem' ''
    $product = Get-Instance 'root/cimv2' 'Win32_ComputerSystemProduct' ''
    $windows = Get-Instance 'root/cimv2' 'Win32_OperatingSystem' ''
    $current = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion'
    $autopilot = 'HKLM:\SOFTWARE\Microsoft\Provisioning\Diagnostics\Autopilot'
    $secure = Get-RegistryValue 'HKLM:\SYSTEM\CurrentControlSet\Control\SecureBoot\State' 'UEFISecureBootEnabled'
    if ($null -ne $secure) { $secure = ($secure -ne 0) }
    $key = Get-HashText $Values 24
    if ($key -notmatch '^[0-9]{13}$') { $key = '' }
    [ordered] @{
        format = 'whiteglove-windows-capture'
        version = 1
        stick = (Get-StickNumber)
        taken_utc = [DateTime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ssZ', [Globalization.CultureInfo]::InvariantCulture)
        serial = (Get-SerialNumber)
        product_key_id = $key
        hardware_hash = $Hash
        manufacturer = ([string] $system.Manufacturer).Trim()
        model = ([string] $system.Model).Trim()
        model_version = ([string] $product.Version).Trim()
        system_uuid = ([string] $product.UUID).Trim()
        windows_version = [string] $windows.Version
        windows_revision = [string] (Get-RegistryValue $current 'UBR')
        windows_edition = [string] (Get-RegistryValue $current 'EditionID')
        secure_boot = $secure
        tpm = (Get-TpmState)
        tenant_domain = [string] (Get-RegistryValue $autopilot 'CloudAssignedTenantDomain')
    }
}

function Invoke-Capture {
    if (-not (Test-Administrator)) {
        Show-Problem 'Nothing was captured.' 'This window is not an administrator''s.' 'In Windows setup press Shift and F10; in a finished Windows right-click a.cmd, Run as administrator.'
        return 1
    }
    try {
        $folder = Open-Folder 'captures'
    }
    catch {
        $why, $next = Get-WriteProblem $_.Exception
        Show-Problem 'Nothing was captured: the stick takes no file.' $why $next
        return 1
    }
    Write-Host '  Asking Windows for the hardware hash; this takes up to a minute ...'
    try {
        $hash = Repair-Base64 (Get-DeviceHash)
    }
    catch {
        Show-Problem 'Windows gave no hardware hash.' ('It says: ' + $_.Exception.Message) 'Restart the laptop into setup and type the same once more. Audit mode and Windows PE have no hash to give.'
        return 1
    }
    $values = $null
    try {
        $values = Read-HardwareHash ([Convert]::FromBase64String($hash))
    }
    catch {
        $values = $null
    }
    if ($null -eq $values) {
        Show-Problem 'The hardware hash is not sound; nothing was saved.' ('It has ' + $hash.Length + ' characters, and its own digest does not match.') 'Restart the laptop into setup and type the same once more.'
        return 1
    }
    try {
        $evidence = Get-Evidence $hash $values
    }
    catch {
        Show-Problem 'Windows did not say who this laptop is; nothing was saved.' ('It says: ' + $_.Exception.Message) 'Wait a minute and type the same once more.'
        return 1
    }
    $now = [DateTime]::Now.ToString('yyyyMMdd-HHmmss', [Globalization.CultureInfo]::InvariantCulture)
    try {
        $stem = Get-FreeStem $folder ((ConvertTo-SafeName $evidence.serial) + '-' + $now) @('.csv', '.evidence.json')
        $csv = Format-IntuneCsv $evidence.serial $evidence.product_key_id $hash
        Save-Ascii ([IO.Path]::Combine($folder, $stem + '.csv')) $csv
        Save-Ascii ([IO.Path]::Combine($folder, $stem + '.evidence.json')) (ConvertTo-AsciiJson $evidence)
    }
    catch {
        $why, $next = Get-WriteProblem $_.Exception
        Show-Problem 'The capture is not on the stick.' $why $next
        return 1
    }
    $doubt = Get-TpmDoubt $evidence.tpm $values
    if ($doubt -eq '') { Show-Big 'OK' 'Green' }
    else { Show-Problem 'Captured, but pre-provisioning will fail on this laptop.' 'Its TPM cannot vouch for it.' $doubt }
    Write-Host ''
    Write-Host ('  serial number   ' + $evidence.serial)
    Write-Host ('  model           ' + $evidence.manufacturer + ' ' + $evidence.model)
    Write-Host ('  TPM             ' + $evidence.tpm.spec + ' ' + $evidence.tpm.manufacturer)
    if ($evidence.tenant_domain -ne '') {
        Write-Host ('  registered      it knows an Autopilot profile of ' + $evidence.tenant_domain + ' already')
    }
    Write-Host ('  saved as        ' + [IO.Path]::Combine($folder, $stem + '.csv'))
    Write-Host '  The stick holds it in readable form: bring it back to the bench, do not leave it in the laptop.'
    if ($doubt -ne '') { return 2 }
    0
}

exit (Invoke-Capture)
