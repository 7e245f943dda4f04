import dataclasses
import io
import struct

import av
import pytest
from polyreel.media.mp4 import FilmFacts, InvalidFilm, read_facts

FRAGMENTED = "frag_keyframe+empty_moov+default_base_moof"


def facts(data):
    return read_facts(io.BytesIO(data))


def refusal(data):
    with pytest.raises(InvalidFilm) as caught:
        facts(data)
    message = str(caught.value)
    assert message[0].isupper()
    assert message.endswith(".")
    return message


class Watched(io.BytesIO):
    """Notes which bytes were read."""

    def __init__(self, data):
        super().__init__(data)
        self.ranges = []

    def read(self, length=-1):
        start = self.tell()
        data = super().read(length)
        self.ranges.append((start, start + len(data)))
        return data


@pytest.mark.parametrize("audio", [False, True])
@pytest.mark.parametrize(
    "movflags",
    ["", "faststart", FRAGMENTED, "frag_keyframe", "frag_every_frame+empty_moov", "dash+delay_moov"],
)
def test_facts_of_real_films_are_those_that_ffmpeg_finds(make_film, movflags, audio):
    data = make_film(movflags, audio=audio)
    found = facts(data)
    assert isinstance(found, FilmFacts)
    assert found.bytes == len(data)
    assert (found.width, found.height) == (64, 48)
    assert found.video_codec == "avc1"
    assert found.audio_codec == ("mp4a" if audio else None)
    assert found.has_audio is audio
    assert found.faststart is (movflags != "")
    with av.open(io.BytesIO(data)) as film:
        stream = film.streams.video[0]
        assert found.fps == pytest.approx(24 / float(stream.duration * stream.time_base))
        assert found.duration == pytest.approx(film.duration / av.time_base, abs=0.002)


@pytest.mark.parametrize(
    ("fps", "frames", "size"), [(25, 50, (128, 72)), (30, 15, (72, 128)), (12, 3, (16, 16))]
)
def test_other_rates_lengths_and_sizes(make_film, fps, frames, size):
    found = facts(make_film("faststart", fps=fps, frames=frames, size=size))
    assert found.fps == pytest.approx(fps)
    assert found.duration == pytest.approx(frames / fps, abs=0.002)
    assert (found.width, found.height) == size


def test_a_quicktime_film_is_read_too(make_film):
    found = facts(make_film(container="mov", audio=True))
    assert (found.width, found.height, found.has_audio) == (64, 48, True)


def test_facts_are_frozen(make_film):
    with pytest.raises(dataclasses.FrozenInstanceError):
        facts(make_film()).bytes = 1


@pytest.mark.parametrize("movflags", ["", "faststart", FRAGMENTED])
def test_the_content_of_mdat_is_never_read(make_film, top_boxes, movflags):
    data = make_film(movflags, audio=True)
    file = Watched(data)
    read_facts(file)
    for kind, start, end in top_boxes(data):
        if kind == b"mdat":
            # the first 64 bytes of the file are sniffed, and in small films they reach into it
            assert not [pair for pair in file.ranges[1:] if pair[0] < end and pair[1] > start + 8]


def test_a_position_in_the_middle_does_not_matter(make_film):
    file = io.BytesIO(make_film())
    file.seek(100)
    assert read_facts(file).duration == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("movflags", ["", "faststart", FRAGMENTED])
def test_every_cut_of_a_film_is_noticed(make_film, top_boxes, movflags):
    data = make_film(movflags, audio=True)
    film_ends = [end for kind, _, end in top_boxes(data) if kind == b"mdat"]
    for cut in range(0, len(data), 3):
        if cut < 24 or movflags != FRAGMENTED:
            refusal(data[:cut])
            continue
        # a film in fragments is shorter, and still a film, exactly where a fragment ends
        try:
            facts(data[:cut])
        except InvalidFilm:
            continue
        assert {cut, cut - 1, cut - 2} & set(
            film_ends
        )  # the next box begins with zeros, which may be padding


@pytest.mark.parametrize("off", range(-9, 0))
@pytest.mark.parametrize("movflags", ["", "faststart", FRAGMENTED])
def test_the_last_bytes_matter(make_film, movflags, off):
    refusal(make_film(movflags)[:off])


@pytest.mark.parametrize("kept", [0, 1, 8, 9, 400])
def test_a_faststart_film_cut_after_its_index(make_film, top_boxes, kept):
    data = make_film("faststart", audio=True)
    start = next(start for kind, start, _ in top_boxes(data) if kind == b"mdat")
    message = refusal(data[: start + kept])
    assert "missing" in message if kept < 8 else "cut off" in message


def test_a_cut_mdat_says_how_much_is_missing(make_film):
    data = make_film("faststart")
    message = refusal(data[:-100])
    assert "'mdat'" in message
    assert "100 bytes too early" in message
    assert "fetch it again" in message


def test_fragments_cut_between_moof_and_mdat(make_film, top_boxes):
    data = make_film(FRAGMENTED)
    last_moof = [(start, end) for kind, start, end in top_boxes(data) if kind == b"moof"][-1]
    assert "last fragment" in refusal(data[: last_moof[1]])
    assert facts(data[: last_moof[0]]).duration == pytest.approx(0.5, abs=0.01)


def test_an_index_without_any_fragment_is_no_film(make_film, top_boxes):
    data = make_film(FRAGMENTED)
    end = next(end for kind, _, end in top_boxes(data) if kind == b"moov")
    assert "without a single frame" in refusal(data[:end])


def test_a_film_whose_mdat_was_taken_out(make_film, top_boxes):
    data = make_film("")
    kept = b"".join(data[start:end] for kind, start, end in top_boxes(data) if kind != b"mdat")
    assert "no 'mdat'" in refusal(kept)


def test_a_film_whose_mdat_lies_elsewhere(make_film, top_boxes, make_box):
    data = make_film("")
    parts = {kind: data[start:end] for kind, start, end in top_boxes(data)}
    moved = parts[b"ftyp"] + make_box(b"free", bytes(len(data))) + parts[b"mdat"] + parts[b"moov"]
    assert "not whole" in refusal(moved)


def test_no_moov(make_film, top_boxes):
    data = make_film("")
    start = next(start for kind, start, _ in top_boxes(data) if kind == b"moov")
    assert "'moov'" in refusal(data[:start])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html><body>Expired</body></html>", "web page"),
        (b"\n  <HTML lang=en>", "web page"),
        (b'{"error": {"message": "link expired"}}', "JSON"),
        (b"[]", "JSON"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "text or XML"),
        (b"Not found\n", "text or XML"),
        (b"%PDF-1.7 ...", "a PDF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "a picture (image/png)"),
        (b"\x1a\x45\xdf\xa3" + bytes(8) + b"webm", "video/webm"),
        (bytes(100), "'ftyp'"),
        (b"\xff\x00" * 50, "'ftyp'"),
        (struct.pack(">I4s4sI4s", 20, b"ftyp", b"avif", 0, b"avif"), "a picture (image/avif)"),
        (struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 0, b"isom"), "'moov'"),
        (struct.pack(">I4s4sI", 20, b"ftyp", b"isom", 0), "cut off"),
    ],
)
def test_what_is_no_film(data, words):
    assert words in refusal(data)


def test_the_refusal_does_not_quote_the_body():
    assert "SECRET" not in refusal(b'{"url": "https://x/?sig=SECRET"}')


def test_sound_only(make_box):
    ftyp = struct.pack(">I4s4sI4s", 20, b"ftyp", b"M4A ", 0, b"isom")
    trak = make_box(b"trak", make_box(b"mdia", make_box(b"hdlr", bytes(8) + b"soun" + bytes(12))))
    assert "no video track" in refusal(ftyp + make_box(b"moov", trak))


def test_a_size_of_zero_reaches_to_the_end(make_film, top_boxes):
    data = bytearray(make_film("faststart"))
    start = next(start for kind, start, _ in top_boxes(data) if kind == b"mdat")
    data[start : start + 4] = bytes(4)
    assert facts(bytes(data)) == facts(make_film("faststart"))
    for cut in (1, 10, 1000):
        assert "cut off" in refusal(bytes(data[:-cut]))


def test_sizes_of_64_bits(make_film, top_boxes):
    data = make_film("")
    parts = {kind: data[start:end] for kind, start, end in top_boxes(data)}
    content = parts[b"mdat"][8:]
    # "free" made room for the longer header, so that the offsets stay true
    assert len(parts[b"free"]) == 8
    wide = struct.pack(">I4sQ", 1, b"mdat", 16 + len(content)) + content
    good = parts[b"ftyp"] + wide + parts[b"moov"]
    assert facts(good) == facts(data)
    for size in (15, 0, 2**64 - 1, 2**63, len(good)):
        broken = parts[b"ftyp"] + struct.pack(">I4sQ", 1, b"mdat", size) + content + parts[b"moov"]
        refusal(broken)


def test_chunk_offsets_of_64_bits(make_film):
    def widen(data, add):
        at = data.index(b"stco") - 4
        size, _, _, count = struct.unpack_from(">I4sII", data, at)
        offsets = struct.unpack_from(f">{count}I", data, at + 16)
        table = struct.pack(
            f">I4sII{count}Q", 16 + 8 * count, b"co64", 0, count, *(one + add for one in offsets)
        )
        data = bytearray(data[:at] + table + data[at + size :])
        for container in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
            place = data.index(container) - 4
            data[place : place + 4] = struct.pack(">I", struct.unpack_from(">I", data, place)[0] + 4 * count)
        return bytes(data)

    data = make_film("")  # its index is at the end, so that it can grow
    assert facts(widen(data, 0)).duration == facts(data).duration
    assert "not whole" in refusal(widen(data, 2**40))
    assert "not whole" in refusal(widen(data, -(2**5)))


def test_zeros_after_the_film_are_no_cut(make_film):
    data = make_film("faststart")
    assert facts(data + bytes(3)).duration == facts(data).duration
    assert facts(data + bytes(30)).duration == facts(data).duration
    assert "cut off" in refusal(data + b"\x00\x00\x01")


def test_the_length_of_the_tracks_serves_where_the_film_has_none(make_film):
    data = bytearray(make_film(""))
    at = data.index(b"mvhd") + 4 + 16
    for unknown in (b"\x00" * 4, b"\xff" * 4):
        data[at : at + 4] = unknown
        assert facts(bytes(data)).duration == pytest.approx(1.0, abs=0.01)
    at = data.index(b"mdhd") + 4 + 12
    data[at : at + 4] = bytes(4)  # a timescale of 0 must not be divided by
    found = facts(bytes(data))
    assert (found.duration, found.fps) == (None, None)


def test_a_film_turned_by_its_matrix(make_film):
    data = bytearray(make_film(""))
    at = data.index(b"tkhd") + 4 + 40
    data[at : at + 20] = struct.pack(">5i", 0, 65536, 0, -65536, 0)
    found = facts(bytes(data))
    assert (found.width, found.height) == (48, 64)


def test_the_size_of_the_codec_serves_where_the_track_has_none(make_film):
    data = bytearray(make_film(""))
    at = data.index(b"tkhd") + 4 + 76
    data[at : at + 8] = bytes(8)
    found = facts(bytes(data))
    assert (found.width, found.height) == (64, 48)


def test_the_extended_duration_of_fragments(make_film, make_box):
    data = make_film(FRAGMENTED)
    mvex = data.index(b"mvex") - 4
    mehd = make_box(b"mehd", struct.pack(">II", 0, 7000))
    grown = bytearray(data[: mvex + 8] + mehd + data[mvex + 8 :])
    for kind in (b"moov", b"mvex"):
        at = grown.index(kind) - 4
        grown[at : at + 4] = struct.pack(">I", struct.unpack_from(">I", grown, at)[0] + len(mehd))
    assert facts(bytes(grown)).duration == pytest.approx(7.0)


def _fragmented_film(make_box, tfhd, trun, trex_duration=0, whole=0):
    ftyp = struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 0, b"isom")
    tkhd = make_box(
        b"tkhd", struct.pack(">IIII", 0, 0, 0, 9) + bytes(60) + struct.pack(">II", 64 << 16, 48 << 16)
    )
    mdhd = make_box(b"mdhd", struct.pack(">6I", 0, 0, 0, 1000, whole, 0))
    hdlr = make_box(b"hdlr", bytes(8) + b"vide" + bytes(12))
    trex = make_box(b"trex", struct.pack(">6I", 0, 9, 1, trex_duration, 0, 0))
    trak = make_box(b"trak", tkhd + make_box(b"mdia", mdhd + hdlr))
    moov = make_box(b"moov", trak + make_box(b"mvex", trex))
    traf = make_box(b"traf", make_box(b"tfhd", tfhd) + make_box(b"trun", trun))
    return ftyp + moov + make_box(b"moof", traf) + make_box(b"mdat", b"film")


def test_durations_of_fragments_by_sample_by_fragment_and_by_track(make_box):
    plain = struct.pack(">II", 0, 10)
    by_sample = struct.pack(">II", 0x000705, 3) + bytes(8)
    by_sample += b"".join(struct.pack(">III", length, 5, 0) for length in (100, 200, 400))
    head = struct.pack(">II", 0, 9)
    own = struct.pack(">IIQII", 0xB, 9, 0, 1, 250)
    assert facts(_fragmented_film(make_box, head, by_sample)).duration == pytest.approx(0.7)
    assert facts(_fragmented_film(make_box, own, plain)).duration == pytest.approx(2.5)
    by_track = facts(_fragmented_film(make_box, head, plain, trex_duration=50))
    assert (by_track.duration, by_track.fps) == (pytest.approx(0.5), pytest.approx(20))
    assert facts(_fragmented_film(make_box, head, plain)).duration is None


def test_a_length_that_is_given_twice_counts_once(make_box):
    head, plain = struct.pack(">II", 0, 9), struct.pack(">II", 0, 10)
    found = facts(_fragmented_film(make_box, head, plain, trex_duration=50, whole=500))
    assert (found.duration, found.fps) == (pytest.approx(0.5), pytest.approx(20))


def test_long_tables_are_summed_across_their_pieces(make_box):
    count = 40_000  # three columns: pieces end in the middle of a row
    rows = b"".join(struct.pack(">III", 2, 999, 999) for _ in range(count))
    film = _fragmented_film(make_box, struct.pack(">II", 0, 9), struct.pack(">II", 0x700, count) + rows)
    assert facts(film).duration == pytest.approx(2 * count / 1000)


def test_fragments_of_a_track_that_does_not_exist(make_box):
    film = _fragmented_film(make_box, struct.pack(">II", 0, 5), struct.pack(">II", 0, 10))
    assert "single frame" in refusal(film)
