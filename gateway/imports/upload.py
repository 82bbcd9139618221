"""Receiving an upload onto disk, as a bare body or as a part of a form, one piece in memory at a time."""

from typing import IO

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from shared.chassis.deadlines import allow_seconds
from shared.chassis.errors import BadRequest, TooLarge

PIECE_BYTES = 1024 * 1024
FORM_BYTES = 1024 * 1024
"""What a form may add to the file in it."""


async def receive(request: Request, file: IO[bytes], *, limit: int, seconds: float) -> int:
    """Write the uploaded bytes, which may take ``seconds``, to ``file`` and return how many there are.

    Raises:
        BadRequest: nothing was uploaded, the form has no part ``file``, or the upload broke off.
        TooLarge: there are more than ``limit`` bytes.

    """
    allow_seconds(request.scope, seconds)
    request = Request(request.scope, _bounded(request.receive, limit + FORM_BYTES))
    try:
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            size = await _receive_form(request, file, limit)
        else:
            size = await _receive_body(request, file, limit)
    except ClientDisconnect as error:
        raise BadRequest("The upload broke off.", code="truncated-upload") from error
    if size == 0:
        raise BadRequest("The upload is empty.", code="empty-file")
    file.flush()
    return size


async def _receive_body(request: Request, file: IO[bytes], limit: int) -> int:
    size = 0
    async for piece in request.stream():
        size += len(piece)
        _bound(size, limit)
        file.write(piece)
    return size


async def _receive_form(request: Request, file: IO[bytes], limit: int) -> int:
    size = 0
    async with request.form(max_files=1, max_fields=10) as form:
        part = form.get("file")
        if not isinstance(part, UploadFile):
            raise BadRequest("The form has no part `file`.", code="missing-file")
        while piece := await part.read(PIECE_BYTES):
            size += len(piece)
            _bound(size, limit)
            file.write(piece)
    return size


def _bounded(receive: Receive, limit: int) -> Receive:
    """Return a way to receive that refuses what goes over the limit as it arrives."""
    size = 0

    async def bounded() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        _bound(size, limit)
        return message

    return bounded


def _bound(size: int, limit: int) -> None:
    if size > limit:
        raise TooLarge(f"A file of at most {limit} bytes is taken.", code="file-too-large")
