"""Calls in a child process: an abort, a stack overflow or an exit ends the child, never the kernel.

One child for each cell, started at its first call and again after it has ended. Arguments and results cross as
one JSON line and the bytes of arrays in the `.npy` manner (no pickle); an array that Rust writes to is copied
back. So this costs copies and a few hundred microseconds a call, and the first call the start of a Python process.
"""

from __future__ import annotations

import io
import json
import os
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from course import errors
from course.errors import CourseError, RustCrash, RustError, RustPanic, UsageMistake, WrongArgument
from course.rust.aliasing import check_aliases
from course.rust.border import arrays_in, packer
from course.rust.call import (
    CellLibrary,
    RustFunction,
    duration,
    parameter_names,
    place_of,
    python_signature,
)
from course.rust.compile import Unit
from course.rust.program import ending
from course.rust.signature import Function, read_cell

__all__ = ["IsolatedFunction", "Worker"]


# The wire: a length, a JSON line that names each array by its number, then the arrays, each after its length.


def _send(stream: IO[bytes], message: Any) -> None:
    arrays: list[bytes] = []
    text = json.dumps(_plain(message, arrays)).encode()
    for data in (text, *arrays):
        stream.write(struct.pack("<Q", len(data)))
        stream.write(data)
    stream.flush()


def _receive(stream: IO[bytes]) -> Any:
    message = json.loads(_block(stream))
    arrays = [np.load(io.BytesIO(_block(stream)), allow_pickle=False) for _ in range(message["arrays"])]
    return _rich(message["value"], arrays)


def _block(stream: IO[bytes]) -> bytes:
    (length,) = struct.unpack("<Q", _exactly(stream, 8))
    return _exactly(stream, length)


def _exactly(stream: IO[bytes], count: int) -> bytes:
    data = stream.read(count)
    if data is None or len(data) < count:
        raise EOFError
    return data


def _plain(value: Any, arrays: list[bytes], *, top: bool = True) -> Any:
    """Write a value as JSON; everything but text, truth and nothing carries its kind."""
    if isinstance(value, np.generic):  # a NumPy number: its packer has passed it as the Python number it stands for
        value = value.item()
    if isinstance(value, np.ndarray):
        file = io.BytesIO()
        np.save(file, value, allow_pickle=False)
        arrays.append(file.getvalue())
        plain: Any = {"array": len(arrays) - 1}
    elif isinstance(value, float):
        plain = {"float": value.hex()}
    elif isinstance(value, tuple):
        plain = {"tuple": [_plain(v, arrays, top=False) for v in value]}
    elif isinstance(value, list):
        plain = [_plain(v, arrays, top=False) for v in value]
    elif isinstance(value, dict):
        plain = {"dict": [[k, _plain(v, arrays, top=False)] for k, v in value.items()]}
    else:
        plain = value
    return {"value": plain, "arrays": len(arrays)} if top else plain


def _rich(plain: Any, arrays: list[Any]) -> Any:
    if isinstance(plain, list):
        return [_rich(v, arrays) for v in plain]
    if not isinstance(plain, dict):
        return plain
    ((kind, inside),) = plain.items()
    if kind == "array":
        return arrays[inside]
    if kind == "float":
        return float.fromhex(inside)
    if kind == "tuple":
        return tuple(_rich(v, arrays) for v in inside)
    return {k: _rich(v, arrays) for k, v in inside}


# The kernel's side


class Worker:
    """The child process of one cell. It starts when it is first needed, and is alone with its library."""

    def __init__(self, artifact: Path, units: list[Unit]) -> None:
        self.artifact = artifact
        self.units = units
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._words = ""

    def call(self, function: str, arguments: tuple[Any, ...]) -> dict[str, Any]:
        """Run one call in the child; return what it answers.

        Raises:
            RustCrash: the child ended instead of answering.
            KeyboardInterrupt: the call was interrupted; the child has been ended with it.
        """
        with self._lock:
            process = self._running()
            assert process.stdin is not None
            assert process.stdout is not None
            self._words = ""
            try:
                _send(process.stdin, {"function": function, "arguments": arguments})
                while not select.select([process.stdout], [], [], 0.2)[0]:
                    pass  # a signal that reaches another thread is seen here
                answer: dict[str, Any] = _receive(process.stdout)
            except (EOFError, BrokenPipeError, ConnectionResetError):
                code = process.wait()
                words = self._last_words()
                self._process = None
                raise RustCrash(function, ending(code), words) from None
            except BaseException:
                self.stop()
                raise
            return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            read, write = os.pipe()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "course.rust.isolated"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=write,
                start_new_session=True,  # an interrupt is ours to pass on
            )
            os.close(write)
            self._words = ""
            threading.Thread(target=self._listen, args=(read,), daemon=True).start()
            assert self._process.stdin is not None
            units = [[u.file, u.name, u.source] for u in self.units]
            _send(self._process.stdin, {"artifact": str(self.artifact), "units": units})
        return self._process

    def _listen(self, read: int) -> None:
        """Pass on what the child prints, and remember the end of it."""
        with os.fdopen(read, encoding="utf-8", errors="replace") as stream:
            for line in stream:
                self._words = (self._words + line)[-4000:]
                sys.stderr.write(line)
                sys.stderr.flush()

    def _last_words(self) -> str:
        time.sleep(0.05)  # the listening thread may be one line behind
        return self._words.strip()

    def stop(self) -> None:
        """End the child; the next call starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    try:
                        stream.close()
                    except BrokenPipeError:
                        continue

    def __del__(self) -> None:
        self.stop()


class IsolatedFunction:
    """A Rust function whose calls run in a child process. Checks are those of any call, made on this side."""

    def __init__(self, function: Function, worker: Worker, *, timed: bool = False) -> None:
        self.rust = function
        self.source = function.source
        self.signature = function.signature
        self.__name__ = self.__qualname__ = function.name.removeprefix("r#")
        self.__doc__ = f"{function.signature}\n\n{function.doc}".rstrip()
        self.__module__ = "__main__"
        self.worker = worker
        self.timed = timed
        self._names = parameter_names(function)
        self.__signature__ = python_signature(function)
        self._packers = [packer(p.type, place_of(function, p))[0] for p in function.parameters]

    def __repr__(self) -> str:
        return f"<rust {self.signature}, in a child process>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        started = time.perf_counter()
        values = self.__signature__.bind(*args, **kwargs).args
        for pack, value in zip(self._packers, values, strict=True):
            pack(value)
        check_aliases(self.rust, self._names, values)
        answer = self.worker.call(self.rust.name, values)
        for array, new in zip(self._written(values), answer["written"], strict=True):
            array[...] = new
        if self.timed:
            print(f"{self.__name__}: {duration(time.perf_counter() - started)}, the child process and copies included")
        if "raised" in answer:
            raise _error(answer["raised"])
        return answer["result"]

    def prepare(self, *_: Any, **__: Any) -> Callable[[], Any]:
        """Refuse: what a prepared call saves is lost in the copies to the child process."""
        raise UsageMistake(
            f"`{self.__name__}` runs in a child process, and such a call cannot be prepared",
            help=f"call {self.__name__}(…) itself, or leave --isolated out of its cell",
        )

    def _written(self, values: tuple[Any, ...]) -> Iterator[Any]:
        for parameter, value in zip(self.rust.parameters, values, strict=True):
            yield from (array for _, array, mutable in arrays_in(parameter.type, value, "") if mutable)


def _error(raised: dict[str, Any]) -> CourseError:
    match raised["kind"]:
        case "RustPanic":
            panic = RustPanic(raised["function"], raised["message"], cell=raised["cell"], line=raised["line"])
            panic.place, panic.help = raised["place"], raised["help"]
            return panic
        case "RustError":
            return RustError(raised["function"], raised["message"])
    return WrongArgument(raised["message"], place=raised["place"])


# The child's side


def _serve() -> None:
    """Answer calls until the pipe closes. What the cell prints goes to the pipe that was stderr."""
    incoming, outgoing = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    first = _receive(incoming)
    texts = {file: (name, source) for file, name, source in first["units"]}
    library = CellLibrary(Path(first["artifact"]), texts)
    cell = read_cell(first["units"][-1][2])
    functions = {f.name: f for f in cell.functions}
    callables = {name: RustFunction(f, library) for name, f in functions.items()}
    while True:
        try:
            asked = _receive(incoming)
        except EOFError:
            return
        name, arguments = asked["function"], asked["arguments"]
        answer: dict[str, Any] = {}
        try:
            answer["result"] = callables[name](*arguments)
        except (errors.RustPanic, errors.RustError, errors.WrongArgument) as error:
            answer["raised"] = {
                "kind": type(error).__name__,
                "function": name,
                "message": error.rust_message if isinstance(error, RustPanic) else error.message,
                "place": error.place,
                "help": error.help,
                "cell": getattr(error, "cell", ""),
                "line": getattr(error, "line", 0),
            }
        written = []
        for parameter, value in zip(functions[name].parameters, arguments, strict=True):
            written += [array for _, array, mutable in arrays_in(parameter.type, value, "") if mutable]
        answer["written"] = written
        _send(outgoing, answer)


if __name__ == "__main__":
    _serve()
