"""Plain data as JSON text and back. Bytes become an object with one name that nothing else has."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, b64encode
from typing import Any

from emu.core.state import Plain, StateError

BYTES = "$bytes"


def dumps(plain: Plain) -> bytes:
    """The text, in ASCII. Raises StateError for what is no plain data."""
    return json.dumps(plain, default=_outward, separators=(",", ":")).encode("ascii")


def loads(text: bytes) -> Plain:
    """The plain data of a text. Raises StateError where it is none."""
    try:
        plain: Plain = json.loads(text, object_hook=_inward)
    except (ValueError, RecursionError) as error:
        raise StateError(f"this is no plain data: {error}") from None
    return plain


def _outward(value: Any) -> Any:
    if isinstance(value, bytes):
        return {BYTES: b64encode(value).decode("ascii")}
    raise StateError(f"{type(value).__name__} is no plain data")


def _inward(value: dict[str, Any]) -> Any:
    if value.keys() != {BYTES}:
        return value
    try:
        return b64decode(value[BYTES], validate=True)
    except (TypeError, binascii.Error) as error:
        raise ValueError(str(error)) from None
