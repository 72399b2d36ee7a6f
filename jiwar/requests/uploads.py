"""An uploaded file goes into the store as it comes, piece by piece: never in memory, never on the disk in the clear."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from jiwar.exchange.attachments import CHUNK, Descriptor, Sealer, drop
from jiwar.wire.faults import Fault, Refused


class SealingHandler(FileUploadHandler):
    """Takes the first file of the field `file`; `taken()` gives what became of it. Other files are read past."""

    chunk_size = CHUNK

    def __init__(self) -> None:
        super().__init__()
        self._sealer: Sealer | None = None
        self._descriptor: Descriptor | None = None
        self._refused = Refused(Fault("missing", "file"))
        self._begun = False

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self._begun or self.field_name != "file":
            raise SkipFile
        self._begun = True
        try:
            self._sealer = Sealer(self.file_name or "", self.content_type or "")
        except Refused as refused:
            self._refused = refused
            raise SkipFile from None

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Raises SkipFile where the file is refused: the rest is read past, so that the answer can be heard."""
        assert self._sealer is not None
        try:
            self._sealer.write(raw_data)
        except Refused as refused:
            self._refused, self._sealer = refused, None
            raise SkipFile from None

    def file_complete(self, file_size: int) -> None:
        if self._sealer is None:
            return
        sealer, self._sealer = self._sealer, None
        try:
            self._descriptor = sealer.finish()
        except Refused as refused:
            self._refused = refused

    def upload_interrupted(self) -> None:
        if self._sealer is not None:
            self._sealer.abandon()
            self._sealer = None

    def taken(self, *, whole: bool) -> Descriptor:
        """The file, for the caller to keep; raises Refused with the reason why there is none.

        `whole`: the form that it came in did not end early.
        """
        if self._descriptor is None:
            raise self._refused
        if not whole:
            raise Refused(Fault("upload_cut", "file"))
        descriptor, self._descriptor = self._descriptor, None
        return descriptor

    def close(self) -> None:
        """Leave nothing of a file that was cut, or that nobody took."""
        self.upload_interrupted()
        if self._descriptor is not None:
            drop(self._descriptor.blob)
