"""Network namespaces by name, entered by one thread at a time.

A socket stays in the namespace where it was opened, and a process starts in the namespace of the thread that starts
it. So the whole lab is one process that opens its sockets `with inside(...)` and holds all clocks and all facts.
"""

import ctypes
import os
import subprocess

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _enter(fd):
    if _libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class inside:
    """`with inside("hv1"):` runs its body in that namespace (None: stay)."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        if self.name is None:
            return
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        there = os.open("/run/netns/" + self.name, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _enter(there)
        finally:
            os.close(there)

    def __exit__(self, *_):
        if self.name is not None:
            _enter(self.home)
            os.close(self.home)


def run(name, *command, check=True, timeout=120):
    """Run a command in a namespace and return its standard output."""
    with inside(name):
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    if check and done.returncode != 0:
        raise RuntimeError(f"{name}: {' '.join(command)}: {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def batch(name, tool, lines):
    """Feed lines to `ip -batch -`, `bridge -batch -` or `tc -batch -` in one process: exec is dear in the guest."""
    with inside(name):
        done = subprocess.run([tool, "-batch", "-"], input="\n".join(lines) + "\n", capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{name}: {tool}: {done.stderr}\n" + "\n".join(lines))


def sysctl(name, **settings):
    """`sysctl("hv1", net__ipv4__ip_forward=1)`; a double underscore stands for the slash."""
    with inside(name):
        for key, value in settings.items():
            with open("/proc/sys/" + key.replace("__", "/"), "w") as handle:
                handle.write(str(value))
