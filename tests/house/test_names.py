"""Public names: sorted, true, and described."""

import ast
import importlib
import inspect
import re
from dataclasses import fields, is_dataclass
from inspect import getdoc

import polyreel
from pydantic import BaseModel

# Data that changes, each for a reason.
MUTABLE = {
    "polyreel.seed.SeedOperations": "starts a server when a film is first asked for by its address",
    "polyreel_openai_sora.simulated_errors.ApiError": "an exception is given its traceback when it is raised",
}


def test_every_public_name_exists():
    for name in polyreel.__all__:
        assert getattr(polyreel, name) is not None
    assert dir(polyreel) == sorted(polyreel.__all__)


def test_the_public_door_tells_type_checkers_the_same(sources):
    (door,) = [source for source in sources if source.module == "polyreel"]
    told = {
        alias.name
        for node in ast.walk(door.tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("polyreel.")
        for alias in node.names
    }
    assert told == set(polyreel.__all__) - {"__version__"}


def test_the_names_of_each_module_are_sorted_and_exist(sources):
    for source in sources:
        module = source.load() if source.module != "polyreel.__main__" else None
        names = list(getattr(module, "__all__", ()))
        assert names == sorted(names, key=lambda name: (not name.isupper(), name[0].islower(), name)), (
            source.place
        )
        missing = [name for name in names if not hasattr(module, name)]
        assert not missing, source.place


def test_what_other_rooms_import_is_public(sources):
    """A name that is taken from another module stands in that module's ``__all__``."""
    public = {s.module: set(_written_names(s)) for s in sources}
    found = [
        f"{source.place} takes {name} from {module}"
        for source in sources
        for module, names in source.imports()
        for name in names
        if module in public and f"{module}.{name}" not in public and name not in public[module]
        if not (module == "polyreel" and name == "hookspecs")
    ]
    assert not found, "\n".join(found)


def _written_names(source):
    for node in source.tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            yield from ast.literal_eval(node.value)


def test_everything_public_has_a_docstring(sources):
    missing = [
        f"{source.place}:{getattr(node, 'lineno', 1)} {getattr(node, 'name', 'the module')}"
        for source in sources
        for node in [source.tree, *_public(source.tree)]
        if not ast.get_docstring(node)
    ]
    assert not missing, "\n".join(missing)


def _public(node):
    for inner in node.body:
        is_definition = isinstance(inner, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if is_definition and not inner.name.startswith("_") and not _is_overload(inner):
            yield inner
            if isinstance(inner, ast.ClassDef):
                yield from _public(inner)


def _is_overload(node):
    """Whether a definition only tells a type checker what the documented one does."""
    return any(ast.unparse(decorator) == "overload" for decorator in node.decorator_list)


def _data_classes(sources):
    for source in sources:
        module = source.load() if source.module != "polyreel.__main__" else None
        for name, value in vars(module).items() if module else ():
            ours = inspect.isclass(value) and value.__module__ == source.module and not name.startswith("_")
            if ours and (is_dataclass(value) or issubclass(value, BaseModel)):
                yield f"{source.module}.{name}", value


def test_data_is_frozen_and_keyword_only(sources):
    wrong = []
    for name, kind in _data_classes(sources):
        if name in MUTABLE:
            continue
        if issubclass(kind, BaseModel):
            wrong += [name] * (not (kind.model_config["frozen"] and kind.model_config["extra"] == "forbid"))
        else:
            wrong += [name] * (not kind.__dataclass_params__.frozen)
            wrong += [f"{name}.{field.name}" for field in fields(kind) if field.init and not field.kw_only]
    assert not wrong, "\n".join(wrong)


def test_each_field_is_described(sources):
    """``Attributes:`` of a public class names its fields, all of them, in their order."""
    wrong = []
    for name, kind in _data_classes(sources):
        own = [field for field in inspect.get_annotations(kind) if not field.startswith("_")]
        own = [field for field in own if field != "model_config"]
        if not own:
            continue
        _, _, section = (getdoc(kind) or "").partition("Attributes:\n")
        section = re.split(r"\n(?=\S)", section)[0]
        described = re.findall(r"^    (\w+):", section, re.MULTILINE)
        if described != own:
            wrong.append(f"{name}: has {own}, describes {described}")
    assert not wrong, "\n".join(wrong)


def test_a_lazy_module_is_there_for_every_name():
    for home, names in polyreel._HOMES.items():
        module = importlib.import_module(home)
        assert set(names) <= set(module.__all__)
