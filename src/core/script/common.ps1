# whiteglove: what its scripts for Windows share. For Windows PowerShell 5.1 as it is in Windows setup:
# no module is loaded from anywhere, nobody signs in, no network is needed.
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

# This file lies in the folder whiteglove of the stick's data volume.
$Stick = Split-Path -Parent $PSScriptRoot

# Five rows of five: read from the other side of the bench.
$Letters = @{
    'A' = ' ### ', '#   #', '#####', '#   #', '#   #'
    'D' = '#### ', '#   #', '#   #', '#   #', '#### '
    'E' = '#####', '#    ', '###  ', '#    ', '#####'
    'F' = '#####', '#    ', '###  ', '#    ', '#    '
    'I' = '#####', '  #  ', '  #  ', '  #  ', '#####'
    'K' = '#   #', '#  # ', '###  ', '#  # ', '#   #'
    'L' = '#    ', '#    ', '#    ', '#    ', '#####'
    'N' = '#   #', '##  #', '# # #', '#  ##', '#   #'
    'O' = ' ### ', '#   #', '#   #', '#   #', ' ### '
    'T' = '#####', '  #  ', '  #  ', '  #  ', '  #  '
    ' ' = '     ', '     ', '     ', '     ', '     '
}

function Format-Big([string] $Word) {
    foreach ($row in @(0, 1, 2, 3, 4)) {
        $line = ''
        foreach ($letter in $Word.ToCharArray()) {
            $line = $line + $Letters[[string] $letter][$row] + '  '
        }
        $line.TrimEnd()
    }
}

function Show-Big([string] $Word, [string] $Color) {
    Write-Host ''
    foreach ($line in (Format-Big $Word)) {
        Write-Host ('   ' + $line) -ForegroundColor $Color
    }
    Write-Host ''
}

function Show-Problem([string] $What, [string] $Why, [string] $Next) {
    Show-Big 'NOT OK' 'Yellow'
    Write-Host ('  ' + $What)
    Write-Host ('    why:  ' + $Why)
    Write-Host ('    next: ' + $Next)
}

# Part of a file name on FAT: nothing but letters, digits and hyphens.
function ConvertTo-SafeName([string] $Text) {
    $safe = ($Text.Trim() -replace '[^A-Za-z0-9-]', '_')
    if ($safe.Length -gt 40) { $safe = $safe.Substring(0, 40) }
    if ($safe -eq '') { $safe = 'NO-SERIAL' }
    $safe
}

# Windows PowerShell 5.1 leaves letters outside ASCII as they are; readers of old code pages do not.
function ConvertTo-AsciiJson($Value) {
    $json = ConvertTo-Json -InputObject $Value -Depth 6
    [regex]::Replace($json, '[^\x20-\x7E\r\n]', { param($match) '\u{0:x4}' -f [int] [char] $match.Value })
}

# The first name nobody has taken: an earlier capture is never written over.
function Get-FreeStem([string] $Folder, [string] $Stem, [string[]] $Suffixes) {
    for ($number = 1; $number -le 999; $number++) {
        $candidate = $Stem
        if ($number -gt 1) { $candidate = $Stem + '-' + $number }
        $taken = $false
        foreach ($suffix in $Suffixes) {
            if (Test-Path -LiteralPath ([IO.Path]::Combine($Folder, $candidate + $suffix))) { $taken = $true }
        }
        if (-not $taken) { return $candidate }
    }
    throw 'There are 999 captures of this minute on the stick.'
}

# Whole under its name or not there at all: written past the cache as .part, read back, then renamed.
function Save-Ascii([string] $Path, [string] $Text) {
    $bytes = [Text.Encoding]::ASCII.GetBytes($Text)
    $part = $Path + '.part'
    $file = New-Object IO.FileStream($part, [IO.FileMode]::Create, [IO.FileAccess]::Write, [IO.FileShare]::None, 4096, [IO.FileOptions]::WriteThrough)
    try {
        $file.Write($bytes, 0, $bytes.Length)
        $file.Flush($true)
    }
    finally {
        $file.Dispose()
    }
    if ([IO.File]::ReadAllText($part, [Text.Encoding]::ASCII) -cne $Text) {
        throw 'The stick gave back something else than was written: it is worn out.'
    }
    [IO.File]::Move($part, $Path)
}

# Makes the folder, and finds out whether the stick takes anything before the laptop is asked for long.
function Open-Folder([string] $Name) {
    $folder = [IO.Path]::Combine($Stick, $Name)
    [void] [IO.Directory]::CreateDirectory($folder)
    $trial = [IO.Path]::Combine($folder, 'trial.part')
    [IO.File]::WriteAllText($trial, 'trial')
    [IO.File]::Delete($trial)
    $folder
}

# What a failed write means to the person at the laptop: why, and what next.
function Get-WriteProblem([Exception] $Failure) {
    $base = $Failure.GetBaseException()
    $code = '{0:X8}' -f $base.HResult
    if ($code -eq '80070013' -or $base -is [UnauthorizedAccessException]) {
        return 'The stick is read-only, or this Windows forbids writing to sticks.', 'Look for a write-protect switch on the stick; or take another stick.'
    }
    if ($code -eq '80070070' -or $code -eq '80070027') {
        return 'The stick is full.', 'Bring the stick back to the bench to be read and emptied; take another one meanwhile.'
    }
    if ($code -eq '80070015' -or $base -is [IO.DirectoryNotFoundException] -or $base -is [IO.DriveNotFoundException]) {
        return 'The stick was pulled, or Windows lost it.', 'Plug it in again and type the same once more.'
    }
    return ('Windows says: ' + $base.Message + ' (' + $code + ')'), 'Type the same once more; if it happens again, take another stick.'
}

# Everything that is asked of Windows Management goes through here.
function Get-Instance([string] $Namespace, [string] $Class, [string] $Filter) {
    if ($Filter -eq '') {
        $all = @(Get-CimInstance -Namespace $Namespace -ClassName $Class -ErrorAction Stop)
    }
    else {
        $all = @(Get-CimInstance -Namespace $Namespace -ClassName $Class -Filter $Filter -ErrorAction Stop)
    }
    if ($all.Count -eq 0) { return $null }
    $all[0]
}

# A value, or nothing where this Windows has none.
function Get-RegistryValue([string] $Key, [string] $Name) {
    try {
        $values = Get-ItemProperty -LiteralPath $Key -Name $Name -ErrorAction Stop
        $values.$Name
    }
    catch {
        $null
    }
}

function Test-Administrator {
    $identity = [Security.Principal.WindowsIdentity]::GetCurrent()
    $principal = New-Object Security.Principal.WindowsPrincipal($identity)
    $principal.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)
}

function Get-SerialNumber {
    try {
        $bios = Get-Instance 'root/cimv2' 'Win32_BIOS' ''
        ([string] $bios.SerialNumber).Trim()
    }
    catch {
        ''
    }
}

function Get-StickNumber {
    $path = [IO.Path]::Combine($Stick, 'stick.id')
    if (-not (Test-Path -LiteralPath $path)) { return '' }
    ([IO.File]::ReadAllText($path)).Trim()
}
