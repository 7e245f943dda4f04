"""From whatever a caller hands in to checked bytes: a path, bytes, a file, a picture object, a data URI, an address.

Everything that the model's document says about a medium is checked here, before anything is paid: the kind that
the bytes really are (not what they are called), their length, their pixels, and whether they are whole.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final, Literal, TypeAlias
from urllib.parse import unquote, urlsplit

from polyreel.errors import FetchFailed, MissingExtra, PolyreelError, Problem
from polyreel.flows import Call, Fetch, Flow, Session
from polyreel.http import Request, Response
from polyreel.media.data_uri import parse_data_uri
from polyreel.media.images import (
    InvalidImage,
    encode_pil,
    fit_image,
    is_pil_image,
    opaque_image,
    verify_image,
)
from polyreel.media.sniffing import displayed_size, extension, image_orientation, is_truncated, sniff
from polyreel.parameters.problems import shortened
from polyreel.redaction import without_query
from polyreel.types.media import Media, MediaRef

__all__ = ["Fit", "MediaLoader"]

Fit: TypeAlias = Literal["crop", "pad"]
DEFAULT_MAX_BYTES: Final = 50 * 1024 * 1024  # where a vendor publishes no limit; larger inputs are mistakes
MAX_SECONDS: Final = 300.0  # for a medium that is fetched: nothing was paid yet, and somebody waits
_FITTED: Final = ("image/png", "image/jpeg", "image/webp")  # what a picture can be saved as, the best first
DEFAULT_MAX_PIXELS: Final = 40_000_000  # a decompression bomb is small as a file and huge as a picture


class _Unusable(Exception):
    """A medium that cannot be used, as a sentence for people."""


@dataclass(frozen=True, kw_only=True)
class MediaLoader:
    """Reads and checks the media of one request.

    Attributes:
        session: Fetches addresses, without credentials.
        earlier: Finds the provider's id of an earlier job by ours; ``None`` when it is not ours.
        size: The film's width and height, which a first frame must have; ``None`` when unknown.
        fit: How a picture of another size is made to fit; ``None`` refuses it.
    """

    session: Session
    earlier: Callable[[str], MediaRef | None] = field(default=lambda _: None, repr=False)
    size: tuple[int, int] | None = None
    fit: Fit | None = None

    def load(
        self, values: Mapping[str, Any], properties: Mapping[str, Mapping[str, Any]]
    ) -> Flow[tuple[dict[str, Any], list[Problem]]]:
        """Read every medium in ``values``.

        Args:
            values: Unified names to values.
            properties: The document's properties.

        Returns:
            The values with :class:`Media` and :class:`MediaRef` in place, and what is wrong with any of them.
        """
        loaded: dict[str, Any] = {}
        problems: list[Problem] = []
        for name, value in values.items():
            loaded[name] = yield from self._walk(name, value, properties[name], problems)
        return loaded, problems

    def _walk(self, place: str, value: Any, schema: Mapping[str, Any], problems: list[Problem]) -> Flow[Any]:
        if "x-media" in schema:
            try:
                return (yield from self._medium(place, value, schema["x-media"]))
            except (_Unusable, MissingExtra) as error:
                problems.append(Problem(parameter=place, message=str(error), value=_shown(value)))
                return None
        if isinstance(value, list | tuple) and isinstance(schema.get("items"), Mapping):
            entries = []
            for index, entry in enumerate(value):
                entries.append((yield from self._walk(f"{place}/{index}", entry, schema["items"], problems)))
            return entries
        if isinstance(value, Mapping) and "properties" in schema:
            inner = {}
            for key, entry in value.items():
                below = schema["properties"].get(key, {})
                inner[key] = yield from self._walk(f"{place}/{key}", entry, below, problems)
            return inner
        return value

    def _medium(self, place: str, value: Any, rules: Mapping[str, Any]) -> Flow[Media | MediaRef]:
        if isinstance(value, MediaRef):
            return value.model_copy(update={"parameter": place})
        if isinstance(value, Media):
            content, name = value.content, value.name
        else:
            reference = yield from self._reference(place, value, rules)
            if reference is not None:
                return reference
            content, name = yield from self._read(value, rules.get("max_bytes", DEFAULT_MAX_BYTES))
        medium: Media = yield Call(function=lambda: self._checked(place, content, name, rules))
        return medium

    def _reference(self, place: str, value: Any, rules: Mapping[str, Any]) -> Flow[MediaRef | None]:
        if isinstance(value, str) and _scheme(value) in rules.get("schemes", ()):
            return MediaRef(parameter=place, url=value)  # the vendor fetches it by itself
        if not rules.get("reference"):
            return None
        identity = getattr(getattr(value, "job", value), "id", value)
        if not isinstance(identity, str) or _looks_like_address(identity):
            return None
        earlier: MediaRef | None = yield Call(function=lambda: self.earlier(identity))
        if earlier is not None:
            return earlier.model_copy(update={"parameter": place})
        is_path: bool = yield Call(function=lambda: _looks_like_path(identity))
        if is_path:
            return None
        return MediaRef(parameter=place, id=identity)

    def _read(self, value: Any, max_bytes: int) -> Flow[tuple[bytes, str]]:
        if isinstance(value, str) and value[:5].lower() == "data:":
            return _from_data_uri(value, max_bytes), ""
        if isinstance(value, str) and _looks_like_address(value):
            return (yield from self._fetched(value, max_bytes))
        result: tuple[bytes, str] = yield Call(function=lambda: _from_object(value, max_bytes))
        return result

    def _fetched(self, url: str, max_bytes: int) -> Flow[tuple[bytes, str]]:
        into = io.BytesIO()
        try:
            response: Response = yield Fetch(
                request=Request(method="GET", url=url),
                session=self.session,
                into=into,
                max_bytes=max_bytes,
                timeout=30.0,
                seconds=MAX_SECONDS,
            )
        except FetchFailed as error:
            raise _Unusable(f"{without_query(url)} could not be fetched: {error}") from None
        except PolyreelError as error:
            raise _Unusable(str(error)) from None
        if not response.ok:
            raise _Unusable(
                f"{without_query(url)} answered with status {response.status}; check the address, or download the "
                "file yourself and pass its path"
            )
        return into.getvalue(), PurePosixPath(unquote(urlsplit(url).path)).name

    def _checked(self, place: str, content: bytes, name: str, rules: Mapping[str, Any]) -> Media:
        kind = _checked_kind(content, rules)
        pixels = None
        if kind.startswith("image/"):
            content = self._checked_picture(content, kind, rules)
            pixels = displayed_size(content)
        elif is_truncated(content, kind):
            raise _Unusable("the film is cut short or damaged; export or download it again")
        content = _bounded(
            content, rules.get("max_bytes", DEFAULT_MAX_BYTES)
        )  # a picture may have been encoded anew
        written = name.replace("\\", "/").encode("utf-8", "replace").decode()
        stem = PurePosixPath(written).stem or place.rpartition("/")[2] or "file"
        kind = sniff(content) or kind  # fitting may have made it a PNG
        return Media(
            parameter=place,
            content=content,
            media_type=kind,
            name=f"{stem[:80]}{extension(kind)}",
            width=pixels[0] if pixels else None,
            height=pixels[1] if pixels else None,
            sha256=hashlib.sha256(content).hexdigest(),
        )

    def _checked_picture(self, content: bytes, kind: str, rules: Mapping[str, Any]) -> bytes:
        pixels = displayed_size(content)
        limit = rules.get("max_pixels", DEFAULT_MAX_PIXELS)
        if pixels is None:
            raise _Unusable("the picture's header cannot be read; it is damaged or cut short")
        if pixels[0] * pixels[1] > limit:
            raise _Unusable(
                f"the picture has {pixels[0]}x{pixels[1]} pixels, more than the allowed {limit:,}; make it smaller"
            )
        _check_sides(pixels, rules)
        _check_whole(content, kind)
        try:
            fitted = self._fitted(content, pixels, rules)
            return opaque_image(fitted, over_black=self.fit is not None) if rules.get("opaque") else fitted
        except InvalidImage as error:
            raise _Unusable(str(error)) from None

    def _fitted(self, content: bytes, pixels: tuple[int, int], rules: Mapping[str, Any]) -> bytes:
        if rules.get("fit") != "size" or self.size is None:
            return content
        if pixels == self.size and image_orientation(content) == 1:
            return content
        wanted = f"{self.size[0]}x{self.size[1]}"
        if self.fit is None and pixels != self.size:
            raise _Unusable(
                f"the picture has {pixels[0]}x{pixels[1]} pixels, and it must have exactly the film's {wanted}; pass "
                "fit='crop' (--fit crop) to cut it or fit='pad' (--fit pad) to add bars"
            )
        return fit_image(
            content,
            width=self.size[0],
            height=self.size[1],
            mode=self.fit or "crop",
            media_type=next((kind for kind in _FITTED if kind in rules["accept"]), None),
        )


def _check_sides(pixels: tuple[int, int], rules: Mapping[str, Any]) -> None:
    least, most = rules.get("min_side", 1), rules.get("max_side", max(pixels))
    if min(pixels) < least or max(pixels) > most:
        raise _Unusable(
            f"the picture has {pixels[0]}x{pixels[1]} pixels; each side must have at least {least:,}"
            + (f" and at most {most:,}" if "max_side" in rules else "")
        )


def _scheme(text: str) -> str:
    return text[:20].partition("://")[0].lower() if "://" in text[:24] else ""


def _looks_like_address(text: str) -> bool:
    return text[:8].lower().startswith(("http://", "https://", "data:")) or "://" in text[:20]


def _looks_like_path(text: str) -> bool:
    try:
        return "/" in text or "\\" in text or bool(Path(text).suffix) or Path(text).exists()
    except OSError:  # no file has so long a name
        return True


def _from_data_uri(text: str, max_bytes: int) -> bytes:
    try:
        return parse_data_uri(text, max_bytes=max_bytes)[0]
    except ValueError as error:
        raise _Unusable(f"the data URI cannot be used: {error}") from None


def _from_object(value: Any, max_bytes: int) -> tuple[bytes, str]:
    if isinstance(value, bytes | bytearray | memoryview):
        return _bounded(bytes(value), max_bytes), ""
    if isinstance(value, str | Path):
        return _from_path(Path(value), max_bytes)
    if is_pil_image(value):
        try:
            return encode_pil(value), ""
        except InvalidImage as error:
            raise _Unusable(str(error)) from None
    if hasattr(value, "read"):
        try:
            content = value.read(max_bytes + 1)
        except (OSError, ValueError) as error:
            raise _Unusable(
                f"the open file cannot be read: {getattr(error, 'strerror', None) or error}"
            ) from None
        if not isinstance(content, bytes):
            raise _Unusable("the file is open as text; open it in binary mode ('rb')")
        return _bounded(content, max_bytes), Path(str(getattr(value, "name", ""))).name
    raise _Unusable(
        f"a {type(value).__name__} is no picture or film; pass a path, bytes, an open file, a PIL image, a data URI "
        "or an http(s) address"
    )


def _from_path(path: Path, max_bytes: int) -> tuple[bytes, str]:
    try:
        with path.expanduser().open("rb") as file:
            return _bounded(_read_up_to(file, max_bytes), max_bytes), path.name
    except FileNotFoundError:
        raise _Unusable(f"there is no file {shortened(str(path))!r}") from None
    except (OSError, ValueError, RuntimeError) as error:  # the last: "~" of a user that is not known
        reason = getattr(error, "strerror", None) or str(error)
        raise _Unusable(f"{shortened(str(path))!r} cannot be read: {reason}") from None


def _read_up_to(file: BinaryIO, max_bytes: int) -> bytes:
    return file.read(max_bytes + 1)


def _bounded(content: bytes, max_bytes: int) -> bytes:
    if not content:
        raise _Unusable("the file is empty")
    if len(content) > max_bytes:
        raise _Unusable(f"the file has more than the allowed {max_bytes:,} bytes; make it smaller")
    return content


def _checked_kind(content: bytes, rules: Mapping[str, Any]) -> str:
    accepted = rules["accept"]
    kind = sniff(content)
    if kind is not None and kind in accepted:
        return kind
    found = "what it is cannot be told from its bytes" if kind is None else f"it is {kind}"
    raise _Unusable(f"must be one of {', '.join(accepted)}; {found}")


def _check_whole(content: bytes, kind: str) -> None:
    if is_truncated(content, kind):
        raise _Unusable("the picture is cut short; it does not end where it should")
    try:
        verify_image(content)
    except InvalidImage as error:
        raise _Unusable(str(error)) from None
    except MissingExtra:
        return  # without Pillow the checks above are all there is


def _shown(value: Any) -> Any:
    is_address = isinstance(value, str) and _looks_like_address(value) and value[:5].lower() != "data:"
    return shortened(without_query(value) if is_address else value)
