"""Every hook is documented to the last argument, shown in an example, and used."""

import ast
import inspect
import re

import pytest
from polyreel import hookspecs
from polyreel.testing.reference import hooks, hooks_reference, signature

HOOKS = hooks()


def test_the_reference_is_fresh(root):
    """If it fails: ``just generate``, or ``cog -r docs/hooks.md``."""
    assert hooks_reference() in (root / "docs" / "hooks.md").read_text()


@pytest.mark.parametrize("name", HOOKS)
def test_the_reference_has_the_exact_signature(root, name):
    assert f"```text\n{signature(name)}\n```" in (root / "docs" / "hooks.md").read_text()


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_is_documented(name):
    text = inspect.getdoc(HOOKS[name])
    summary, _, rest = text.partition("\n\n")
    assert summary.endswith(".")
    arguments = list(inspect.signature(HOOKS[name]).parameters)
    _, _, described = rest.partition("Args:\n")
    described = re.split(r"\n(?=\S)", described)[0]
    assert re.findall(r"^    (\w+):", described, re.MULTILINE) == arguments
    if inspect.get_annotations(HOOKS[name])["return"] != "None":
        assert "Returns:\n" in rest


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_has_an_example_that_can_be_copied(name):
    _, separator, example = inspect.getdoc(HOOKS[name]).partition("Example::\n")
    assert separator
    (function,) = ast.parse(inspect.cleandoc(example)).body
    assert (function.name, function.decorator_list[0].id) == (name, "hookimpl")
    taken = [argument.arg for argument in function.args.args]
    assert taken == [argument for argument in inspect.signature(HOOKS[name]).parameters if argument in taken]


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_is_typed(name):
    written = inspect.get_annotations(HOOKS[name])
    assert set(written) == {*inspect.signature(HOOKS[name]).parameters, "return"}


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_is_implemented_somewhere(committed, name):
    """By a provider of ours, or by a plugin in a test."""
    implementation = re.compile(rf"hookimpl[^\n]*\n\s*def {name}\(")
    places = [place for place, text in committed.items() if place.startswith(("plugins/", "tests/"))]
    assert any(implementation.search(committed[place]) for place in places)


def test_every_specification_is_a_hook():
    functions = {name for name, value in vars(hookspecs).items() if inspect.isfunction(value)}
    assert functions == set(HOOKS)
