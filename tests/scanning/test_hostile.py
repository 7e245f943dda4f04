"""Source that was written to break the scanner: it ends soon, and says what it could not read."""

import pytest

CREATE = 'openai.videos.create(model="sora-2", prompt=x)'
DEPTH = 20_000

HOSTILE = {
    "a sum without end": "x = " + " + ".join(["1"] * DEPTH),
    "signs without end": "x = " + "-" * DEPTH + "1",
    "a chain of names": "openai" + ".a" * DEPTH,
    "a chain of calls": "openai" + ".a()" * DEPTH,
    "a model that is a sum": 'openai.videos.create(model="a"' + ' + "a"' * DEPTH + ")",
    "a prompt that is a sum": 'openai.videos.create(model="sora-2", prompt="a"' + ' + "a"' * 300 + ")",
    "dictionaries in dictionaries": "openai.videos.create(extra_body=" + "{'a':" * 90 + "1" + "}" * 90 + ")",
    "functions in functions": "".join(" " * depth + "def f():\n" for depth in range(90)) + " " * 90 + CREATE,
    "names in a circle": "a = b\nb = a\nopenai.videos.create(model=a)",
    "objects in a circle": "a = b.c\nb = a.c\na.videos.create(model='sora-2')",
    "classes in a circle": "class A:\n    def f(self):\n        self.x = self.y\n        self.y = self.x\n"
    "        self.x.videos.create(model=self.x)",
    "functions in a circle": "def f():\n    return g()\ndef g():\n    return f()\nf().videos.create(model=f())",
    "a dictionary in itself": "a = {**a}\nopenai.videos.create(**a)",
    "more ways than anybody can count": "x0 = 'sora-2'\n"
    + "".join(f"x{n + 1} = x{n} if c else x{n}\n" for n in range(60))
    + "openai.videos.create(model=x60)",
    "a text that doubles": "x0 = 'sora-2'\n"
    + "".join(f"x{n + 1} = x{n} + x{n}\n" for n in range(60))
    + "openai.videos.create(model=x60)",
    "a long text that doubles": f"x0 = '{'a' * 90_000}'\nx1 = x0 + x0\nopenai.videos.create(model=x1)",
    "an annotation that is no kind": "def f(c: '" + "[" * 150 + "'): c.videos.create(model='sora-2')",
    "stars": "openai.videos.create(*a, **b, **{})\nopenai.videos.create(**{**c, 'model': m})",
    "an import of everything": "from openai import *\nfrom . import *\nfrom .... import x\nx.videos.create(model='sora-2')",
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_the_scan_ends_and_goes_on_with_the_next_file(scan, write, source):
    write("a.py", "import openai\n" + source + "\n")
    write("b.py", f"import openai\n{CREATE}\n")
    report = scan()
    assert [finding.stand for finding in report.findings if finding.path.name == "b.py"] == ["retired"]
    assert report.files + len(report.unread) == 2


def test_files_that_take_names_from_each_other_in_a_circle(scan, write):
    write(
        "a.py",
        "import openai\nfrom b import MODEL, client\nopenai.videos.create(model=MODEL)\nclient.videos.create(model=MODEL)\n",
    )
    write("b.py", "from a import MODEL, client\n")
    assert {finding.stand for finding in scan().findings} == {"unknown"}


def test_nothing_is_executed(scan, write, folder):
    write("a.py", "import openai, pathlib\npathlib.Path('ran').write_text('')\nraise SystemExit\n" + CREATE)
    before = sorted(folder.iterdir())
    assert len(scan().findings) == 1
    assert sorted(folder.iterdir()) == before
