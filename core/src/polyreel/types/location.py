"""An address in an object store: ``s3://bucket/folder/film.mp4``."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final

__all__ = ["Location", "place_of", "stated_place"]

_STORES: Final[Mapping[str, str]] = {
    "s3": "s3://bucket/folder",
    "gs": "gs://bucket/folder",
    "az": "az://container/folder",
    "abfs": "abfs://container@account.dfs.core.windows.net/folder",
    "abfss": "abfss://container@account.dfs.core.windows.net/folder",
}
_ADDRESS: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<container>[^/]*)/*(?P<key>.*)", re.DOTALL
)
_CONTAINER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ACCOUNT: Final = re.compile(rf"{_CONTAINER.pattern}@{_CONTAINER.pattern}")
_COLLAPSED: Final = re.compile(rf"({'|'.join(_STORES)}):[/\\]")
_LONGEST_KEY: Final = 1000  # bytes; S3 and GCS take 1,024, and a numbered name needs a few more


@dataclass(frozen=True, kw_only=True, slots=True)
class Location:
    """A file or a folder in an object store. It has the names of :class:`pathlib.PurePath` for what both have.

    Attributes:
        root: The bucket or container: ``s3://bucket``.
        key: The name in it, without a slash at either end; empty for the bucket itself.
    """

    root: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.root}/{self.key}" if self.key else self.root

    def __truediv__(self, name: str) -> Location:
        return replace(self, key=f"{self.key}/{name}" if self.key else name)

    @property
    def scheme(self) -> str:
        """The kind of store: ``s3``."""
        return self.root.partition(":")[0]

    @property
    def name(self) -> str:
        """The last part of the key."""
        return PurePosixPath(self.key).name

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return PurePosixPath(self.key).stem

    @property
    def suffix(self) -> str:
        """The name's ending: ``.mp4``."""
        return PurePosixPath(self.key).suffix

    @property
    def parent(self) -> Location:
        """The folder."""
        return replace(self, key=self.key.rpartition("/")[0])

    def with_name(self, name: str) -> Location:
        """Return what is called ``name`` in the same folder."""
        return self.parent / name


def place_of(value: Any) -> Path | Location:
    """Return what a caller wrote as the place of a film or as a folder: a path, or an address in an object store.

    Args:
        value: A path, an address as a text, or a :class:`Location`.

    Raises:
        ValueError: It is neither; the message says what is.
    """
    if isinstance(value, Location):
        return value
    if not isinstance(value, str | os.PathLike) or not os.fspath(value):
        raise ValueError(f"must be a path or the address of an object store, not {_shown(value)}")
    text = os.fspath(value)
    if not isinstance(text, str):
        raise ValueError(f"must be a path as a text, not {_shown(value)}")  # noqa: TRY004  one error for all that is wrong
    if not isinstance(value, str) and _COLLAPSED.match(text):
        raise ValueError(f"{text!r} is an address that became a path, and lost a slash; give it as a text")
    found = _ADDRESS.fullmatch(text)
    if found is None:
        try:
            return Path(text).expanduser()
        except RuntimeError:
            raise ValueError(
                f"{text!r} begins with the home folder of a user that this machine does not know"
            ) from None
    return _located(found)


def stated_place(text: str | None) -> Path | Location | None:
    """Return the place that a job's record names; ``None`` for the data folder."""
    return None if text is None else place_of(text)


def _located(found: re.Match[str]) -> Location:
    scheme, container, key = found["scheme"].lower(), found["container"], found["key"]
    form = _STORES.get(scheme)
    if form is None:
        forms = ", ".join(dict.fromkeys(f"{name}://" for name in _STORES))
        raise ValueError(
            f"{scheme}:// is no store that films go to; allowed: {forms}, or a path of this machine"
        )
    whole = _ACCOUNT if scheme.startswith("abf") else _CONTAINER
    if whole.fullmatch(container) is None:
        raise ValueError(f"names no bucket that can be; write {form}/film.mp4")
    parts = key.rstrip("/").split("/") if key else []
    if any(part in {"", ".", ".."} for part in parts):
        raise ValueError(
            f"{scheme}://{container}/… has an empty part, '.' or '..' in its key; write {form}/film.mp4"
        )
    if not key.isprintable() or set(key) & set("?#\\"):
        raise ValueError(
            f"{scheme}://{container}/… has a line break, '?', '#' or a backslash in its key; rename it, and leave out "
            "what a signed address ends in"
        )
    if len(key.encode()) > _LONGEST_KEY:
        raise ValueError(f"{scheme}://{container}/… is longer than {_LONGEST_KEY} bytes; shorten it")
    return Location(root=f"{scheme}://{container}", key="/".join(parts))


def _shown(value: Any) -> str:
    return repr(value)[:80] if isinstance(value, str | bytes | int | float) else f"a {type(value).__name__}"
