"""A zygote as its owner sees it: start it, have it fork, watch the child, end them. Nothing here waits on a child.

The thread that starts a zygote must outlive it: bubblewrap's "die with the parent" follows the thread.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course.grading.sandbox import command
from course.grading.sandbox.frames import Malformed, Reader, line
from course.grading.sandbox.isolation import Isolation

__all__ = ["Child", "Ending", "Lost", "Zygote", "memory_file"]

_START = 180.0  # seconds until a zygote must have imported everything, on a busy machine
_ANSWER = 60.0  # seconds for a fork
_MOST_WORDS = 64 << 20  # bytes of standard error after which a child is ended; the last of them are kept
_LAST_WORDS = 4000


class Lost(Exception):
    """The zygote has ended, or does not answer: start another."""


def memory_file(data: bytes) -> int:
    """Return a file in memory that nobody can change any more, not even one who is handed it."""
    import fcntl

    number = os.memfd_create("course", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    view = memoryview(data)
    while view:
        view = view[os.write(number, view) :]
    seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
    fcntl.fcntl(number, fcntl.F_ADD_SEALS, seals)
    return number


@dataclass
class Ending:
    """How a child ended. `status`: an exit code, or a signal's number below zero."""

    status: int = 0
    cpu: float = 0.0
    timed_out: bool = False
    malformed: bool = False
    flooded: bool = False
    words: str = ""


class Zygote:
    """One zygote.

    Args:
        kind: "run" or "compile".
        isolation: what holds it.
        warm: what it imports before it forks.
        closing: set when nothing is worth waiting for any more.
    """

    def __init__(
        self, kind: str, isolation: Isolation, warm: tuple[str, ...] = (), closing: threading.Event | None = None
    ) -> None:
        self.kind = kind
        self.closing = closing or threading.Event()
        self.isolation = isolation
        self.warm = warm
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._work = ""

    def start(self) -> None:
        """Start it, if it is not running, and wait until it has imported everything.

        Raises:
            Lost: it did not start; the text is what it said.
        """
        if self._process is not None:
            return
        command.prepare(self.kind, self.warm)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if self.isolation.bwrap:
            work = command.own_folder()
        else:
            work = self._work = tempfile.mkdtemp(prefix="course-worker-")
            if command.becomes_plain(self.kind):
                os.chown(work, command.PLAIN_USER, command.PLAIN_USER)
        told_cache = command.cache(self.isolation.bwrap) if self.kind == "compile" else {}
        told = command.settings(
            control=theirs.fileno(),
            kind=self.kind,
            warm=list(self.warm),
            confinement=self.isolation.confinement(),
            work=work,
            cache=told_cache,
            readable=[*command.visible(self.kind), *told_cache.values(), "/dev/urandom", "/dev/null", "/dev/zero"],
        )
        line_ = command.command(
            self.kind,
            ["-m", "course.grading.sandbox.zygote", told],
            bwrap=self.isolation.bwrap,
            work=work,
        )
        with tempfile.TemporaryFile() as words:
            self._process = subprocess.Popen(
                line_,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=words,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                cwd="/",
            )
            theirs.close()
            self._control = ours
            try:
                if "ready" not in self._hear(_START)[0]:
                    raise Lost
            except Lost:
                self.stop()
                words.seek(0)
                said = words.read(100_000).decode(errors="replace").strip().splitlines()
                raise Lost(line(said[-1]) if said else "a worker did not start") from None

    def fork(self, request: dict[str, Any], payload: bytes, libraries: list[int]) -> Child:
        """Fork a child for one payload.

        Raises:
            Lost: the zygote is gone.
        """
        self.start()
        assert self._control is not None
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        read, write = os.pipe2(os.O_CLOEXEC)
        file = memory_file(payload)
        try:
            message = json.dumps(request).encode()
            socket.send_fds(self._control, [message], [theirs.fileno(), file, write, *libraries])
            answer, fds = self._hear(_ANSWER)
        except OSError as error:
            ours.close()
            os.close(read)
            self.stop()  # it ended between two jobs: the next try starts another
            raise Lost(f"a worker had ended: {error.strerror}") from None
        except Lost:
            ours.close()
            os.close(read)
            raise
        finally:
            theirs.close()
            os.close(file)
            os.close(write)
        if "failed" in answer or not fds:
            ours.close()
            os.close(read)
            raise Lost(f"no child could be made: {answer.get('failed', 'no handle')}")
        return Child(ours, read, fds[0], self)

    def ended(self) -> dict[str, Any]:
        """Return how the last child ended, once it has."""
        return self._hear(_ANSWER)[0]

    def _hear(self, seconds: float) -> tuple[dict[str, Any], list[int]]:
        assert self._control is not None
        until = time.monotonic() + seconds
        while not select.select([self._control], [], [], 0.25)[0]:
            if self.closing.is_set() or time.monotonic() > until:
                self.stop()
                raise Lost("a worker did not answer")
        try:
            message, fds, _, _ = socket.recv_fds(self._control, 1 << 16, 4)
        except OSError:
            message, fds = b"", []
        if not message:
            self.stop()
            raise Lost("a worker ended")
        return json.loads(message), list(fds)

    def stop(self) -> None:
        """End it and everything in it."""
        if self._control is not None:
            self._control.close()
            self._control = None
        process, self._process = self._process, None
        if process is not None:
            if self.isolation.bwrap:
                process.kill()  # process 1 of its namespace follows, and with it all others
            else:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if self._work:
            shutil.rmtree(self._work, ignore_errors=True)
            self._work = ""


@dataclass
class Child:
    """A child at work: its socket, its standard error, the handle that tells its end, its zygote."""

    channel: socket.socket
    words: int
    pidfd: int
    zygote: Zygote
    _last_words: bytes = b""
    _seen_words: int = 0
    _ending: Ending = field(default_factory=Ending)

    def watch(self, reader: Reader, take: Callable[[bytes, bytes], None], deadline: Callable[[], float]) -> Ending:
        """Hand each frame to `take` until the child has ended; end it at the deadline, which may move.

        Raises:
            Lost: the zygote went with it.
        """
        ending = self._ending
        self.channel.setblocking(False)
        os.set_blocking(self.words, False)
        poll = select.poll()
        for number in (self.channel.fileno(), self.words, self.pidfd):
            poll.register(number, select.POLLIN)
        try:
            while True:
                left = 0.0 if self.zygote.closing.is_set() else deadline() - time.monotonic()
                if left <= 0 and not ending.timed_out:
                    ending.timed_out = True
                    self.kill()
                if ending.timed_out and left < -30:
                    self.zygote.stop()
                    raise Lost("a child could not be ended")
                ready = {number for number, _ in poll.poll(max(1, min(left, 1.0) * 1000) if left > 0 else 1000)}
                if self.words in ready and self._listen() is False:
                    poll.unregister(self.words)
                if self.channel.fileno() in ready and self._receive(reader, take) is False:
                    poll.unregister(self.channel.fileno())
                if self.pidfd in ready:
                    # Bounded: a child without processes of its own may have left one that still writes.
                    for _ in range(4096):
                        if not self._receive(reader, take):
                            break
                    for _ in range(4096):
                        if not self._listen():
                            break
                    break
            said = self.zygote.ended()
        finally:
            self.channel.close()
            os.close(self.words)
            os.close(self.pidfd)
        ending.status, ending.cpu = int(said["status"]), float(said["cpu"])
        ending.words = self._last_words.decode("utf-8", "replace")
        return ending

    def kill(self) -> None:
        """End the child; being process 1, it takes along whatever it started."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def waited(self) -> float:
        """Return for how many seconds it was ready to run and had no processor; 0.0 where that cannot be read."""
        try:
            text = Path(f"/proc/self/fdinfo/{self.pidfd}").read_text(encoding="ascii")
            pid = int(next(row for row in text.splitlines() if row.startswith("Pid:")).split()[1])
            return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
        except (OSError, ValueError, StopIteration, IndexError):
            return 0.0

    def _receive(self, reader: Reader, take: Callable[[bytes, bytes], None]) -> bool | None:
        """Read once; None where there is nothing now, False where there will be nothing more."""
        try:
            data = self.channel.recv(1 << 18)
        except BlockingIOError:
            return None
        except OSError:
            return False
        if data and not self._ending.malformed and not self._ending.timed_out:
            try:
                for kind, body in reader.feed(data):
                    take(kind, body)
            except Malformed:
                self._ending.malformed = True
                self.kill()
        return bool(data)

    def _listen(self) -> bool | None:
        try:
            data = os.read(self.words, 1 << 16)
        except BlockingIOError:
            return None
        self._seen_words += len(data)
        self._last_words = (self._last_words + data)[-_LAST_WORDS:]
        if self._seen_words > _MOST_WORDS and not self._ending.flooded:
            self._ending.flooded = True
            self.kill()
        return bool(data)
