#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Starts a program as systemd starts a service of Type=notify, with a watchdog of one second: it must
say that it is ready, report three times that it works, and after SIGTERM say that it stops.

usage: notify_socket.py COMMAND...
"""
import os
import signal
import socket
import subprocess
import sys
import tempfile

SECONDS = 30
WATCHDOG_US = 1_000_000


def main():
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        path = os.path.join(directory, "notify")
        told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        told.bind(path)
        os.chmod(path, 0o777)
        told.settimeout(SECONDS)
        environment = dict(os.environ, NOTIFY_SOCKET=path, WATCHDOG_USEC=str(WATCHDOG_US))
        environment.pop("WATCHDOG_PID", None)
        process = subprocess.Popen(sys.argv[1:], env=environment)
        try:
            expect(told, "READY=1")
            for _ in range(3):
                expect(told, "WATCHDOG=1")
            process.send_signal(signal.SIGTERM)
            while expect(told, "STOPPING=1", "WATCHDOG=1") != "STOPPING=1":
                pass
            return process.wait(timeout=SECONDS)
        finally:
            process.kill()
            process.wait()


def expect(told, *messages):
    message = told.recv(4096).decode()
    print("told", message.replace("\n", " "), flush=True)
    if message not in messages:
        sys.exit(f"FAIL: {' or '.join(messages)} was expected")
    return message


sys.exit(main())
