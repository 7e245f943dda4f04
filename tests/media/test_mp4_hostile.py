import io
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polyreel.media import boxes
from polyreel.media.mp4 import InvalidFilm, read_facts

FRAGMENTED = "frag_keyframe+empty_moov+default_base_moof"
NAMES = set(
    b"ftyp moov mvhd trak tkhd mdia mdhd hdlr minf stbl stsd stsz stco mvex trex moof traf tfhd tfdt trun mdat".split()
)


def facts(data):
    return read_facts(io.BytesIO(data))


def refusal(data):
    with pytest.raises(InvalidFilm) as caught:
        facts(data)
    message = str(caught.value)
    assert message[0].isupper()
    assert message.endswith(".")
    return message


@pytest.mark.parametrize("box", [b"mvhd", b"mdhd", b"tkhd", b"stsd", b"stsz", b"stco", b"hdlr"])
def test_a_box_without_its_content(make_film, box):
    data = make_film("")
    at = data.index(box)
    size = struct.unpack_from(">I", data, at - 4)[0]
    emptied = (
        data[: at - 4] + struct.pack(">I", 8) + box + struct.pack(">I4s", size - 8, b"free") + data[at + 12 :]
    )
    if box == b"stsd":  # then only the codec's name is lost
        assert facts(emptied).video_codec is None
    else:
        refusal(emptied)


def test_a_table_longer_than_its_box(make_film):
    data = bytearray(make_film(""))
    at = data.index(b"stco")
    data[at + 8 : at + 12] = b"\xff\xff\xff\xff"
    assert "table is longer" in refusal(bytes(data))


@pytest.mark.parametrize("size", range(2, 8))
def test_a_box_smaller_than_its_own_head(make_film, size):
    data = make_film("")
    assert "impossible size" in refusal(data + struct.pack(">I4s", size, b"free"))
    at = data.index(b"mdhd") - 4
    assert "impossible size" in refusal(data[:at] + struct.pack(">I", size) + data[at + 4 :])


def test_nesting_too_deep(make_box):
    inner = b""
    for _ in range(5000):
        inner = make_box(b"moov", inner)
    assert "nested deeper" in refusal(struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 0, b"isom") + inner)


def test_too_many_boxes(make_box):
    data = (
        struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 0, b"isom") + make_box(b"free", b"") * boxes.MAX_BOXES
    )
    assert "boxes" in refusal(data)


class Endless(io.RawIOBase):
    """A file of terabytes: a header, and zeros."""

    def __init__(self, head, size):
        self.head, self.size, self.at, self.read_bytes = head, size, 0, 0

    def seek(self, offset, whence=0):
        self.at = self.size + offset if whence == 2 else offset
        return self.at

    def read(self, length=-1):
        assert 0 <= length <= boxes.PIECE
        data = self.head[self.at : self.at + length]
        self.at += length
        self.read_bytes += length
        return data + bytes(length - len(data))


def test_a_huge_index_is_not_read_to_its_end():
    count = 2**30
    stco = struct.pack(">I4sQII", 1, b"stco", 16 + 8 + 4 * count, 0, count)
    size = len(stco) + 4 * count
    inner = stco
    for kind in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        size += 16
        inner = struct.pack(">I4sQ", 1, kind, size) + inner
    head = struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 0, b"isom") + inner
    file = Endless(head, 20 + size)
    with pytest.raises(InvalidFilm, match="larger than 16 MB"):
        read_facts(file)
    assert file.read_bytes <= boxes.MAX_INDEX_BYTES + boxes.PIECE


def test_a_film_larger_than_any_memory_is_fine(make_film, top_boxes):
    data = make_film("faststart")
    start = next(start for kind, start, _ in top_boxes(data) if kind == b"mdat")
    head = data[:start] + struct.pack(">I4s", 0, b"mdat") + data[start + 8 :]
    file = Endless(head, 2**42)
    assert read_facts(file).bytes == 2**42
    assert file.read_bytes < 10_000


def test_a_file_that_shrinks_while_it_is_read(make_film):
    class Shrinking(io.BytesIO):
        def read(self, length=-1):
            return super().read(length)[: -1 if self.tell() > 300 else None]

    with pytest.raises(InvalidFilm, match="ended while"):
        read_facts(Shrinking(make_film("faststart")))


def survives(data):
    try:
        found = facts(data)
    except InvalidFilm:
        return
    assert found.bytes == len(data)


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_garbage(data):
    survives(data)
    survives(b"\x00\x00\x00\x14ftypisom\x00\x00\x00\x00isom" + data)


@given(st.data())
@settings(max_examples=500, deadline=None)
def test_mutated_films(make_film, data):
    movflags = data.draw(st.sampled_from(["", "faststart", FRAGMENTED, "frag_keyframe"]))
    film = bytearray(make_film(movflags, audio=True))
    index = [at for at in range(len(film) - 4) if bytes(film[at : at + 4]) in NAMES]
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.sampled_from(index)) + data.draw(st.integers(-4, 40))
        film[at : at + 4] = data.draw(
            st.one_of(
                st.binary(min_size=0, max_size=8),
                st.sampled_from([b"\xff" * 4, bytes(4), b"\x00\x00\x00\x01"]),
            )
        )
    survives(bytes(film[: data.draw(st.integers(0, len(film)))]))
    survives(bytes(film))
