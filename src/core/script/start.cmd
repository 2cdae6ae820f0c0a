@echo off
rem whiteglove: @TITLE@.
rem Typed as one letter behind whatever drive letter Windows gave the stick, so it finds its place by itself.
setlocal EnableExtensions DisableDelayedExpansion
title whiteglove: @TITLE@
set "STICK=%~dp0"
if exist "%STICK%whiteglove\@SCRIPT@.ps1" goto run
rem The boot volume: the scripts lie on the data volume, which carries the same number.
set "MINE=none"
if exist "%STICK%stick.id" set /p MINE=<"%STICK%stick.id"
for %%D in (C D E F G H I J K L M N O P Q R S T U V W Y Z) do call :look %%D
if exist "%STICK%whiteglove\@SCRIPT@.ps1" goto run
echo.
echo   NOT OK
echo.
echo   The scripts of this stick were not found.
echo     why:  Windows shows no drive with the folder whiteglove and the number of this stick.
echo     next: Pull the stick, plug it in again, wait ten seconds, and type the same once more.
set "RESULT=1"
goto end

:look
if not exist "%1:\whiteglove\@SCRIPT@.ps1" exit /b 0
if not exist "%1:\stick.id" exit /b 0
rem Compared in a loop: what a file on somebody's disk says is then never taken for a command.
for /f "usebackq delims=" %%S in ("%1:\stick.id") do if "%%S"=="%MINE%" set "STICK=%1:\"
exit /b 0

:run
set "POWERSHELL=%SystemRoot%\System32\WindowsPowerShell\v1.0\powershell.exe"
if not exist "%POWERSHELL%" goto without
"%POWERSHELL%" -NoLogo -NoProfile -ExecutionPolicy Bypass -File "%STICK%whiteglove\@SCRIPT@.ps1"
set "RESULT=%ERRORLEVEL%"
goto end

:without
echo.
echo   NOT OK
echo.
echo   Nothing was done.
echo     why:  This Windows has no PowerShell; it is probably Windows PE.
echo     next: Start the laptop into Windows setup, press Shift and F10 there, and type the same once more.
set "RESULT=1"

:end
echo.
pause
exit /b %RESULT%
