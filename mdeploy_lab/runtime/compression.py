"""Bodies that came compressed, unpacked within a limit."""

from __future__ import annotations

import zlib

from mdeploy_lab.runtime.problems import BadInput, BodyTooLarge, MediaTypeUnknown

ENCODINGS = ("gzip", "deflate")


def unpacked(data: bytes | memoryview, encoding: str, limit: int) -> bytes:
    """Return the whole of what was compressed.

    Raises
    ------
    MediaTypeUnknown
        When it is neither gzip nor deflate.
    BodyTooLarge
        When it unpacks to more than ``limit`` bytes; no more than that is unpacked.
    BadInput
        When it is damaged or cut off.
    """
    if encoding not in ENCODINGS:
        raise MediaTypeUnknown("this compression is not known", hint="send gzip, deflate, or the body as it is")
    unpacker = zlib.decompressobj(wbits=47)  # gzip or zlib, as its header says
    try:
        whole = unpacker.decompress(data, limit + 1)
    except zlib.error:
        raise BadInput("the compressed body is damaged", hint="send it again, or as it is") from None
    if len(whole) > limit:
        raise BodyTooLarge(
            f"the body unpacks to more than {limit} bytes", hint="send fewer rows at a time, or raise max_payload"
        )
    if not unpacker.eof:
        raise BadInput("the compressed body is cut off", hint="send it again, or as it is")
    return whole
