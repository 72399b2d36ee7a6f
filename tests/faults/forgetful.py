"""A disk that forgets: a folder, mounted by FUSE, in which what was not synced is gone after a power cut.

`python -m tests.faults.forgetful BACKING MOUNT SEED` serves until it is killed: that is the power cut. What a program
wrote since its last fsync never reached BACKING. SIGUSR1 is a harder cut: some of it did, torn at any byte, as a disk
leaves it that was writing when the current went (the seed says what).
"""

import contextlib
import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

try:
    from refuse.high import FUSE, FuseOSError, Operations
except OSError:  # the library of FUSE is not on this machine
    FUSE, FuseOSError, Operations = None, OSError, object

AVAILABLE = FUSE is not None and shutil.which("fusermount") is not None and Path("/dev/fuse").exists()
PAGE = 4096


class Disk(Operations):
    """Names and folders are kept at once; bytes when they are synced."""

    lock = None  # type: ignore[assignment] # the kernel keeps locks

    def __init__(self, backing: str, seed: int) -> None:
        self.backing, self.seed = backing, seed
        self.images: dict[str, bytearray] = {}
        self.pending: dict[str, list[tuple[int, bytes | None]]] = {}

    def _real(self, path: str) -> str:
        return self.backing + path

    def _image(self, path: str) -> bytearray:
        if path not in self.images:
            self.images[path] = bytearray(Path(self._real(path)).read_bytes())
        return self.images[path]

    def _apply(self, path: str, writes: list[tuple[int, bytes | None]]) -> None:
        fd = os.open(self._real(path), os.O_RDWR)
        for offset, data in writes:
            if data is None:
                os.ftruncate(fd, offset)
            else:
                os.pwrite(fd, data, offset)
        os.close(fd)

    def tear(self) -> None:
        """The current goes while the disk writes: pages of what was pending, in any order, the last one torn."""
        chance = random.Random(self.seed)
        for path, writes in self.pending.items():
            pages = [
                (offset + at, data[at : at + PAGE])
                for offset, data in writes
                if data is not None
                for at in range(0, len(data), PAGE)
            ]
            chance.shuffle(pages)
            kept = pages[: chance.randint(0, len(pages))]
            if kept:
                offset, data = kept[-1]
                kept[-1] = offset, data[: chance.randint(1, len(data))]
            with contextlib.suppress(OSError):
                self._apply(path, list(kept))

    # --- bytes ---

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return bytes(self._image(path)[offset : offset + size])

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        image = self._image(path)
        if len(image) < offset:
            image.extend(bytes(offset - len(image)))
        image[offset : offset + len(data)] = data
        self.pending.setdefault(path, []).append((offset, bytes(data)))
        return len(data)

    def truncate(self, path: str, length: int, fh: int | None = None) -> None:
        image = self._image(path)
        if length < len(image):
            del image[length:]
        else:
            image.extend(bytes(length - len(image)))
        self.pending.setdefault(path, []).append((length, None))

    def fsync(self, path: str, datasync: int, fh: int) -> None:
        self._apply(path, self.pending.pop(path, []))

    def fsyncdir(self, path: str, datasync: int, fh: int) -> None:
        pass

    def flush(self, path: str, fh: int) -> None:
        """A close is no sync."""

    # --- names ---

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        try:
            found = os.lstat(self._real(path))
        except OSError as error:
            raise FuseOSError(error.errno) from None
        names = ("st_atime", "st_ctime", "st_gid", "st_mode", "st_mtime", "st_nlink", "st_size", "st_uid")
        said = {name: getattr(found, name) for name in names}
        if path in self.images:
            said["st_size"] = len(self.images[path])
        return said

    def readdir(self, path: str, fh: int) -> Iterator[str]:
        yield from (".", "..", *(entry.name for entry in Path(self._real(path)).iterdir()))

    def open(self, path: str, flags: int) -> int:
        return self._or_error(os.open, self._real(path), flags & ~os.O_TRUNC)

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        self.images.pop(path, None)
        self.pending.pop(path, None)
        return self._or_error(os.open, self._real(path), os.O_RDWR | os.O_CREAT, mode)

    def release(self, path: str, fh: int) -> None:
        os.close(fh)

    def unlink(self, path: str) -> None:
        self._or_error(os.unlink, self._real(path))
        self.images.pop(path, None)
        self.pending.pop(path, None)

    def rename(self, old: str, new: str) -> None:
        self._or_error(os.rename, self._real(old), self._real(new))
        for kept in (self.images, self.pending):
            kept.pop(new, None)
            if old in kept:
                kept[new] = kept.pop(old)  # type: ignore[assignment]

    def mkdir(self, path: str, mode: int) -> None:
        self._or_error(os.mkdir, self._real(path), mode)

    def mknod(self, path: str, mode: int, dev: int) -> None:
        self._or_error(os.mknod, self._real(path), mode, dev)

    def rmdir(self, path: str) -> None:
        self._or_error(os.rmdir, self._real(path))

    def chmod(self, path: str, mode: int) -> None:
        self._or_error(os.chmod, self._real(path), mode)

    def utimens(self, path: str, times: Any = None) -> None:
        self._or_error(os.utime, self._real(path), times)

    def statfs(self, path: str) -> dict[str, int]:
        found = os.statvfs(self._real(path))
        names = ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_files", "f_frsize", "f_namemax")
        return {name: getattr(found, name) for name in names}

    def _or_error(self, act: Any, *told: Any) -> Any:
        try:
            return act(*told)
        except OSError as error:
            raise FuseOSError(error.errno or errno.EIO) from None


def serve(backing: str, mount: str, seed: int) -> None:
    """Mount, and serve until a signal."""
    disk = Disk(backing, seed)

    def cut(*_: object) -> None:
        disk.tear()
        os._exit(1)

    signal.signal(signal.SIGUSR1, cut)
    FUSE(disk, mount, foreground=True, nothreads=True, big_writes=True, attr_timeout=0, entry_timeout=0)


class Forgetful:
    """A mounted disk that forgets."""

    def __init__(self, backing: Path, mount: Path, seed: int) -> None:
        self.backing, self.mount, self._seed = backing, mount, seed
        for folder in (backing, mount):
            folder.mkdir(exist_ok=True)
        self.start()

    def start(self) -> None:
        """Mount, with what the disk has kept."""
        told = [sys.executable, "-m", "tests.faults.forgetful", str(self.backing), str(self.mount), str(self._seed)]
        self._process = subprocess.Popen(told, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not os.path.ismount(self.mount):
            assert self._process.poll() is None, "not mounted"
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def cut(self, *, torn: bool) -> None:
        """The current goes."""
        self._process.send_signal(signal.SIGUSR1 if torn else signal.SIGKILL)
        self._process.wait()
        subprocess.run(["fusermount", "-u", "-z", str(self.mount)], check=False, capture_output=True)

    def stop(self) -> None:
        subprocess.run(["fusermount", "-u", "-z", str(self.mount)], check=False, capture_output=True)
        self._process.kill()
        self._process.wait()


@contextmanager
def forgetful(folder: Path, seed: int) -> Iterator[Forgetful]:
    """A disk that forgets, in a folder."""
    disk = Forgetful(folder / "backing", folder / "disk", seed)
    try:
        yield disk
    finally:
        disk.stop()


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], int(sys.argv[3]))
