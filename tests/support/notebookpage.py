"""What a notebook makes of a piece of HTML: which elements and attributes it really has, and what text is shown."""

from html.parser import HTMLParser

HARMLESS = {
    "div": {"style"},
    "strong": set(),
    "table": set(),
    "thead": set(),
    "tbody": set(),
    "tr": set(),
    "th": {"style"},
    "td": {"style"},
    "ul": set(),
    "li": set(),
    "video": {"controls", "playsinline", "style", "src"},
}
"""The elements that our pieces consist of, with their attributes."""


class Page(HTMLParser):
    """A piece of HTML, read as a browser reads it.

    ``shown`` is its text; ``strange`` is every element or attribute that none of ours has, and what is left open.
    """

    def __init__(self, html):
        super().__init__()
        self.shown = ""
        self.strange = []
        self.styles = []
        self.sources = []
        self._open = []
        self.feed(html)
        self.close()
        self.strange += self._open

    def handle_starttag(self, tag, attributes):
        self._open.append(tag)
        names = [name for name, _ in attributes]
        if tag not in HARMLESS or not set(names) <= HARMLESS[tag] or len(names) != len(set(names)):
            self.strange.append((tag, attributes))
        self.styles += [value for name, value in attributes if name == "style"]
        self.sources += [value for name, value in attributes if name == "src"]

    def handle_endtag(self, tag):
        if not self._open or self._open.pop() != tag:
            self.strange.append(f"</{tag}>")

    def handle_data(self, data):
        self.shown += data

    def handle_comment(self, data):
        self.strange.append(data)

    def handle_decl(self, decl):
        self.strange.append(decl)
