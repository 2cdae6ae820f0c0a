# whiteglove: keeps what Windows wrote about this laptop's setup, before a reset takes it away. Every part by
# itself: what fails is said and noted, and the rest goes on. Nothing on the laptop is changed.
. (Join-Path $PSScriptRoot 'common.ps1')

# In the archive of the diagnostics tool there is much; less free space than this ends in the middle of it.
$Room = 48 * 1024 * 1024

# A program of Windows, for so many seconds at most: one that hangs must not keep the rest.
function Invoke-Tool([string] $Program, [string] $Arguments, [int] $Seconds) {
    $path = [IO.Path]::Combine($env:SystemRoot, 'System32', $Program)
    if (-not (Test-Path -LiteralPath $path)) { throw ($Program + ' is not part of this Windows.') }
    $running = Start-Process -FilePath $path -ArgumentList $Arguments -PassThru -WindowStyle Hidden
    # Without a look at the handle the exit code is lost when the process ends.
    [void] $running.Handle
    if (-not $running.WaitForExit($Seconds * 1000)) {
        $running.Kill()
        throw ($Program + ' was not done after ' + $Seconds + ' seconds.')
    }
    if ($running.ExitCode -ne 0) { throw ($Program + ' ended with code ' + $running.ExitCode + '.') }
}

function Copy-Tree([string] $From, [string] $To) {
    if (-not (Test-Path -LiteralPath $From)) { throw ($From + ' is not there.') }
    Copy-Item -LiteralPath $From -Destination $To -Recurse -Force -ErrorAction Stop
}

# Everything to keep: its name, and how to get it. The largest and slowest last: a stick that is pulled early
# has the rest.
function Get-Steps([string] $Folder) {
    $logs = [ordered] @{
        'shell' = 'Microsoft-Windows-Shell-Core/Operational'
        'autopilot' = 'Microsoft-Windows-ModernDeployment-Diagnostics-Provider/Autopilot'
        'management' = 'Microsoft-Windows-DeviceManagement-Enterprise-Diagnostics-Provider/Admin'
        'join' = 'Microsoft-Windows-User Device Registration/Admin'
        'aad' = 'Microsoft-Windows-AAD/Operational'
        'system' = 'System'
    }
    $registry = [ordered] @{
        'provisioning' = 'HKLM\SOFTWARE\Microsoft\Provisioning'
        'enrollments' = 'HKLM\SOFTWARE\Microsoft\Enrollments'
        'status' = 'HKLM\SOFTWARE\Microsoft\Windows\Autopilot'
    }
    foreach ($name in $logs.Keys) {
        $to = [IO.Path]::Combine($Folder, $name + '.evtx')
        @{ name = 'events: ' + $name; program = 'wevtutil.exe'; what = 'epl "' + $logs[$name] + '" "' + $to + '"'; seconds = 60 }
    }
    foreach ($name in $registry.Keys) {
        $to = [IO.Path]::Combine($Folder, $name + '.reg')
        @{ name = 'registry: ' + $name; program = 'reg.exe'; what = 'export "' + $registry[$name] + '" "' + $to + '" /y'; seconds = 30 }
    }
    @{ name = 'Intune apps'; program = ''; what = [IO.Path]::Combine($env:ProgramData, 'Microsoft\IntuneManagementExtension\Logs'); to = 'intune' }
    @{ name = 'setup'; program = ''; what = [IO.Path]::Combine($env:SystemRoot, 'Panther\setupact.log'); to = 'setupact.log' }
    @{ name = 'setup, user part'; program = ''; what = [IO.Path]::Combine($env:SystemRoot, 'Panther\UnattendGC'); to = 'UnattendGC' }
    $to = [IO.Path]::Combine($Folder, 'autopilot.cab')
    @{ name = 'diagnostics (up to five minutes)'; program = 'mdmdiagnosticstool.exe'; what = '-area "Autopilot;TPM" -cab "' + $to + '"'; seconds = 300 }
}

function Invoke-Step($Step, [string] $Folder) {
    if ($Step.program -eq '') {
        Copy-Tree $Step.what ([IO.Path]::Combine($Folder, $Step.to))
    }
    else {
        Invoke-Tool $Step.program $Step.what $Step.seconds
    }
}

function Invoke-Logs {
    if (-not (Test-Administrator)) {
        Show-Problem 'No logs were kept.' 'This window is not an administrator''s.' 'In Windows setup press Shift and F10; in a finished Windows right-click l.cmd, Run as administrator.'
        return 1
    }
    $serial = Get-SerialNumber
    $now = [DateTime]::Now.ToString('yyyyMMdd-HHmmss', [Globalization.CultureInfo]::InvariantCulture)
    try {
        $logs = Open-Folder 'logs'
        $free = (New-Object IO.DriveInfo([IO.Path]::GetPathRoot($Stick))).AvailableFreeSpace
        if ($free -lt $Room) {
            Show-Problem 'No logs were kept.' ('The stick has ' + [int] ($free / 1000000) + ' MB left, and they need ' + [int] ($Room / 1000000) + '.') 'Take another stick; bring this one back to the bench to be emptied.'
            return 1
        }
        $stem = Get-FreeStem $logs ((ConvertTo-SafeName $serial) + '-' + $now) @('')
        $folder = [IO.Path]::Combine($logs, $stem)
        [void] [IO.Directory]::CreateDirectory($folder)
    }
    catch {
        $why, $next = Get-WriteProblem $_.Exception
        Show-Problem 'No logs were kept: the stick takes no file.' $why $next
        return 1
    }
    $lines = @('whiteglove logs of ' + $serial, ('begun ' + $now), ('stick ' + (Get-StickNumber)))
    $kept = 0
    $steps = @(Get-Steps $folder)
    foreach ($step in $steps) {
        Write-Host ('  ' + $step.name + ' ...')
        try {
            Invoke-Step $step $folder
            $kept = $kept + 1
            $lines += 'kept    ' + $step.name
        }
        catch {
            $why = ($_.Exception.Message -replace '[^\x20-\x7E]', '?')
            Write-Host ('      not kept: ' + $why)
            $lines += 'MISSING ' + $step.name + ': ' + $why
        }
    }
    try {
        Save-Ascii ([IO.Path]::Combine($folder, 'summary.txt')) (($lines -join "`r`n") + "`r`n")
    }
    catch {
        $why, $next = Get-WriteProblem $_.Exception
        Show-Problem 'The logs are not complete.' $why $next
        return 1
    }
    if ($kept -eq 0) {
        Show-Problem 'No logs were kept.' 'Windows gave none of them; the reasons stand above.' 'Take a photo of this screen for whoever looks into it.'
        return 1
    }
    Show-Big 'OK' 'Green'
    Write-Host ('  ' + $kept + ' of ' + $steps.Count + ' parts are in ' + $folder)
    Write-Host '  What is missing is named above; a part that this Windows never wrote is no loss.'
    Write-Host '  They hold names and addresses of this company: bring the stick back, do not pass it on.'
    0
}

exit (Invoke-Logs)
