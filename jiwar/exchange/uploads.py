"""An uploaded pouch goes to the disk as it comes, and is gone when it was opened."""

import contextlib
import secrets
from typing import Any, BinaryIO

from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from jiwar.exchange.packing import MOST
from jiwar.exchange.pouch_folder import folder, leave_room
from jiwar.wire.faults import Fault, Refused


class PouchHandler(FileUploadHandler):
    """Takes the first file of the field `file`; `taken()` gives it. Other files are read past."""

    chunk_size = 1 << 18

    def __init__(self) -> None:
        super().__init__()
        self._path = folder() / f"{secrets.token_hex(16)}.upload"
        self._file: BinaryIO | None = None
        self._refused: Refused | None = Refused(Fault("missing", "file"))
        self._begun = False

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self._begun or self.field_name != "file":
            raise SkipFile
        self._begun, self._refused = True, None
        self._file = self._path.open("xb+", buffering=0)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Raises SkipFile where the file is refused: the rest is read past, so that the answer can be heard."""
        assert self._file is not None
        try:
            leave_room()
            self._file.write(raw_data)
        except Refused as refused:
            self._refused = refused
        except OSError:
            self._refused = Refused(Fault("disk_full", "file"))
        if start + len(raw_data) > MOST:
            self._refused = Refused(Fault("pouch_too_long", "file"))
        if self._refused is not None:
            raise SkipFile

    def file_complete(self, file_size: int) -> None:
        """What there is stays in the handler: a form's field would read it into memory."""

    def taken(self) -> BinaryIO:
        """The file; raises Refused where there is none. One that was cut on its way here is good up to the cut."""
        if self._file is None or self._refused is not None:
            raise self._refused or Refused(Fault("missing", "file"))
        return self._file

    def close(self) -> None:
        """Leave nothing behind."""
        if self._file is not None:
            self._file.close()
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
