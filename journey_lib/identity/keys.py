"""The secret under which identifiers are hashed, so that nobody finds a phone number by trying them all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from journey_lib.errors import ConfigError

ENVIRONMENT = "JOURNEY_IDENTITY_KEY"
SHORTEST = 16  # bytes
HASH_BYTES = 16

_PADS = [bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C)]

_MAKE = """python -c "import secrets; print(secrets.token_hex(32))" """.strip()


class Secret(bytes):
    """Bytes that do not show themselves when printed, formatted or logged."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(hidden)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)


def key(environment: str = ENVIRONMENT, file: Path | None = None) -> bytes:
    """The secret identifiers are hashed under: of the environment variable, else of the key file.

    Raises
    ------
    ConfigError
        There is neither, the file cannot be read, or the key has fewer than 16 bytes.
    """
    given = os.environ.get(environment, "").strip()
    if given:
        return _long_enough(given.encode(), f"environment variable {environment}", environment, file)
    if file is None:
        raise ConfigError("there is no key to hash identifiers with", do=_how(environment, file))
    try:
        found = file.read_bytes().strip()
    except OSError as error:
        raise ConfigError(
            f"the key to hash identifiers with cannot be read: {error.strerror or error}",
            where=str(file),
            do=_how(environment, file),
        ) from error
    return _long_enough(found, str(file), environment, file)


def hashed(kind: str, values: Iterable[str], key: bytes) -> list[str]:
    """What stands for each identifier wherever it is kept or shown: 32 hex digits nobody can turn back.

    HMAC-SHA256 of the kind, a zero byte and the canonical value; the same text as a phone and as a member
    number gives two different hashes.
    """
    return [digest.hex() for digest in digests(kind, values, key)]


def digests(kind: str, values: Iterable[str], key: bytes) -> Iterator[bytes]:
    """The bytes behind `hashed`; what all values of a kind begin with is hashed once."""
    # The standard's two rounds (RFC 2104) begun once: `hmac` wraps each value's copy in objects of its own.
    block = hashlib.sha256().block_size
    short = bytes(key) if len(key) <= block else hashlib.sha256(key).digest()
    inner, outer = (hashlib.sha256(short.ljust(block, b"\0").translate(pad)) for pad in _PADS)
    inner.update(kind.encode() + b"\0")
    begin, end = inner.copy, outer.copy
    for value in values:
        message, whole = begin(), end()
        message.update(value.encode())
        whole.update(message.digest())
        yield whole.digest()[:HASH_BYTES]


def _long_enough(found: bytes, where: str, environment: str, file: Path | None) -> Secret:
    if len(found) < SHORTEST:
        raise ConfigError(
            f"the key to hash identifiers with has {len(found)} bytes; at least {SHORTEST} are needed",
            where=where,
            do=_how(environment, file),
        )
    return Secret(found)


def _how(environment: str, file: Path | None) -> str:
    place = file or "~/.config/journey/identity.key"
    return (
        f"make one with  {_MAKE} > {place}  (or put its output into the environment variable {environment}); "
        "it must lie outside the repository, be readable by you alone, and never change: "
        "another key makes other customers"
    )
