"""A web page's side of a form: it knows the description alone, renders it, reads what a browser submits, judges conditions.

It is the reference for what docs/forms.md promises: nothing here knows a model, a vendor, or JSON Schema.
"""

import json
import re
from html import escape
from html.parser import HTMLParser

SAMPLES = (
    "A paper boat",
    "gs://bucket/folder/",
    "s3://bucket/folder/",
    "https://calls.example/hook",
    "123456789012",
    "projects/p/topics/t",
    "arn:aws:kms:us-east-1:123456789012:alias/films",
    "1280x720",
)
"""Texts as people would type them; of a field with a form, one that has it."""


def page(form):
    """The form as HTML: each field with its control, its help, and what it begins with."""
    parts = [f"<h1>{escape(form['title'])}</h1><p>{escape(form['description'])}</p><form method='post'>"]
    parts += [_row(field) for field in form["fields"]]
    parts += ["<details><summary>More</summary>", *(_row(field) for field in form["advanced"]), "</details>"]
    parts += [
        f"<p>{escape(fact['label'])}: {escape(fact['value_label'])} {escape(fact['unit'])}</p>"
        for fact in form["facts"]
    ]
    return "".join([*parts, "<button>Generate</button></form>"])


def _row(field):
    unit = f" ({escape(field['unit'])})" if "unit" in field else ""
    star = " *" if field["required"] else ""
    hint = f"<small>{escape(field['help'])}</small>" if field["help"] else ""
    return f"<label>{escape(field['label'])}{unit}{star} {_control(field['name'], field)}</label>{hint}"


def _control(name, field):
    name = escape(name)
    begin = field.get("default")
    match field["kind"]:
        case "textarea":
            return f'<textarea name="{name}">{escape(str(begin or ""))}</textarea>'
        case "text":
            return f'<input name="{name}" value="{escape(str(begin or ""))}"{_bounds(field)}>'
        case "integer" | "number":
            value = "" if begin is None else begin
            return f'<input type="number" name="{name}" value="{value}"{_bounds(field)}>'
        case "switch":
            return f'<input type="checkbox" name="{name}"{" checked" if begin else ""}>'
        case "choice":
            options = [] if "default" in field else ["<option value='' selected></option>"]
            for option in field["options"]:
                mark = " selected" if "default" in field and _same(option["value"], begin) else ""
                shown = escape(option["label"])
                options.append(
                    f'<option value="{escape(json.dumps(option["value"]))}"{mark}>{shown}</option>'
                )
            return f'<select name="{name}">{"".join(options)}</select>'
        case "file" | "files":
            several = " multiple" if field["kind"] == "files" else ""
            return f'<input type="file" name="{name}" accept="{escape(",".join(field["accept"]))}"{several}>'
        case "list":
            return f"<template>{_control(f'{name}[]', field['entry'])}</template>"
        case "group":
            return "".join(_row({**inner, "name": f"{name}.{inner['name']}"}) for inner in field["fields"])
        case "map":
            key = _control(f"{name}{{}}", {"kind": "text", **field["key"]})
            return f"<template>{key}{_control(f'{name}[]', field['entry'])}</template>"
        case "json":
            return f'<textarea name="{name}"></textarea>'
    raise AssertionError(f"no control for {field['kind']!r}")


def _bounds(field):
    words = {"minimum": "min", "maximum": "max", "step": "step", "max_length": "maxlength"}
    return "".join(f' {words[word]}="{field[word]}"' for word in words if word in field)


class _Browser(HTMLParser):
    """Collects what a browser submits of a page that nobody touched: templates and files hold nothing."""

    def __init__(self):
        super().__init__()
        self.sent = {}
        self.open = []
        self._area = None
        self._select = None

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.open.append(tag)
        if "template" in self.open:
            return
        if tag == "input":
            kind = given.get("type", "text")
            if kind == "checkbox" and "checked" in given:
                self.sent[given["name"]] = "on"
            elif kind not in {"checkbox", "file"}:
                self.sent[given["name"]] = given["value"]
        elif tag == "textarea":
            self._area = given["name"]
            self.sent[self._area] = ""
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and "selected" in given:
            self.sent[self._select] = given["value"]

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)

    def handle_data(self, data):
        if self._area:
            self.sent[self._area] += data

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass
        if tag == "textarea":
            self._area = None


def submitted(html):
    """What a browser sends of an untouched page: names to texts."""
    browser = _Browser()
    browser.feed(html)
    return browser.sent


def request(form, sent):
    """The request that was submitted: an empty control means that a field is left out."""
    values = {}
    for field in (*form["fields"], *form["advanced"]):
        text = sent.get(field["name"], "")
        if field["kind"] == "switch":
            values[field["name"]] = text == "on"
        elif text:
            values[field["name"]] = _value(field, text)
    return values


def _value(field, text):
    match field["kind"]:
        case "choice" | "json":
            return json.loads(text)
        case "integer":
            return int(text)
        case "number":
            return float(text)
    return text


def choices(field):
    """Values that a person could choose for a field, by its description."""
    match field["kind"]:
        case "choice":
            return [option["value"] for option in field["options"]]
        case "switch":
            return [True, False]
        case "integer" | "number":
            low = field.get("minimum", 1)
            return [low, field.get("maximum", low + 100 * field.get("step", 1))]
        case "text" | "textarea":
            longest = [] if field.get("max_length", 10**9) > 10_000 else ["a" * field["max_length"]]
            fitting = [text for text in (*SAMPLES, *longest) if _fits(field, text)]
            assert fitting, field
            return [fitting[0], *longest] if "pattern" not in field else fitting
        case "file":
            return [b"a file"]
        case "files":
            return [[b"a file"] * max(1, field.get("min_items", 1))]
        case "list":
            return [[choices(field["entry"])[0]] * max(1, field.get("min_items", 1))]
        case "group":
            wanted = field.get("one_of", [[]])[0]
            inner = [entry for entry in field["fields"] if entry["required"] or entry["name"] in wanted]
            return [{entry["name"]: choices(entry)[0] for entry in inner}]
        case "map":
            return [{"name": choices(field["entry"])[0]}]
        case "json":
            return ["anything"]
    raise AssertionError(field["kind"])


def _fits(field, text):
    length = field.get("min_length", 0) <= len(text) <= field.get("max_length", 10**9)
    return length and re.search(field.get("pattern", ""), text) is not None


def changed(form, values, name, value):
    """The request after a person chose a value: linked fields follow, as in the first row that has it."""
    values = {**values, name: value}
    for link in form["linked"]:
        if name not in link["fields"]:
            continue
        rows = [row for row in link["rows"] if _same(row[name], value)]
        kept = max(
            rows, key=lambda row: sum(_same(row[other], values.get(other)) for other in row), default={}
        )
        values |= kept
    return values


def broken(form, values):
    """The conditions that a request breaks."""
    values = {fact["name"]: fact["value"] for fact in form["facts"]} | values
    return [
        condition
        for condition in form["conditions"]
        if all(holds(clause, values) for clause in condition["when"]) and not holds(condition["then"], values)
    ]


def holds(clause, values):
    """Whether a clause is true of a request."""
    if "any" in clause:
        return any(all(holds(inner, values) for inner in group) for group in clause["any"])
    if "not" in clause:
        return not all(holds(inner, values) for inner in clause["not"])
    (word,) = set(clause) - {"field"}
    name, bound = clause["field"], clause[word]
    if word == "given":
        return (name in values) == bound
    return name not in values or _TESTS[word](values[name], bound)


def _same(one, other):
    return isinstance(one, bool) == isinstance(other, bool) and one == other


_TESTS = {
    "one_of": lambda value, bound: any(_same(value, option) for option in bound),
    "none_of": lambda value, bound: not any(_same(value, option) for option in bound),
    "at_least": lambda value, bound: value >= bound,
    "at_most": lambda value, bound: value <= bound,
    "more_than": lambda value, bound: value > bound,
    "less_than": lambda value, bound: value < bound,
    "multiple_of": lambda value, bound: value % bound == 0,
    "min_length": lambda value, bound: len(value) >= bound,
    "max_length": lambda value, bound: len(value) <= bound,
    "min_items": lambda value, bound: len(value) >= bound,
    "max_items": lambda value, bound: len(value) <= bound,
    "pattern": lambda value, bound: re.search(bound, value) is not None,
}
