import json

import pytest
from polyreel.documents.document import ModelDocument, media_schemas
from polyreel.documents.export import catalogue_files, write_catalogue
from polyreel.documents.loading import (
    folder_documents,
    meta_schema,
    package_documents,
    parsed,
    strict_document,
)
from polyreel.documents.registry import aliases, is_hint, parameters, registry_json
from polyreel.errors import ConfigurationError


@pytest.fixture
def document(toy):
    return ModelDocument(json=toy, origin="toy")


# --- reading --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a": 1, "a": 2}', "the key 'a' is given twice"),
        ('{"a": {"b": [{"c": 1, "c": 1}]}}', "the key 'c' is given twice"),
        ("{", "cannot be read: Expecting"),
        ("", "cannot be read: Expecting value"),
        (b"\xff\xfe\xfa", "cannot be read:"),
        (b'{"title": "B\xe4r"}', "cannot be read: 'utf-8' codec"),
        ("[" * 100_000, "cannot be read: maximum recursion"),
        ("[1]", "is no JSON object"),
        ("null", "is no JSON object"),
    ],
)
def test_a_text_that_is_no_document(text, reason):
    with pytest.raises(ConfigurationError, match=reason) as caught:
        parsed(text, origin="/home/me/toy.json")
    assert str(caught.value).startswith("the model document /home/me/toy.json ")


def test_a_text_with_a_byte_order_mark_is_read():
    assert parsed(b"\xef\xbb\xbf" + '{"title": "Bär"}'.encode(), origin="toy") == {"title": "Bär"}


def test_a_folder_is_read_in_order_and_below(tmp_path, toy):
    for name, native_id in (("b.json", "toy-b"), ("a.json", "toy-a"), ("deep/er/c.json", "toy-c")):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        toy["$id"] = f"urn:polyreel:model:acme-labs/{native_id}"
        toy["x-model"]["native_id"] = native_id
        path.write_text(json.dumps(toy), encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no document")
    documents = folder_documents(tmp_path)
    assert [document.id for document in documents] == [f"acme-labs/toy-{letter}" for letter in "abc"]
    assert documents[0].origin == str(tmp_path / "a.json")


def test_a_folder_that_is_not_there_holds_nothing(tmp_path):
    assert folder_documents(tmp_path / "nowhere") == []


def test_a_broken_document_in_the_folder_is_named(tmp_path, toy):
    del toy["title"]
    path = tmp_path / "toy.json"
    path.write_text(json.dumps(toy))
    with pytest.raises(ConfigurationError, match=r"toy\.json is not valid: document: 'title' is a required"):
        folder_documents(tmp_path)
    path.write_bytes(b"\xe4")
    with pytest.raises(ConfigurationError, match=r"toy\.json cannot be read"):
        folder_documents(tmp_path)


def test_a_folder_called_like_a_document_is_named(tmp_path):
    (tmp_path / "toy.json").mkdir()
    with pytest.raises(ConfigurationError, match=r"toy\.json cannot be read: Is a directory"):
        folder_documents(tmp_path)


def test_a_packages_documents_are_read_once_and_in_order(tmp_path, monkeypatch):
    package = tmp_path / "acme_package_for_this_test"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").touch()
    for name in "ba":
        (package / "models" / f"{name}.json").write_text(f'{{"name": "{name}"}}')
    (package / "models" / "readme.md").touch()
    monkeypatch.syspath_prepend(tmp_path)
    found = package_documents("acme_package_for_this_test")
    assert [document["name"] for document in found] == ["a", "b"]
    assert package_documents("acme_package_for_this_test") is found


def test_the_error_of_a_packages_document_names_the_package(tmp_path, monkeypatch):
    package = tmp_path / "acme_broken_package"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "models" / "a.json").write_text('{"a": 1, "a": 1}')
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigurationError, match=r"acme_broken_package/a\.json .* given twice"):
        package_documents("acme_broken_package")


# --- the registry ------------------------------------------------------------------------------------------------------


def test_the_unified_names_are_these():
    assert list(parameters()) == [
        *("prompt", "duration", "size", "aspect_ratio", "resolution", "fps", "n", "seed", "generate_audio"),
        *("negative_prompt", "person_generation", "input_image", "last_frame", "reference_image"),
        *("reference_images", "video"),
    ]


def test_the_seeds_aliases_lead_to_them():
    assert aliases() == {
        "seconds": "duration",
        "duration_seconds": "duration",
        "dimension": "size",
        "input_reference": "input_image",
    }


def test_no_alias_is_a_name_and_each_name_says_what_it_means():
    assert not set(aliases()) & set(parameters())
    for name, schema in parameters().items():
        assert schema["title"], name
        assert schema["description"], name
        assert schema["x-unsupported"] in {"error", "warn"}, name


def test_only_the_seed_is_a_mere_hint():
    assert [name for name in parameters() if is_hint(name)] == ["seed"]
    assert not is_hint("no_such_parameter")


def test_the_registry_is_a_schema():
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(registry_json())
    Draft202012Validator.check_schema(meta_schema())


# --- what is read off a document -----------------------------------------------------------------------------------------


def test_the_views_of_a_document(document):
    assert (document.id, document.provider, document.native_id) == ("acme-labs/toy-1", "acme-labs", "toy-1")
    assert document.title == "Toy"
    assert document.is_family is False
    assert document.defaults == {"duration": 4}
    assert document.derivations[1] == {"size": "1280x720", "aspect_ratio": "16:9"}
    assert document.service == "https://api.acme.example/v1"
    assert document.output["fps"] == 24
    assert document.prices["currency"] == "USD"
    assert document.lifecycle.replaced_by == ("acme-labs/toy-2",)
    assert document.lifecycle.alternatives == ("other/film-1",)
    assert document.lifecycle.sources[0].fact == "It exists"
    assert str(document.lifecycle.retires_on) == "2026-09-01"


def test_a_document_with_only_what_it_must_have():
    toy = {
        "properties": {"prompt": {}},
        "x-model": {"provider": "a", "native_id": "b", "stage": "ga", "sources": []},
    }
    document = ModelDocument(json=toy)
    assert (document.derivations, document.prices, document.service, document.output) == ((), None, None, {})
    assert document.defaults == {}
    assert document.media_parameters == ()
    assert document.lifecycle.retires_on is None


def test_media_are_found_at_any_depth(document):
    assert document.media_parameters == ("reference_images", "acme_labs_voices", "acme_labs_options")
    voices = document.properties["acme_labs_voices"]
    assert [media["accept"] for media in media_schemas(voices)] == [["video/mp4"], ["audio/wav"]]


def test_a_family_lends_its_document_to_any_model(toy):
    toy["$id"] = "urn:polyreel:model:acme-labs/*"
    toy["x-model"] |= {"native_id": "*", "family": True}
    family = strict_document(toy, origin="toy")
    member = family.member("org/model:v1")
    assert (member.id, member.native_id, member.title) == (
        "acme-labs/org/model:v1",
        "org/model:v1",
        "org/model:v1",
    )
    assert (family.is_family, member.is_family) == (True, False)
    assert member.properties == family.properties
    assert strict_document(member.json, origin="member").id == member.id
    assert family.native_id == "*"
    assert family.json["title"] == "Toy"


# --- the published catalogue -----------------------------------------------------------------------------------------------


@pytest.fixture
def family(toy):
    family = json.loads(json.dumps(toy))
    family["$id"] = "urn:polyreel:model:acme-labs/*"
    family["x-model"] |= {"native_id": "*", "family": True}
    return ModelDocument(json=family)


def test_the_catalogue_holds_every_document_and_an_index(document, family):
    files = catalogue_files([document, family], {"job": {"title": "Job"}})
    assert set(files) == {
        *("model.schema.json", "parameters.json", "request.schema.json", "job.schema.json", "index.json"),
        *("models/acme-labs/any.json", "models/acme-labs/toy-1.json"),
    }
    assert json.loads(files["model.schema.json"]) == meta_schema()
    assert json.loads(files["parameters.json"]) == registry_json()
    assert json.loads(files["models/acme-labs/toy-1.json"]) == document.json
    assert json.loads(files["job.schema.json"]) == {"title": "Job"}
    assert set(parameters()) < set(json.loads(files["request.schema.json"])["properties"])
    assert json.loads(files["index.json"]) == [
        {
            "id": "acme-labs/*",
            "title": "Toy",
            "surface": None,
            "aliases": [],
            "document": "models/acme-labs/any.json",
            "stage": "deprecated",
            "retires_on": "2026-09-01",
            "replaced_by": ["acme-labs/toy-2"],
        },
        {
            "id": "acme-labs/toy-1",
            "title": "Toy",
            "surface": None,
            "aliases": [],
            "document": "models/acme-labs/toy-1.json",
            "stage": "deprecated",
            "retires_on": "2026-09-01",
            "replaced_by": ["acme-labs/toy-2"],
        },
    ]
    assert all(text.endswith(("}\n", "]\n")) for text in files.values())


def test_the_catalogue_does_not_depend_on_the_order(document, family):
    assert catalogue_files([document, family]) == catalogue_files([family, document])


def test_no_model_id_leaves_the_folder(family):
    for native_id in ("../../evil", "a/b:c", ".."):
        (path,) = [name for name in catalogue_files([family.member(native_id)]) if name.startswith("models/")]
        assert path.startswith("models/acme-labs/")
        assert path.count("/") == 2


def test_writing_replaces_what_changed_and_removes_what_is_gone(tmp_path, document, family, toy):
    folder = tmp_path / "schemas"
    written = write_catalogue([document, family], folder)
    assert written == sorted(path for path in folder.glob("**/*") if path.is_file())
    (folder / "notes.md").write_text("kept")
    toy["title"] = "Toy Ü"
    write_catalogue([ModelDocument(json=toy)], folder)
    assert sorted(path.name for path in folder.glob("models/**/*.json")) == ["toy-1.json"]
    assert '"title": "Toy Ü"' in (folder / "models/acme-labs/toy-1.json").read_text(encoding="utf-8")
    assert (folder / "notes.md").exists()
