"""What systemd does for evpnd.service with FileDescriptorStoreMax=, without systemd: it takes descriptors with
FDSTORE=1, forgets them with FDSTOREREMOVE=1, and hands what it has to the next process (sd_listen_fds(3))."""

import array
import fcntl
import os
import socket
import threading


class FdStore:
    def __init__(self, path):
        self.path, self.kept, self.lock = path, [], threading.Lock()
        if os.path.exists(path):
            os.unlink(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        size = array.array("i").itemsize
        while True:
            try:
                text, extra, _, _ = self.socket.recvmsg(4096, socket.CMSG_SPACE(16 * size))
            except OSError:
                return
            fds = array.array("i")
            for level, kind, data in extra:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    fds.frombytes(data[: len(data) // size * size])
            fields = dict(line.split("=", 1) for line in text.decode().splitlines() if "=" in line)
            with self.lock:
                self.take(fields, list(fds))

    def take(self, fields, fds):
        if "FDSTORE" in fields:
            self.kept += [(fields["FDNAME"], fd) for fd in fds]
            return
        for fd in fds:
            os.close(fd)
        if "FDSTOREREMOVE" in fields:
            for name, fd in self.kept:
                if name == fields["FDNAME"]:
                    os.close(fd)
            self.kept = [(name, fd) for name, fd in self.kept if name != fields["FDNAME"]]

    def names(self):
        with self.lock:
            return sorted({name for name, _ in self.kept})

    def stop(self):
        """`systemctl stop`: the store goes with the service."""
        with self.lock:
            for _, fd in self.kept:
                os.close(fd)
            self.kept = []

    def close(self):
        self.stop()
        self.socket.close()

    def options(self, command):
        """(command, keyword arguments of Popen) of a process that gets what was kept."""
        with self.lock:
            kept = list(self.kept)
        environment = dict(os.environ, NOTIFY_SOCKET=self.path, LISTEN_FDS=str(len(kept)), LISTEN_FDNAMES=":".join(name for name, _ in kept))

        def place():
            # Out of the way first: the numbers wanted may be those of others.
            high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 3 + 2 * len(kept) + 64) for _, fd in kept]
            for number, fd in enumerate(high):
                os.dup2(fd, 3 + number)

        return ["sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", *command], dict(env=environment, preexec_fn=place, pass_fds=range(3, 3 + len(kept)))
