"""HTTP interface of the batches."""

from fastapi import APIRouter, Request, Response, status

from gateway.batch.callers import sender_for
from gateway.batch.decoding import Decoder, decoder_of
from gateway.batch.lines import Bounds
from gateway.batch.routes import StreamRoute
from gateway.batch.running import Batch, Told
from gateway.batch.schemas import BatchEnd, CommandLine, LineOutcome, schema_of
from gateway.batch.streaming import NDJSON, LineStream
from gateway.settings import Settings
from shared.chassis.app import CurrentRuntime
from shared.chassis.deadlines import allow_seconds
from shared.chassis.errors import TooLarge, UnsupportedMedia
from shared.chassis.guard import CurrentPermit
from shared.chassis.telemetry import correlation_id

router = APIRouter(prefix="/v1/batch", tags=["batches"], route_class=StreamRoute)

HARD_LIMIT_BYTES = 16 * 1024**3
"""What no setting can raise the bound of a batch over; ``max_batch_bytes`` is the bound itself."""
MEDIA = (NDJSON, "application/ndjson", "application/jsonl", "application/x-jsonlines")

_DESCRIPTION = "One command per line, as it is or as gzip or zstd (`Content-Encoding`). Lines are read and answered side by side."


@router.post(
    "",
    summary="Carry out many commands, one line and one outcome each",
    status_code=status.HTTP_200_OK,
    response_class=LineStream,
    responses={200: {"model": LineOutcome | BatchEnd, "description": "An outcome per line, then an end"}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": _DESCRIPTION,
            "content": {NDJSON: {"schema": schema_of(CommandLine)}},
        }
    },
    max_body_size=HARD_LIMIT_BYTES,
)
async def run_batch(request: Request, runtime: CurrentRuntime, permit: CurrentPermit) -> Response:
    """Send each line to its owner, in order per owner; a line that is refused costs no other."""
    settings = runtime.settings_as(Settings)
    decoder = _decoder(request, settings.max_batch_bytes)
    allow_seconds(request.scope, settings.batch_upload_seconds)
    bounds = Bounds(settings.max_batch_lines, settings.max_batch_line_bytes, settings.max_batch_bytes)
    batch = Batch(sender_for(request, runtime, permit), decoder, bounds, correlation_id())
    return LineStream(
        request,
        fill=batch.fill,
        write=batch.write,
        end=batch.end,
        size_of=Told.size,
        turns=runtime.parts["turns"],
        stall_seconds=settings.stream_stall_seconds,
    )


def _decoder(request: Request, most_bytes: int) -> Decoder:
    """Return what unpacks the body, which says that it is lines of JSON.

    Raises:
        UnsupportedMedia: it says that it is something else, or is packed in a way that we do not know.
        TooLarge: it says that it is larger than is taken.

    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in MEDIA:
        raise UnsupportedMedia(f"A batch is {NDJSON}, not {media[:50]!r}.")
    encoding = request.headers.get("content-encoding", "")
    decoder = decoder_of(encoding)
    if decoder is None:
        raise UnsupportedMedia(f"A batch is sent as it is, or as gzip or zstd, not as {encoding[:50]!r}.")
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > most_bytes:
        raise TooLarge(f"A batch has at most {most_bytes} bytes.", code="batch-too-large")
    return decoder
