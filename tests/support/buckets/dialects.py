"""Two small object stores on a socket that keep their objects in memory: the XML API of GCS, and Azure's Blob API.

No server of either that pip can install takes what obstore sends (the ones for GCS have no XML API, Azurite is made
for Node). These take what it needs to keep a film, and are as strict about preconditions as the services are. They do
not look at signatures.

Sources: "XML API reference" of Cloud Storage, headers ``x-goog-if-generation-match`` and ``x-goog-copy-source``;
"Put Blob", "Put Block List" and "Copy Blob" of Azure's Blob service REST API.
"""

import base64
import hashlib
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

_DATE = "Tue, 24 Nov 2026 12:00:00 GMT"


class _Store(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    meta = ""
    no_container = ""

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        split = urlsplit(self.path)
        self.query = parse_qs(split.query, keep_blank_values=True)
        container, _, self.key = unquote(split.path).lstrip("/").partition("/")
        self.server.seen.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
        if container != "films":
            self.answer(404, f"<Error><Code>{self.no_container}</Code></Error>".encode())
            return
        with self.server.lock:
            getattr(self, f"on_{self.command.lower()}")(body)

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        length = headers.pop("length", len(body))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def facts(self):
        """The headers of the request that are kept with an object, and told with it."""
        named = {name.lower(): value for name, value in self.headers.items()}
        kept = {name: value for name, value in named.items() if name.startswith(self.meta)}
        kind = named.get("x-ms-blob-content-type") or named.get("content-type")
        return {**kept, **({"content-type": kind} if kind else {})}

    def keep(self, content, facts):
        self.server.objects[self.key] = content, facts

    def on_get(self, body):
        if self.key not in self.server.objects:
            self.answer(404)
            return
        content, facts = self.server.objects[self.key]
        told = {"ETag": f'"{hashlib.md5(content).hexdigest()}"', "Last_Modified": _DATE, **facts}
        asked = re.fullmatch(
            r"bytes=(\d+)-(\d+)", self.headers.get("range") or self.headers.get("x-ms-range") or ""
        )
        if asked is None or self.command == "HEAD":
            self.answer(200, content, length=len(content), **told)
            return
        start, end = int(asked[1]), min(int(asked[2]) + 1, len(content))
        told["Content_Range"] = f"bytes {start}-{end - 1}/{len(content)}"
        self.answer(206, content[start:end], **told)

    on_head = on_get

    def on_delete(self, body):
        if "uploadId" in self.query:
            self.server.parts.pop(self.query["uploadId"][0], None)
            self.answer(204)
            return
        found = self.server.objects.pop(self.key, None)
        self.answer(404 if found is None else self.deleted)

    do_GET = do_HEAD = do_POST = do_DELETE = do_PUT = handle_any  # noqa: N815  the base class names them so

    def log_message(self, *args):
        pass


class Gcs(_Store):
    """The XML API of Cloud Storage."""

    meta, no_container, deleted = "x-goog-meta-", "NoSuchBucket", 204

    def on_post(self, body):
        if "uploads" in self.query:
            upload = f"upload{len(self.server.seen)}"
            self.server.parts[upload] = ({}, self.facts())
            told = f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
            self.answer(200, told.encode())
            return
        parts, facts = self.server.parts.pop(self.query["uploadId"][0])
        self.keep(b"".join(parts[number] for number in sorted(parts)), facts)
        told = '<CompleteMultipartUploadResult><ETag>"whole"</ETag></CompleteMultipartUploadResult>'
        self.answer(200, told.encode(), x_goog_generation="1")

    def on_put(self, body):
        if "partNumber" in self.query:
            self.server.parts[self.query["uploadId"][0]][0][int(self.query["partNumber"][0])] = body
            self.answer(200, ETag='"part"')
            return
        if self.headers.get("x-goog-if-generation-match") == "0" and self.key in self.server.objects:
            self.answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
            return
        source = self.headers.get("x-goog-copy-source")
        if source:
            self.keep(*self.server.objects[unquote(source).partition("/")[2]])
        else:
            self.keep(body, self.facts())
        self.answer(200, ETag='"whole"', x_goog_generation="1")


class Azure(_Store):
    """The Blob API of Azure Storage."""

    meta, no_container, deleted = "x-ms-meta-", "ContainerNotFound", 202

    def on_post(self, body):
        """Delete several blobs in one request ("Blob Batch"): each answer stands in a part of its own."""
        assert self.query.get("comp") == ["batch"], self.path
        answers = []
        for number, path in enumerate(re.findall(r"DELETE (\S+) HTTP", body.decode())):
            key = unquote(urlsplit(path).path).lstrip("/").partition("/")[2]
            status = "404 Not Found" if self.server.objects.pop(key, None) is None else "202 Accepted"
            code = "x-ms-error-code: BlobNotFound\r\n" if status.startswith("404") else ""
            answers.append(
                "--batch\r\nContent-Type: application/http\r\n"
                f"Content-ID: {number}\r\n\r\nHTTP/1.1 {status}\r\n{code}\r\n\r\n"
            )
        told = "".join(answers) + "--batch--"
        self.answer(202, told.encode(), Content_Type="multipart/mixed; boundary=batch")

    def on_put(self, body):
        kind = self.query.get("comp", [""])[0]
        if kind == "block":
            self.server.parts[self.key, self.query["blockid"][0]] = body
            self.answer(201)
            return
        if self.headers.get("if-none-match") == "*" and self.key in self.server.objects:
            self.answer(409, b"<Error><Code>BlobAlreadyExists</Code></Error>")
            return
        names = {name.lower() for name in self.headers}
        bad = [name for name in names if name.startswith(self.meta) and "-" in name.removeprefix(self.meta)]
        if bad:
            self.answer(400, b"<Error><Code>InvalidMetadata</Code></Error>")
            return
        source = self.headers.get("x-ms-copy-source")
        if source:
            self.keep(*self.server.objects[unquote(urlsplit(source).path).lstrip("/").partition("/")[2]])
            self.answer(202, x_ms_copy_status="success", ETag='"whole"')
            return
        if kind == "blocklist":
            blocks = re.findall(r"<(?:Uncommitted|Latest)>(.+?)</", body.decode())
            body = b"".join(self.server.parts.pop((self.key, block)) for block in blocks)
            assert all(base64.b64decode(block) for block in blocks)
        self.keep(body, self.facts())
        self.answer(201, ETag='"whole"')


@contextmanager
def kept_in_memory(dialect):
    """Give a server of a dialect for as long as the block lasts; its one bucket is called ``films``."""
    with ThreadingHTTPServer(("127.0.0.1", 0), dialect) as server:
        server.daemon_threads = True
        server.objects, server.parts, server.seen, server.lock = {}, {}, [], threading.Lock()
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
