"""How a file of a letter is given out: as a file to save, never as a page to show."""

from collections.abc import Iterator

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from jiwar.exchange.attachments import TEXT, Descriptor, media_type


def served(descriptor: Descriptor, pieces: Iterator[bytes]) -> StreamingHttpResponse:
    """The file as an answer. Its type is what its first bytes say here, whatever another node wrote of it."""
    first = next(pieces)
    type_ = media_type(first, descriptor.media_type)

    def whole() -> Iterator[bytes]:
        yield first
        yield from pieces

    return StreamingHttpResponse(
        whole(),
        content_type=f"{type_}; charset=utf-8" if type_ == TEXT else type_,
        headers={
            "Content-Length": str(descriptor.size),
            "Content-Disposition": content_disposition_header(True, descriptor.name) or "attachment",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )
