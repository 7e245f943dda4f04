"""Names are followed as far as the source itself goes: through scopes, files, classes and containers."""

import pytest

SORA = "openai/sora-2"
PRO = "openai/sora-2-pro"

MODELS = {
    "a constant of the module": ('MODEL = "sora-2"\ncreate(model=MODEL)', [SORA]),
    "a constant of a class": ('class Names:\n    FILM = "sora-2"\ncreate(model=Names.FILM)', [SORA]),
    "a member of an Enum": (
        'class Names(str, Enum):\n    FILM = "sora-2"\ncreate(model=Names.FILM.value)',
        [SORA],
    ),
    "a field of the object": (
        """class Studio:
    def __init__(self):
        self.model = "sora-2"
    def film(self):
        create(model=self.model)""",
        [SORA],
    ),
    "a field of a dataclass": (
        'class Setup:\n    model: str = "sora-2"\ndef film(setup: Setup):\n    create(model=setup.model)',
        [SORA],
    ),
    "the default of a parameter": ('def film(model="sora-2"):\n    create(model=model)', [SORA]),
    "the default of a named parameter": ('def film(*, n, model="sora-2"):\n    create(model=model)', [SORA]),
    "the default of a lambda": ('film = lambda model="sora-2": create(model=model)', [SORA]),
    "a name of the function around": (
        'def outer():\n    m = "sora-2"\n    def inner():\n        create(model=m)',
        [SORA],
    ),
    "an inner name hides the outer": (
        'm = "sora-1"\ndef film():\n    m = "sora-2"\n    create(model=m)',
        [SORA],
    ),
    "a name of a class is not seen in its methods": (
        'm = "sora-2"\nclass A:\n    m = "sora-2-pro"\n    def film(self):\n        create(model=m)',
        [SORA],
    ),
    "a global": ('def setup():\n    global m\n    m = "sora-2"\ndef film():\n    create(model=m)', [SORA]),
    "one of two": ('create(model="sora-2-pro" if hd else "sora-2")', [PRO, SORA]),
    "a fallback": ('def film(model=None):\n    create(model=model or "sora-2")', [SORA]),
    "one of several assignments": (
        'm = "sora-2"\nif hd:\n    m = "sora-2-pro"\ncreate(model=m)',
        [SORA, PRO],
    ),
    "each of a loop": ('for m in ("sora-2", "sora-2-pro"):\n    create(model=m)', [SORA, PRO]),
    "each of a comprehension": ('[create(model=m) for m in ["sora-2"]]', [SORA]),
    "an entry of a dictionary": ('M = {"hd": "sora-2-pro", "sd": "sora-2"}\ncreate(model=M["sd"])', [SORA]),
    "some entry of a dictionary": (
        'M = {"hd": "sora-2-pro", "sd": "sora-2"}\ncreate(model=M[kind])',
        [PRO, SORA],
    ),
    "an environment variable": ('import os\ncreate(model=os.environ.get("MODEL", "sora-2"))', [SORA]),
    "another environment variable": (
        'from os import getenv\ncreate(model=getenv("MODEL", "sora-2"))',
        [SORA],
    ),
    "an f-string of constants": ('V = "2"\nN = f"sora-{V}"\ncreate(model=f"{N}-pro")', [PRO]),
    "texts put together": ('create(model="sora-" + "2")', [SORA]),
    "two names at once": ('a, m = 1, "sora-2"\ncreate(model=m)', [SORA]),
    "a walrus": ('create(model=(m := "sora-2"))', [SORA]),
    "a dictionary that is filled": ('body = {}\nbody["model"] = "sora-2"\ncreate(**body)', [SORA]),
    "a dictionary in a dictionary": (
        'base = {"model": "sora-2"}\nbody = {**base, "n": 1}\ncreate(**body)',
        [SORA],
    ),
    "a default that is set in the body": (
        'def film(model=None):\n    model = model or "sora-2"\n    create(model=model)',
        [SORA],
    ),
    "each of a set": ('for m in {"sora-2"}:\n    create(model=m)', [SORA]),
    "a tuple in a tuple": ('(a, (b, c)), m = x, "sora-2"\ncreate(model=m)', [SORA]),
    "an entry of an awaited dictionary": (
        'async def f():\n    body = await {"model": "sora-2"}\n    create(**body)',
        [SORA],
    ),
    "the last of two dictionaries": (
        'body = {"model": "sora-2-pro"}\nbody = {"model": "sora-2"}\ncreate(**body)',
        [SORA],
    ),
    "a call of dict": ('body = dict(model="sora-2")\ncreate(**body)', [SORA]),
}


@pytest.mark.parametrize(("source", "documents"), MODELS.values(), ids=MODELS)
def test_a_models_name_is_followed(found, source, documents):
    findings = found(f"from openai import OpenAI\ncreate = OpenAI().videos.create\n{source}\n")
    assert [finding.document for finding in findings] == documents


OBJECTS = {
    "chained": "OpenAI().videos.create({})",
    "a part of it": "videos = OpenAI().videos\nvideos.create({})",
    "imported below": "import openai.resources\nopenai.OpenAI().videos.create({})",
    "entered": "with OpenAI() as client:\n    client.videos.create({})",
    "entered later": "async def f():\n    async with OpenAI() as client:\n        await client.videos.create({})",
    "made by a function": "def client():\n    return OpenAI()\nclient().videos.create({})",
    "made by an awaited function": "async def client():\n    return OpenAI()\nasync def f():\n    (await client()).videos.create({})",
    "a property": "class A:\n    @property\n    def api(self):\n        return OpenAI()\n    def f(self):\n        self.api.videos.create({})",
    "a field of another object": "class A:\n    def __init__(self):\n        self.api = OpenAI()\na = A()\na.api.videos.create({})",
    "a field that is set from outside": "app.state.api = OpenAI()\napp.state.api.videos.create({})",
    "an annotated parameter": "def f(api: OpenAI):\n    api.videos.create({})",
    "one of two kinds": "def f(api: None | OpenAI):\n    api.videos.create({})",
    "an optional kind": "def f(api: Optional[OpenAI] = None):\n    api.videos.create({})",
    "a kind with arguments": "def f(api: Annotated[OpenAI, Depends(get)]):\n    api.videos.create({})",
    "an annotated field": "class A:\n    api: OpenAI\n    def f(self):\n        self.api.videos.create({})",
    "a default": "def f(api=OpenAI()):\n    api.videos.create({})",
    "or another": "def f(api=None):\n    api = api or OpenAI()\n    api.videos.create({})",
    "renamed twice": "a = OpenAI()\nb = a\nb.videos.create({})",
    "set later": "client = None\ndef setup():\n    global client\n    client = OpenAI()\ndef f():\n    client.videos.create({})",
}


@pytest.mark.parametrize("source", OBJECTS.values(), ids=OBJECTS)
def test_an_object_is_followed(found, source):
    """The name of the model says nothing here: the call is found by where its object comes from."""
    (finding,) = found("from openai import OpenAI\n" + source.format("model=unknown"))
    assert finding.stand == "unknown"
    assert finding.call.startswith("openai.OpenAI")


def test_names_are_followed_into_other_files(scan, write, folder):
    write("src/films/__init__.py", "")
    write("src/films/config.py", 'MODEL = "sora-2"\nHD = MODEL + "-pro"\n')
    write(
        "src/films/clients.py",
        "from openai import OpenAI\nclient = OpenAI()\n\ndef made():\n    return client\n",
    )
    write(
        "src/films/app/main.py",
        "from .. import config\nfrom ..clients import client, made\nfrom films.config import HD\nimport films.clients as c\n"
        "client.videos.create(model=config.MODEL)\nmade().videos.create(model=HD)\n"
        "c.client.videos.create(model=elsewhere)\n",
    )
    findings = scan().findings
    assert [(finding.line, finding.document, finding.call) for finding in findings] == [
        (5, SORA, "openai.OpenAI.videos.create"),
        (6, PRO, "openai.OpenAI.videos.create"),
        (7, None, "openai.OpenAI.videos.create"),
    ]


def test_nothing_outside_the_folder_is_read(scan, write, folder):
    write("config.py", 'MODEL = "sora-2"\n')
    write("inner/main.py", "import openai\nfrom config import MODEL\nopenai.videos.create(model=MODEL)\n")
    (finding,) = scan(folder / "inner").findings
    assert finding.stand == "unknown"
    (finding,) = scan(folder).findings
    assert finding.stand == "retired"


def test_another_model_that_may_be_asked_is_told(found):
    first, second = found(
        'import openai\nm = "sora-2-pro" if hd else "sora-2"\nopenai.videos.create(model=m)'
    )
    assert first.choice == second.choice == "m may be sora-2-pro or sora-2"
    (finding,) = found('import openai\ndef f(m="sora-2"):\n    openai.videos.create(model=m)')
    assert finding.choice == "m is sora-2 unless something else is given"


def test_a_name_that_keeps_its_value_stays_a_name(found):
    (finding,) = found(
        'import openai\nSIZE = "1280x720"\nLONG = "20"\nopenai.videos.create(prompt="x", size=SIZE, seconds=LONG)',
        to="google/gemini-omni-1.2-flash",
    )
    assert "size=SIZE" in finding.replacement.call
    assert "duration=15" in finding.replacement.call


def test_an_element_of_nobody_knows_what_is_not_known(found):
    (finding,) = found("import openai\nfor m in names:\n    openai.videos.create(model=m)")
    assert finding.message == "model not known here: m"


@pytest.mark.parametrize("kind", ["'OpenAI['", "'" + "x" * 300 + "'", "int"])
def test_an_annotation_that_says_nothing(found, kind):
    (finding,) = found(f"import openai\ndef f(api: {kind}):\n    api.videos.create(model=m)")
    assert finding.call == "api.videos.create" if kind != "int" else "int.videos.create"
