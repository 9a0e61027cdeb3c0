"""TCP ports of this machine: which are free, and who holds one that is not. Standard library only."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from contextlib import closing
from pathlib import Path

LOOPBACK = "127.0.0.1"
DEFAULT = 4566


def parse(text: str) -> int | None:
    """The port that a setting names, None where it names none."""
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text) < 65536 else None


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now; a socket in TIME_WAIT is no obstacle to one."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def pick(preferred: range | None = None) -> int:
    """The first free port of a range, else one that the system chooses."""
    for port in preferred or ():
        if is_free(port):
            return port
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.bind((LOOPBACK, 0))
        chosen: int = probe.getsockname()[1]
        return chosen


def holder(port: int) -> str | None:
    """`name (pid N)` of the process that listens on the port, None where this user may not see it."""
    return _holder_from_proc(port) if Path("/proc/net/tcp").exists() else _holder_from_lsof(port)


def _holder_from_proc(port: int) -> str | None:
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for descriptor in Path("/proc").glob("[0-9]*/fd/*") if sockets else ():
        try:
            held = str(descriptor.readlink())
        except OSError:
            continue
        if held in sockets:
            process = descriptor.parent.parent
            command = (process / "cmdline").read_text().replace("\0", " ").strip()
            return f"{command[:80]} (pid {process.name})"
    return None


def _listening_inodes(port: int) -> set[str]:
    """Inodes of the sockets in state LISTEN (0A) on the port, whatever their address."""
    inodes = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                inodes.add(fields[9])
    return inodes


def _holder_from_lsof(port: int) -> str | None:
    lsof = shutil.which("lsof")
    if lsof is None:
        return None
    found = subprocess.run(
        [lsof, "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"], capture_output=True, text=True, check=False
    )
    process = re.search(r"^p(\d+)$", found.stdout, re.MULTILINE)
    name = re.search(r"^c(.+)$", found.stdout, re.MULTILINE)
    return f"{name.group(1)} (pid {process.group(1)})" if process and name else None
