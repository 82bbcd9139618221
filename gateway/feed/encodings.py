"""Content codings of a streamed answer: which one the caller takes, and packing piece by piece (RFC 9110, section 12.5.3)."""

import zlib
from typing import Protocol

import zstandard

from gateway.feed.refusals import NotAcceptable

CODINGS = ("zstd", "gzip", "identity")
"""The codings that there are, the best one first."""

GZIP_LEVEL = 6
ZSTD_LEVEL = 6
_LEAST = 0.0001
"""The weight of an identity that the caller says nothing of: taken, but after everything that is named."""


class Packer(Protocol):
    """Packs one answer; what was fed is out whole after a flush."""

    def feed(self, data: bytes) -> bytes:
        """Return what some more bytes become, as far as it is out yet."""

    def flush(self) -> bytes:
        """Return the rest of what was fed."""

    def end(self) -> bytes:
        """Return the rest, and what ends the answer."""


class _Identity:
    def feed(self, data: bytes) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""

    def end(self) -> bytes:
        return b""


class _Gzip:
    def __init__(self) -> None:
        self._packer = zlib.compressobj(GZIP_LEVEL, wbits=zlib.MAX_WBITS | 16)

    def feed(self, data: bytes) -> bytes:
        return self._packer.compress(data)

    def flush(self) -> bytes:
        return self._packer.flush(zlib.Z_SYNC_FLUSH)

    def end(self) -> bytes:
        return self._packer.flush(zlib.Z_FINISH)


class _Zstd:
    def __init__(self) -> None:
        self._packer = zstandard.ZstdCompressor(level=ZSTD_LEVEL).compressobj()

    def feed(self, data: bytes) -> bytes:
        return self._packer.compress(data)

    def flush(self) -> bytes:
        return self._packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)

    def end(self) -> bytes:
        return self._packer.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH)


_PACKERS: dict[str, type[Packer]] = {"zstd": _Zstd, "gzip": _Gzip, "identity": _Identity}


def packer(coding: str) -> Packer:
    """Return what packs an answer in a coding."""
    return _PACKERS[coding]()


def chosen(accept_encoding: str | None) -> str:
    """Return the coding that a caller likes best of those that there are; the best of those that it likes alike.

    Raises:
        NotAcceptable: it takes none of them.

    """
    if accept_encoding is None or not accept_encoding.strip():
        return "identity"
    weights = _weights(accept_encoding)
    wanted = {name: _weight(name, weights) for name in CODINGS}
    best = max(CODINGS, key=lambda name: wanted[name])
    if not wanted[best]:
        raise NotAcceptable(f"The answer comes as {', '.join(CODINGS)}.")
    return best


def _weights(header: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for part in header.lower().split(","):
        name, *parameters = (each.strip() for each in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                weight = _number(value.strip())
        if name:
            weights["gzip" if name == "x-gzip" else name] = weight
    return weights


def _number(text: str) -> float:
    """Return a weight; what is none is taken for zero."""
    whole, _, fraction = text.partition(".")
    if not whole.isdecimal() or (fraction and not fraction.isdecimal()):
        return 0.0
    return min(float(text), 1.0)


def _weight(name: str, weights: dict[str, float]) -> float:
    if name in weights:
        return weights[name]
    return weights.get("*", _LEAST if name == "identity" else 0.0)
