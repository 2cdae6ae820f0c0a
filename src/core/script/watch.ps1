# whiteglove: how far is the technician phase? Reads what Windows notes of it (event 62407 of the shell, the
# Autopilot log), shows each stage once, and keeps it in the folder logs. Windows restarts in this phase: after
# it, Shift and F10 and the same letter again, and it catches up with what it missed.
. (Join-Path $PSScriptRoot 'common.ps1')

$ShellLog = 'Microsoft-Windows-Shell-Core/Operational'
$AutopilotLog = 'Microsoft-Windows-ModernDeployment-Diagnostics-Provider/Autopilot'
$AutopilotWords = @{
    153 = 'a new state'
    161 = 'the profile is there'
    163 = 'this laptop was provisioned before'
    164 = 'the internet is reached'
    171 = 'TPM ATTESTATION'
    172 = 'the profile could NOT be put to use'
    807 = 'NOT REGISTERED with Autopilot'
    809 = 'registered, but NO PROFILE is assigned'
    815 = 'registered, but NO PROFILE is assigned'
    908 = 'the SERIAL NUMBER OR PRODUCT KEY IS NOT the registered one: a replaced board?'
}

# What one text of event 62407 says: the stage's name, whether it is the last one, and how it ended.
function Read-Stage([string] $Message) {
    $found = [regex]::Match($Message, 'CommercialOOBE_[A-Za-z0-9_]+')
    if (-not $found.Success) { return $null }
    $name = $found.Value
    $end = ''
    if ($name -match '^CommercialOOBE_ESPProgress_WhiteGlove_Success$') { $end = 'success' }
    elseif ($name -match '_(WhiteGlove_Failed|Failure|Timeout|Abort)$') { $end = $Matches[1] }
    [ordered] @{ name = $name; end = $end }
}

# New entries of a log since the last look, oldest first; a log that is not there yet has none.
function Get-News([string] $Log, [int[]] $Ids, [long] $After) {
    try {
        $all = @(Get-WinEvent -FilterHashtable @{ LogName = $Log; Id = $Ids } -ErrorAction Stop)
    }
    catch {
        return
    }
    $all | Where-Object { $_.RecordId -gt $After } | Sort-Object -Property RecordId
}

# Windows puts the words together only where it knows their source; the values are always there.
function Get-Text($Entry) {
    $text = [string] $Entry.Message
    if ($text -eq '') { $text = @($Entry.Properties | ForEach-Object { [string] $_.Value }) -join ' ' }
    $text
}

function Add-Line([IO.StreamWriter] $Writer, [DateTime] $Time, [string] $Words) {
    $ascii = $Words -replace '[^\x20-\x7E]', '?'
    $stamp = $Time.ToString('yyyy-MM-dd HH:mm:ss', [Globalization.CultureInfo]::InvariantCulture)
    Write-Host ('  ' + $stamp + '  ' + $ascii)
    # The stick may be pulled at any moment; the laptop's screen still shows what happens then.
    if ($null -ne $Writer) {
        try {
            $Writer.WriteLine($stamp + '  ' + $ascii)
            $Writer.Flush()
        }
        catch {
            Write-Host '              (the stick does not take this line)'
        }
    }
}

function Open-Log([string] $Serial) {
    $folder = Open-Folder 'logs'
    $stem = Get-FreeStem $folder ((ConvertTo-SafeName $Serial) + '-watch') @('.txt')
    New-Object IO.StreamWriter([IO.Path]::Combine($folder, $stem + '.txt'), $false, [Text.Encoding]::ASCII)
}

function Invoke-Watch {
    $serial = Get-SerialNumber
    $writer = $null
    try {
        $writer = Open-Log $serial
    }
    catch {
        $why, $next = Get-WriteProblem $_.Exception
        Write-Host ('  Nothing of this is kept: ' + $why + ' ' + $next)
    }
    Add-Line $writer ([DateTime]::Now) ('watching ' + $serial + '; Ctrl and C ends it, nothing on the laptop is changed')
    [long] $shell = 0
    [long] $autopilot = 0
    $last = ''
    $first = $true
    while ($true) {
        foreach ($entry in @(Get-News $AutopilotLog @($AutopilotWords.Keys) $autopilot)) {
            $autopilot = $entry.RecordId
            # Our word for it, and the beginning of Windows' own, which has the code.
            $own = ((Get-Text $entry) -split "`n")[0].Trim()
            if ($own.Length -gt 120) { $own = $own.Substring(0, 120) }
            Add-Line $writer $entry.TimeCreated ('Autopilot ' + $entry.Id + ', ' + $AutopilotWords[[int] $entry.Id] + ': ' + $own)
        }
        $end = ''
        foreach ($entry in @(Get-News $ShellLog @(62407) $shell)) {
            $shell = $entry.RecordId
            $stage = Read-Stage (Get-Text $entry)
            if ($null -eq $stage) { continue }
            # Only the newest word counts: a retry may follow a failure.
            $end = $stage.end
            if ($stage.name -ne $last) {
                $last = $stage.name
                Add-Line $writer $entry.TimeCreated $stage.name
            }
        }
        if ($end -eq 'success') {
            Show-Big 'DONE' 'Green'
            Write-Host '  Windows says the technician phase succeeded. Look at the green screen, then press Reseal.'
            return 0
        }
        if ($end -ne '' -and $first) {
            Write-Host ('              (' + $end + ': that was before; watching whether it is tried again)')
        }
        elseif ($end -ne '') {
            Show-Big 'FAILED' 'Yellow'
            Write-Host ('  Windows says: ' + $end + '. Before anything is reset: type l instead of w, it keeps the logs.')
            return 2
        }
        $first = $false
        Start-Sleep -Seconds 5
    }
}

exit (Invoke-Watch)
