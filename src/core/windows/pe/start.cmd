@echo off
rem whiteglove in Windows PE: who is this laptop? Keeps its hardware hash on the stick and sends it to the bench.
rem There is no PowerShell here, no choice.exe and no timeout.exe; what is used is in every Windows PE.
rem Nothing that lies on a disk is run: a card is read, and a card with anything else in it than ours is left alone.
setlocal EnableExtensions DisableDelayedExpansion
title whiteglove
set "HERE=%~dp0"
set "SYSTEM=%SystemRoot%\System32"
set "STARTED="
set "WITH="
rem oa3tool takes the names in its configuration from the folder it is started in.
cd /d "%HERE%"

:begin
color 07
cls
echo.
echo   whiteglove: who is this laptop?
echo.
set "HASH="
set "KEPT="
set "SENT="
set "UNKEPT="
set "UNSENT="
if not defined STARTED call :start
call :find
if defined OTHER goto several
if not defined CARD goto nocard
call :read
call :drivers
call :volume
call :capture
if not defined HASH goto nohash
call :keep
call :send
goto verdict

:start
echo   Windows PE looks for its hardware and the network: up to a minute ...
wpeinit
wpeutil WaitForRemovableStorage >nul 2>nul
set "STARTED=1"
exit /b 0

rem The card that came with us over the network; else the one on the stick we started from; else the only one there is.
:find
set "CARD="
set "ROOT="
set "NUMBER="
set "OTHER="
set "ODD="
set "BOOT="
set "TRIES=1"
if exist "%SYSTEM%\card.cmd" call :check "%SYSTEM%\card.cmd"
if exist "%SYSTEM%\card.cmd" if not defined BAD set "CARD=%SYSTEM%\card.cmd"
if defined CARD exit /b 0
wpeutil UpdateBootInfo >nul 2>nul
reg query HKLM\System\CurrentControlSet\Control /v PEBootRamdiskSourceDrive >boot.txt 2>nul
for /f "usebackq tokens=3" %%A in ("boot.txt") do if not "%%A"=="" set "BOOT=%%A"
if not defined BOOT goto search
for %%D in (C D E F G H I J K L M N O P Q R S T U V W Y Z) do if /i "%%D:\"=="%BOOT%" call :look %%D
if defined CARD exit /b 0
:search
for %%D in (C D E F G H I J K L M N O P Q R S T U V W Y Z) do call :look %%D
if defined CARD exit /b 0
if %TRIES% GEQ 4 exit /b 0
rem A stick behind a slow hub takes a while.
set /a TRIES=TRIES+1
ping -n 4 127.0.0.1 >nul 2>nul
goto search

:look
if not exist "%1:\whiteglove\card.cmd" exit /b 0
call :check "%1:\whiteglove\card.cmd"
if defined BAD set "ODD=%1:"
if defined BAD exit /b 0
if defined CARD goto another
set "CARD=%1:\whiteglove\card.cmd"
set "ROOT=%1:\"
set "NUMBER=%FOUND%"
exit /b 0
:another
if not "%FOUND%"=="%NUMBER%" set "OTHER=%1:"
exit /b 0

rem Has the number of a medium, and is harmless.
:check
set "FOUND="
call :plain "%~1"
if defined BAD exit /b 0
for /f "usebackq tokens=1,2,* delims== " %%A in ("%~1") do if "%%A %%B"=="set WG_MEDIA" set "FOUND=%%C"
if not defined FOUND set "BAD=1"
exit /b 0

rem These characters and no others: none of it can mean anything to this script.
:plain
set "BAD="
for %%F in ("%~1") do if %%~zF GTR 8192 set "BAD=1"
if defined BAD exit /b 0
for /f "usebackq eol=_ delims=abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:/_=[]- " %%A in ("%~1") do if not defined BAD set "BAD=%%A"
exit /b 0

:read
set "WG_MEDIA="
set "WG_PASS="
set "WG_BENCH="
set "WG_BATCH="
set "WG_ENDPOINTS="
set "WG_SAVE="
for /f "usebackq tokens=1,2,* delims== " %%A in ("%CARD%") do if "%%A"=="set" for %%N in (WG_MEDIA WG_PASS WG_BENCH WG_BATCH WG_ENDPOINTS WG_SAVE) do if "%%B"=="%%N" set "%%N=%%C"
echo   bench     %WG_BENCH%
echo   batch     %WG_BATCH%
set "MODEL="
set "TEXT="
reg query HKLM\HARDWARE\DESCRIPTION\System\BIOS /v SystemProductName >model.txt 2>nul
for /f "usebackq tokens=2,*" %%A in ("model.txt") do if "%%A"=="REG_SZ" set "TEXT=%%B"
call :clean
set "MODEL=%CLEAN%"
if defined MODEL echo   model     %MODEL%
exit /b 0

rem Once for each stick: a driver that is loaded stays.
:drivers
if not defined ROOT exit /b 0
if "%WITH%"=="%ROOT%" exit /b 0
set "WITH=%ROOT%"
if not exist "%ROOT%drivers\*" exit /b 0
set "LOADED=0"
set "FAILED=0"
echo   Loading the drivers of this stick ...
for /r "%ROOT%drivers" %%F in (*.inf) do (
  set "INF=%%F"
  call :driver
)
echo   drivers   %LOADED% loaded, %FAILED% not: for another model, or not signed
if not "%LOADED%"=="0" wpeutil InitializeNetwork >nul 2>nul
exit /b 0
:driver
drvload "%INF%" >>drivers.txt 2>&1
if errorlevel 1 goto driverfailed
set /a LOADED=LOADED+1
exit /b 0
:driverfailed
set /a FAILED=FAILED+1
exit /b 0

rem Among several sticks and the laptop's own disks: the one with the number of this medium.
:volume
set "SAVE="
if not "%WG_SAVE%"=="yes" set "UNKEPT=This medium has no volume to save to."
if not "%WG_SAVE%"=="yes" exit /b 0
for %%D in (C D E F G H I J K L M N O P Q R S T U V W Y Z) do call :mine %%D
if not defined SAVE set "UNKEPT=No drive has the folder captures and the number of this stick."
exit /b 0
:mine
if defined SAVE exit /b 0
if not exist "%1:\captures\*" exit /b 0
if not exist "%1:\stick.id" exit /b 0
call :plain "%1:\stick.id"
if defined BAD exit /b 0
for /f "usebackq delims=" %%S in ("%1:\stick.id") do if "%%S"=="%WG_MEDIA%" set "SAVE=%1:\captures"
exit /b 0

rem Registered first, PCPKsp.dll lets oa3tool ask the TPM for its key.
:capture
set "TPM="
set "CODE="
set "SERIAL="
if exist OA3.xml del /q OA3.xml
if exist OA3.bin del /q OA3.bin
if not exist "%HERE%oa3tool.exe" exit /b 0
if exist "%SYSTEM%\PCPKsp.dll" rundll32 "%SYSTEM%\PCPKsp.dll",DllInstall
if exist "%SYSTEM%\PCPKsp.dll" set "TPM=1"
echo   Asking Windows PE for the hardware hash; this takes up to a minute ...
"%HERE%oa3tool.exe" /Report /ConfigFile=.\OA3.cfg /NoKeyCheck >oa3tool.txt 2>&1
set "CODE=%ERRORLEVEL%"
if not exist OA3.xml exit /b 0
rem A hash alone has 4000 characters.
for %%F in (OA3.xml) do if %%~zF GTR 2000 set "HASH=1"
for /f "usebackq delims=" %%L in ("OA3.xml") do (
  set "LINE=%%L"
  call :serial
)
exit /b 0
:serial
if defined SERIAL exit /b 0
if not defined LINE exit /b 0
set "LINE=%LINE:"=%"
if not defined LINE exit /b 0
set "TEXT=%LINE:*<SerialNumber>=%"
if not defined TEXT exit /b 0
if "%TEXT:~0,60%"=="%LINE:~0,60%" exit /b 0
call :clean
set "SERIAL=%CLEAN%"
exit /b 0

rem Letters, digits, hyphens; what else there is becomes a hyphen; an element's end ends it.
:clean
set "CLEAN="
if not defined TEXT exit /b 0
set "TEXT=%TEXT:"=%"
set "LEFT=40"
:cleaner
if not defined TEXT exit /b 0
if "%LEFT%"=="0" exit /b 0
set /a LEFT=LEFT-1
set "ONE=%TEXT:~0,1%"
set "TEXT=%TEXT:~1%"
if "%ONE%"=="<" exit /b 0
set "GOOD=-"
for %%C in (A B C D E F G H I J K L M N O P Q R S T U V W X Y Z 0 1 2 3 4 5 6 7 8 9) do if /i "%ONE%"=="%%C" set "GOOD=%ONE%"
set "CLEAN=%CLEAN%%GOOD%"
goto cleaner

rem Whole under its name or not there at all; an earlier capture is never written over.
:keep
if not defined SAVE exit /b 0
set "STEM=%SERIAL%"
if not defined STEM set "STEM=%MODEL%"
if not defined STEM set "STEM=LAPTOP"
set "TEXT=%DATE%-%TIME%"
call :clean
set "STEM=%STEM%-%CLEAN%"
set "N=1"
:free
set "NAME=%STEM%.xml"
if %N% GTR 1 set "NAME=%STEM%-%N%.xml"
if not exist "%SAVE%\%NAME%" goto write
set /a N=N+1
if %N% LEQ 999 goto free
:write
set "UNKEPT=The stick takes no file: it is full, write-protected or worn, or it was pulled."
copy /b /y OA3.xml "%SAVE%\%NAME%.part" >nul 2>nul
if not exist "%SAVE%\%NAME%.part" exit /b 0
set "SAME="
for %%F in (OA3.xml) do for %%G in ("%SAVE%\%NAME%.part") do if "%%~zF"=="%%~zG" set "SAME=1"
if not defined SAME goto unlike
rem Not every Windows PE has fc.exe; where it is, a file is like itself.
fc /b OA3.xml OA3.xml >nul 2>nul
if errorlevel 1 goto whole
fc /b OA3.xml "%SAVE%\%NAME%.part" >nul 2>nul
if errorlevel 1 goto unlike
:whole
ren "%SAVE%\%NAME%.part" "%NAME%" >nul 2>nul
if exist "%SAVE%\%NAME%" set "KEPT=%SAVE%\%NAME%"
exit /b 0
:unlike
del /q "%SAVE%\%NAME%.part" >nul 2>nul
exit /b 0

rem Each address of the bench in turn, and all of them again: a switch port takes its time.
:send
if not defined WG_ENDPOINTS set "UNSENT=This medium names no address of the bench."
if not defined WG_ENDPOINTS exit /b 0
if not exist "%SYSTEM%\curl.exe" set "UNSENT=curl.exe is not in this Windows PE."
if not exist "%SYSTEM%\curl.exe" exit /b 0
set "UNSENT=The bench did not answer at %WG_ENDPOINTS%."
set "ROUND=1"
:round
for %%U in (%WG_ENDPOINTS%) do call :post %%U
if defined SENT exit /b 0
if %ROUND% GEQ 4 exit /b 0
set /a ROUND=ROUND+1
ping -n 4 127.0.0.1 >nul 2>nul
goto round
:post
if defined SENT exit /b 0
echo   Sending it to %1 ...
if exist answer.txt del /q answer.txt
if exist status.txt del /q status.txt
"%SYSTEM%\curl.exe" --silent --noproxy * --globoff --connect-timeout 4 --max-time 20 --max-filesize 4096 --header "whiteglove-media: %WG_MEDIA%" --header "whiteglove-pass: %WG_PASS%" --header "Content-Type: application/xml" --header "Expect:" --data-binary @OA3.xml --output answer.txt --write-out "%%{http_code}" "%1/winpe" >status.txt 2>nul
if not exist answer.txt exit /b 0
if not exist status.txt exit /b 0
set "STATUS="
for /f "usebackq delims=" %%S in ("status.txt") do set "STATUS=%%S"
rem Both have to say so: the sign-in page of some network answers 200 to everything.
for /f "usebackq delims=" %%S in ("answer.txt") do if "%STATUS% %%S"=="200 whiteglove OK" set "SENT=OK"
for /f "usebackq delims=" %%S in ("answer.txt") do if "%STATUS% %%S"=="202 whiteglove LOOK" set "SENT=LOOK"
for /f "usebackq delims=" %%S in ("answer.txt") do if "%%S"=="whiteglove REFUSED" set "SENT=REFUSED"
exit /b 0

:verdict
cls
if "%SENT%"=="OK" goto good
if "%SENT%"=="LOOK" goto needslook
if "%SENT%"=="REFUSED" goto refused
if not defined KEPT goto nowhere
if not defined TPM goto nokey
:good
call :ok
if "%SENT%"=="OK" call :said
if "%SENT%"=="OK" goto kept
echo   It is on the stick; the bench does not have it yet.
echo     why:  %UNSENT%
echo     next: Bring the stick back to the bench: whiteglove import reads it.
:kept
if defined KEPT echo   saved as  %KEPT%
goto menu
:needslook
call :notok
echo   The bench has it, but somebody has to look at this laptop.
call :said
goto kept
:refused
call :notok
echo   The bench did not take it.
call :said
if defined KEPT echo   It is on the stick as %KEPT%
if not defined KEPT echo   It is nowhere but in the memory of this laptop.
goto menu
:nowhere
call :notok
echo   The hardware hash is nowhere but in the memory of this laptop.
echo     why:  %UNSENT%
echo           %UNKEPT%
echo     next: Plug in network cable and stick, wait ten seconds, choose a.
goto menu
:nokey
call :notok
echo   Captured, but this hash does not do for pre-provisioning.
echo     why:  It lacks the TPM key: PCPKsp.dll is not in this Windows PE.
echo     next: Have the medium built with it, or type a in Windows setup.
goto kept
:nohash
call :notok
echo   No hardware hash was made.
if not exist "%HERE%oa3tool.exe" goto notool
echo     why:  oa3tool ended with the number %CODE%, and said:
for /f "usebackq delims=" %%L in ("oa3tool.txt") do echo           %%L
echo     next: Choose a; if it happens again, type a in Windows setup.
goto menu
:notool
echo     why:  oa3tool.exe is not in this Windows PE.
echo     next: Have the medium built with oa3tool.exe of Microsoft's ADK.
goto menu
:nocard
call :notok
echo   The card of this medium was not found.
if defined ODD echo     why:  The file whiteglove\card.cmd on %ODD% is not as whiteglove writes it.
if not defined ODD echo     why:  Windows PE shows no drive with the file whiteglove\card.cmd.
echo     next: Plug the stick in at another port, wait ten seconds, choose a.
goto menu
:several
call :notok
echo   There are several whiteglove media here.
echo     why:  %ROOT% and %OTHER% differ, and either may have started this laptop.
echo     next: Leave in the one you started from, pull the others, and choose a.
goto menu

rem What the bench has to say, in its own lines.
:said
for /f "usebackq skip=1 delims=" %%L in ("answer.txt") do echo   %%L
exit /b 0

rem Read from the other side of the bench.
:ok
color 0A
echo.
echo      ###   #   #
echo     #   #  #  #
echo     #   #  ###
echo     #   #  #  #
echo      ###   #   #
echo.
exit /b 0
:notok
color 0E
echo.
echo     #   #   ###   #####     ###   #   #
echo     ##  #  #   #    #      #   #  #  #
echo     # # #  #   #    #      #   #  ###
echo     #  ##  #   #    #      #   #  #  #
echo     #   #   ###     #       ###   #   #
echo.
exit /b 0

:menu
echo.
echo   a  again    s  shut down    r  restart    c  command prompt
:ask
set "ANSWER="
set /p ANSWER=  Type a letter and press Enter: 
if not defined ANSWER goto ask
set "ANSWER=%ANSWER:"=%"
if not defined ANSWER goto ask
if /i "%ANSWER%"=="a" goto begin
if /i "%ANSWER%"=="s" goto shutdown
if /i "%ANSWER%"=="r" goto restart
if /i "%ANSWER%"=="c" goto prompt
goto ask
:shutdown
echo   Switching off ...
wpeutil shutdown
goto wait
:restart
echo   Restarting ...
wpeutil reboot
rem The end of this window would restart the laptop, whatever was asked for.
:wait
ping -n 60 127.0.0.1 >nul 2>nul
goto menu
:prompt
echo   Type %HERE%start to come back; exit restarts the laptop.
exit /b 0
