"""Which files are read, and what of them: also notebooks, encodings, and what is no Python at all."""

import json
import os
import sys

import pytest
from polyreel.scanning import sources

CALL = 'import openai\nopenai.videos.create(model="sora-2", prompt="x")\n'


def test_environments_and_hidden_folders_are_left_out(scan, write, folder):
    for name in (
        ".venv/a.py",
        "venv/a.py",
        "env/lib/a.py",
        "mine/pyvenv.cfg",
        "mine/a.py",
        "node_modules/x/a.py",
        "lib/site-packages/a.py",
        ".hidden/a.py",
        "__pycache__/a.py",
        ".a.py",
        "a.txt",
    ):
        write(name, CALL)
    write("kept/a.py", CALL)
    write("kept/b.pyi", CALL)
    report = scan()
    assert [finding.path.relative_to(folder).as_posix() for finding in report.findings] == [
        "kept/a.py",
        "kept/b.pyi",
    ]
    assert report.files == 2


def test_what_is_named_is_read_wherever_it_is(scan, write, folder):
    write(".venv/lib/a.py", CALL)
    write(".b.py", CALL)
    assert len(scan(folder / ".venv").findings) == 1
    assert len(scan(folder / ".b.py").findings) == 1


@pytest.mark.parametrize("pattern", ["tests", "tests/*", "*_pb2.py", "tests/a_pb2.py"])
def test_patterns_leave_files_out(scan, write, pattern):
    write("tests/a_pb2.py", CALL)
    write("main.py", CALL)
    assert [finding.path.name for finding in scan(exclude=[pattern]).findings] == ["main.py"]


def notebook(*cells):
    return json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": cell} for cell in cells]})


def test_the_cells_of_a_notebook_are_one_program(scan, write):
    write(
        "film.ipynb",
        json.dumps(
            {
                "cells": [
                    {"cell_type": "markdown", "source": "openai.videos.create(model='sora-2')"},
                    {
                        "cell_type": "code",
                        "source": ["%pip install openai\n", "import openai\n", "client = openai.OpenAI()"],
                    },
                    {"cell_type": "code", "source": "x = ("},
                    {
                        "cell_type": "code",
                        "source": "for name in names:\n    !ls {name}\n\nclient.videos.create(model='sora-2')\nclient?",
                    },
                ]
            }
        ),
    )
    report = scan()
    (finding,) = report.findings
    assert (finding.cell, finding.line, finding.column) == (4, 4, 1)
    assert finding.place.endswith("film.ipynb:cell 4:4")
    assert [unread.reason for unread in report.unread] == [
        "cell 3: it is no Python: line 1: '(' was never closed"
    ]


def test_a_cell_that_is_no_python_leaves_the_others_as_they_are(scan, write):
    write("a.ipynb", notebook("x = (", CALL, "def broken(:", "y = 1"))
    report = scan()
    assert [finding.cell for finding in report.findings] == [2]
    assert len(report.unread) == 2


def test_what_looks_like_an_order_to_the_kernel_stays_where_it_is_python(scan, write):
    write(
        "a.ipynb",
        notebook(
            "import openai\nprompt = ('%s'\n  % x)\nopenai.videos.create(model='sora-2', prompt=prompt)"
        ),
    )
    (finding,) = scan().findings
    assert "prompt" in finding.replacement.call


UNREADABLE = {
    "no Python": (b"def broken(:\n", "it is no Python: line 1: invalid syntax"),
    "null bytes": (b"x = 1\0\n", "it is no Python"),
    "no such encoding": (b"# coding: klingon\n", "its encoding is not understood: unknown encoding: klingon"),
    "an encoding of no text": (b"# coding: rot13\n", "its encoding is not understood"),
    "another encoding than it says": (b"x = '\xff'\n", "its encoding is not understood"),
    "a number without end": (b"x = " + b"9" * 10_000, "it is no Python"),
    "brackets in brackets": (
        b"(" * 5000 + b")" * 5000,
        "it is no Python: line 1: too many nested parentheses",
    ),
}


@pytest.mark.parametrize(("content", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_told_and_the_rest_is_scanned(scan, write, content, reason):
    bad = write("bad.py", content)
    write("good.py", CALL)
    report = scan()
    (unread,) = report.unread
    assert unread.path == bad
    assert unread.reason.startswith(reason)
    assert len(report.findings) == report.files == 1


@pytest.mark.parametrize("content", ["[" * 100_000, "{}", "[]", '{"cells": 1}', "", "\0"], ids=range(6))
def test_what_is_no_notebook_is_told(scan, write, content):
    write("bad.ipynb", content)
    (unread,) = scan().unread
    assert unread.reason.startswith("it is no notebook")


def test_odd_cells_are_passed_over(scan, write):
    cells = [
        1,
        None,
        {"cell_type": "code"},
        {"cell_type": "code", "source": [1, None]},
        {"cell_type": "code", "source": 5},
    ]
    cells.append({"cell_type": "code", "source": "x = '\ud800'\n" + CALL})
    write("odd.ipynb", json.dumps({"cells": cells}))
    (finding,) = scan().findings
    assert finding.cell == 6


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + CALL.encode(),
        b"# coding: latin-1\nx = '\xe9'; " + CALL.replace("\n", "; ").encode(),
        CALL.replace("\n", "\r\n").encode(),
        CALL.replace("\n", "\r").encode(),
    ],
    ids=["byte order mark", "latin-1", "Windows", "old Macintosh"],
)
def test_encodings_and_ends_of_lines(scan, write, content):
    write("a.py", content)
    (finding,) = scan().findings
    assert 'generate("x"' in finding.replacement.call


def test_columns_and_texts_beyond_ascii(found):
    (finding,) = found('import openai\n"海", openai.videos.create(model="sora-2", prompt=größe + "é")')
    assert 'generate(größe + "é"' in finding.replacement.call


def test_a_warning_about_the_source_is_nobodys(scan, write):
    write("a.py", 'x = "\\d" is "y"\n' + CALL)
    assert len(scan().findings) == 1


def test_a_file_that_is_too_large_is_not_read(scan, write, monkeypatch):
    monkeypatch.setattr(sources, "MAX_BYTES", 100)
    write("a.py", CALL + "#" * 100)
    (unread,) = scan().unread
    assert unread.reason == "it is larger than 100 bytes"


@pytest.mark.skipif(sys.platform == "win32", reason="needs pipes and links")
def test_pipes_and_links_that_lead_nowhere(scan, write, folder):
    os.mkfifo(folder / "pipe.py")
    (folder / "loop.py").symlink_to("loop.py")
    (folder / "again").symlink_to(folder, target_is_directory=True)
    write("good.py", CALL)
    report = scan()
    assert {unread.path.name for unread in report.unread} == {"pipe.py", "loop.py"}
    assert len(report.findings) == 1
