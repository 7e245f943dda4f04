"""Facts of an MP4 without any dependency, and the proof that the file is whole."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO

from polyreel.media.boxes import ADVICE, Box, BoxReader, InvalidFilm
from polyreel.media.sniffing import SNIFFED_BYTES, sniff

__all__ = ["FilmFacts", "InvalidFilm", "read_facts"]

_LOOKS_LIKE = {
    "text/html": "a web page (HTML), often an error or a login page",
    "application/json": "JSON, often an error of the provider",
    "application/pdf": "a PDF",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class FilmFacts:
    """What the header of an MP4 says about its film.

    Attributes:
        bytes: The size of the file.
        duration: Seconds, or ``None`` when the file does not say.
        width: Pixels as displayed, or ``None``.
        height: Pixels as displayed, or ``None``.
        video_codec: The four-character code, such as ``"avc1"``.
        audio_codec: The four-character code, such as ``"mp4a"``; ``None`` when there is no sound.
        fps: Frames per second on average, or ``None``.
        faststart: Whether a player can begin before the whole file has arrived.
    """

    bytes: int
    duration: float | None
    width: int | None
    height: int | None
    video_codec: str | None
    audio_codec: str | None
    fps: float | None
    faststart: bool

    @property
    def has_audio(self) -> bool:
        """Whether there is a sound track with something in it."""
        return self.audio_codec is not None


def read_facts(file: BinaryIO) -> FilmFacts:
    """Read the facts of an MP4 and check that nothing of it is missing.

    Args:
        file: A seekable binary file; it is read from its beginning, and its position is not restored.

    Raises:
        InvalidFilm: The file is empty, something else, cut off, broken or without a picture.
    """
    reader = BoxReader(file)
    _check_beginning(reader)
    film = _Film()
    try:
        for box in reader.boxes():
            handle = _HANDLERS.get(box.path)
            if handle:
                handle(reader, box, film)
        return _conclude(reader, film)
    except (struct.error, IndexError) as problem:
        raise InvalidFilm(
            f"The film's index is broken: one of its boxes is too short or in a wrong place; {ADVICE}."
        ) from problem


@dataclass(kw_only=True, slots=True)
class _Track:
    id: int = 0
    kind: bytes = b""
    codec: str | None = None
    width: int = 0
    height: int = 0
    timescale: int = 0
    duration: int = 0
    samples: int = 0
    sample_sizes: Box | None = None
    fragment_samples: int = 0
    fragment_start: int | None = None
    fragment_end: int = 0
    chunks: list[int] = field(
        default_factory=list
    )  # the lowest and highest offset of each piece of the table

    @property
    def all_samples(self) -> int:
        return self.samples + self.fragment_samples

    @property
    def seconds(self) -> float | None:
        # of a film in fragments some writers give the whole length here as well: it must not count twice
        indexed = self.duration if self.samples or not self.fragment_samples else 0
        total = indexed + max(0, self.fragment_end - (self.fragment_start or 0))
        return total / self.timescale if self.timescale and total else None


@dataclass(kw_only=True, slots=True)
class _Film:
    tracks: list[_Track] = field(default_factory=list)
    timescale: int = 0
    duration: int = 0
    extended_duration: int = 0
    moov: Box | None = None
    last_moof: Box | None = None
    mdats: list[Box] = field(default_factory=list)
    default_durations: dict[int, int] = field(default_factory=dict)
    fragment_of: _Track = field(default_factory=_Track)  # the track and the sample duration that
    fragment_default: int = 0  # the current ``traf`` speaks of


def _check_beginning(reader: BoxReader) -> None:
    head = reader.read(0, min(SNIFFED_BYTES, reader.size))
    if not head:
        raise InvalidFilm(f"The file is empty (0 bytes), so it is no film; {ADVICE}.")
    media_type = sniff(head) or ""
    if media_type and not media_type.startswith("video/"):
        looks = _LOOKS_LIKE.get(media_type, f"a picture ({media_type})")
        raise InvalidFilm(f"The file is not an MP4 film: it looks like {looks}; {ADVICE}.")
    if head[4:8] == b"ftyp":
        return
    if media_type:
        raise InvalidFilm(f"The file is not an MP4 film: it looks like {media_type} and has no 'ftyp' box.")
    text = head.translate(None, b"\t\r\n")
    if text.isascii() and text.decode().isprintable():
        raise InvalidFilm(
            f"The file is not an MP4 film: it looks like text or XML, often an error; {ADVICE}."
        )
    raise InvalidFilm(f"The file is not an MP4 film: it does not begin with a 'ftyp' box; {ADVICE}.")


def _conclude(reader: BoxReader, film: _Film) -> FilmFacts:
    if film.moov is None:
        raise InvalidFilm(f"The film has no 'moov' box, so it was never finished or is cut off; {ADVICE}.")
    video, audio = _first(film, b"vide"), _first(film, b"soun")
    if video is None:
        raise InvalidFilm("The file holds no video track; it may be sound only.")
    if not video.all_samples:
        raise InvalidFilm(f"The film has a video track without a single frame; {ADVICE}.")
    _check_data(reader, film)
    has_audio = audio is not None and audio.all_samples > 0
    seconds = video.seconds
    return FilmFacts(
        bytes=reader.size,
        duration=_duration(film),
        width=video.width or None,
        height=video.height or None,
        video_codec=video.codec,
        audio_codec=(audio.codec or "unknown") if audio and has_audio else None,
        fps=video.all_samples / seconds if seconds else None,
        faststart=film.moov.at < film.mdats[0].at,
    )


def _first(film: _Film, kind: bytes) -> _Track | None:
    """The first track of this kind, preferably one with something in it."""
    tracks = [track for track in film.tracks if track.kind == kind]
    return next((track for track in tracks if track.all_samples), tracks[0] if tracks else None)


def _duration(film: _Film) -> float | None:
    # in fragments the movie header speaks only of the part before them
    fragmented = any(track.fragment_samples for track in film.tracks)
    ticks = film.extended_duration if fragmented else film.duration
    if ticks and film.timescale:
        return ticks / film.timescale
    return max((track.seconds or 0.0 for track in film.tracks), default=0.0) or None


def _check_data(reader: BoxReader, film: _Film) -> None:
    """Check that the film's data is there: an index may be whole while what it points to is not."""
    if not film.mdats:
        raise InvalidFilm(
            f"The film has its index and no 'mdat' box, so the film itself is missing; {ADVICE}."
        )
    if film.last_moof and film.last_moof.at > film.mdats[-1].at:
        raise InvalidFilm(f"The film is cut off: its last fragment has no 'mdat' box; {ADVICE}.")
    first, last = film.mdats[0].start, film.mdats[-1].end
    for track in film.tracks:
        if track.chunks and not first <= min(track.chunks) <= max(track.chunks) < last:
            raise InvalidFilm(
                f"The film is not whole: its index points to bytes {min(track.chunks):,} to "
                f"{max(track.chunks):,} and its data lies from {first:,} to {last:,}; {ADVICE}."
            )
    if film.mdats[-1].open_ended:
        _check_open_end(reader, film)


def _check_open_end(reader: BoxReader, film: _Film) -> None:
    """Compare with the samples' sizes: an ``mdat`` "to the end" looks whole wherever it was cut."""
    held = sum(mdat.end - mdat.start for mdat in film.mdats)
    promised = sum(_sample_bytes(reader, track) for track in film.tracks)
    if promised > held:
        raise InvalidFilm(
            f"The film is cut off: its index promises {promised:,} bytes of film and {held:,} are there; {ADVICE}."
        )


def _sample_bytes(reader: BoxReader, track: _Track) -> int:
    box = track.sample_sizes
    if box is None:
        return 0
    one_size, count = struct.unpack(">II", reader.read(box.start + 4, 8))
    return one_size * count if one_size else sum(map(sum, reader.table(box, 12, count)))


def _times(data: bytes) -> tuple[int, int]:
    """Timescale and duration of a movie or media header; 0 when the duration is given as unknown."""
    timescale, duration = (
        struct.unpack_from(">IQ", data, 20) if data[0] else struct.unpack_from(">II", data, 12)
    )
    unknown = 2**64 - 1 if data[0] else 2**32 - 1
    return timescale, 0 if duration == unknown else duration


def _read_moov(_reader: BoxReader, box: Box, film: _Film) -> None:
    film.moov = film.moov or box


def _read_moof(_reader: BoxReader, box: Box, film: _Film) -> None:
    film.last_moof = box


def _read_mdat(_reader: BoxReader, box: Box, film: _Film) -> None:
    film.mdats.append(box)


def _read_trak(_reader: BoxReader, _box: Box, film: _Film) -> None:
    film.tracks.append(_Track())


def _read_mvhd(reader: BoxReader, box: Box, film: _Film) -> None:
    film.timescale, film.duration = _times(reader.head(box, 32))


def _read_mehd(reader: BoxReader, box: Box, film: _Film) -> None:
    data = reader.head(box, 12)
    (film.extended_duration,) = struct.unpack_from(">Q" if data[0] else ">I", data, 4)


def _read_trex(reader: BoxReader, box: Box, film: _Film) -> None:
    track, _, duration = struct.unpack_from(">3I", reader.head(box, 16), 4)
    film.default_durations[track] = duration


def _read_tkhd(reader: BoxReader, box: Box, film: _Film) -> None:
    data, track = reader.head(box, 96), film.tracks[-1]
    (track.id,) = struct.unpack_from(">I", data, 20 if data[0] else 12)
    matrix = 52 if data[0] else 40
    a, b, _, c, d = struct.unpack_from(">5i", data, matrix)
    width, height = (side >> 16 for side in struct.unpack_from(">II", data, matrix + 36))
    is_turned = a == d == 0 and b and c  # by a quarter, as telephones write it
    track.width, track.height = (height, width) if is_turned else (width, height)


def _read_mdhd(reader: BoxReader, box: Box, film: _Film) -> None:
    film.tracks[-1].timescale, film.tracks[-1].duration = _times(reader.head(box, 32))


def _read_hdlr(reader: BoxReader, box: Box, film: _Film) -> None:
    film.tracks[-1].kind = reader.head(box, 12)[8:]


def _read_stsd(reader: BoxReader, box: Box, film: _Film) -> None:
    data, track = reader.head(box, 44), film.tracks[-1]
    code = data[12:16].decode("latin-1").strip()
    track.codec = code if code.isascii() and code.isprintable() and code else None
    if track.kind == b"vide" and not track.width:
        track.width, track.height = struct.unpack_from(">HH", data, 40)


def _read_stsz(reader: BoxReader, box: Box, film: _Film) -> None:
    (film.tracks[-1].samples,) = struct.unpack_from(">I", reader.head(box, 12), 8)
    film.tracks[-1].sample_sizes = (
        box if box.path.endswith(b"stsz") else None
    )  # stz2 packs its sizes otherwise


def _read_chunk_offsets(reader: BoxReader, box: Box, film: _Film) -> None:
    (count,) = struct.unpack_from(">I", reader.head(box, 8), 4)
    for offsets in reader.table(box, 8, count, "Q" if box.path.endswith(b"co64") else "I"):
        film.tracks[-1].chunks += min(offsets), max(offsets)


def _read_tfhd(reader: BoxReader, box: Box, film: _Film) -> None:
    data = reader.head(box, 24)
    flags, track = struct.unpack_from(">II", data)
    film.fragment_of = next((one for one in film.tracks if one.id == track), _Track())
    film.fragment_default = film.default_durations.get(track, 0)
    if flags & 0x8:  # after a data offset of 8 bytes and a description index of 4, when there are any
        place = 8 + (8 if flags & 0x1 else 0) + (4 if flags & 0x2 else 0)
        (film.fragment_default,) = struct.unpack_from(">I", data, place)


def _read_tfdt(reader: BoxReader, box: Box, film: _Film) -> None:
    data, track = reader.head(box, 12), film.fragment_of
    (track.fragment_end,) = struct.unpack_from(">Q" if data[0] else ">I", data, 4)  # the runs are added to it
    if track.fragment_start is None:
        track.fragment_start = track.fragment_end


def _read_trun(reader: BoxReader, box: Box, film: _Film) -> None:
    flags, count = struct.unpack_from(">II", reader.head(box, 8))
    film.fragment_of.fragment_samples += count
    if not flags & 0x100:
        film.fragment_of.fragment_end += count * film.fragment_default
        return
    columns = (flags & 0xF00).bit_count()  # the duration is the first of them
    seen = 0
    for numbers in reader.table(box, 8 + 4 * (flags & 0x5).bit_count(), count * columns):
        film.fragment_of.fragment_end += sum(numbers[-seen % columns :: columns])
        seen += len(numbers)


_HANDLERS: dict[bytes, Callable[[BoxReader, Box, _Film], None]] = {
    b"/moov": _read_moov,
    b"/moof": _read_moof,
    b"/mdat": _read_mdat,
    b"moov/trak": _read_trak,
    b"moov/mvhd": _read_mvhd,
    b"mvex/mehd": _read_mehd,
    b"mvex/trex": _read_trex,
    b"trak/tkhd": _read_tkhd,
    b"mdia/mdhd": _read_mdhd,
    b"mdia/hdlr": _read_hdlr,
    b"stbl/stsd": _read_stsd,
    b"stbl/stsz": _read_stsz,
    b"stbl/stz2": _read_stsz,
    b"stbl/stco": _read_chunk_offsets,
    b"stbl/co64": _read_chunk_offsets,
    b"traf/tfhd": _read_tfhd,
    b"traf/tfdt": _read_tfdt,
    b"traf/trun": _read_trun,
}
