"""Looking into a bucket: what is there, asked with plain requests.

S3 answers a request to the wrong region with the right one in the header ``x-amz-bucket-region``, or in the element
``Region`` of its error (S3 API reference, "Error responses": ``AuthorizationHeaderMalformed``); without ``s3:ListBucket`` a
missing object is a 403 like one that may not be read (fact sheet on Bedrock's asynchronous invocations, section 3,
2026-11-23). An answer to HEAD has no body, and so no code that would say why.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from polyreel.exchange import Endpoint
from polyreel.flows import Flow
from polyreel.http import Response
from polyreel.types.provider import Settings

from polyreel_amazon_nova.failures import BAD_CREDENTIALS, answer_error, error_text, unexpected
from polyreel_amazon_nova.places import Place, s3_url

__all__ = ["FORBIDDEN", "MISSING", "Storage", "region_told"]

FORBIDDEN: Final = 403
MISSING: Final = 404
_ELSEWHERE: Final = frozenset({301, 307, 400})
_REGION: Final = re.compile(r"[a-z0-9-]{1,40}")
_REGION_ELEMENT: Final = re.compile(rf"<Region>({_REGION.pattern})</Region>")
_KEY: Final = re.compile(r"<Key>([^<]*)</Key>")


@dataclass(frozen=True, kw_only=True, slots=True)
class Storage:
    """S3 in one region, for one account.

    Attributes:
        http: Sends requests.
        settings: The account's settings.
        region: Where the bucket is, as far as known.
    """

    http: Endpoint
    settings: Settings
    region: str

    def url(self, place: Place) -> str:
        """Return the address of an object or a bucket."""
        return s3_url(self.settings, self.region, place)

    def get(self, place: Place) -> Flow[Response]:
        """Read a small object; the answer may be any."""
        return (yield from self.http.get(self.url(place), headers=_ANYTHING))

    def head(self, place: Place, *, owner: str | None = None) -> Flow[Response]:
        """Look whether an object is there; the answer may be any.

        Args:
            place: The object.
            owner: The account that must own the bucket.
        """
        return (yield from self.http.head(self.url(place), headers=_owned(owner)))

    def entered(self, bucket: str, *, owner: str | None = None) -> Flow[Response]:
        """Look whether a bucket is there, by a list of nothing, whose refusal says why; the answer may be any.

        Args:
            bucket: The bucket.
            owner: The account that must own it.
        """
        query = {"list-type": "2", "max-keys": "0"}
        headers = {**_ANYTHING, **_owned(owner)}
        return (yield from self.http.get(self.url(Place(bucket=bucket)), query=query, headers=headers))

    def elsewhere(self, response: Response) -> Storage | None:
        """Return S3 in the region that an answer names instead of this one; ``None`` when it names none."""
        region = region_told(response)
        if response.status not in _ELSEWHERE or region in {None, self.region}:
            return None
        return replace(self, region=region)

    def following(self, ask: Callable[[Storage], Flow[Response]]) -> Flow[tuple[Storage, Response]]:
        """Ask here, and once more where the bucket turns out to be.

        Args:
            ask: The question.

        Returns:
            S3 in the bucket's region, and its answer.
        """
        response = yield from ask(self)
        there = self.elsewhere(response)
        if there is None:
            return self, response
        return there, (yield from ask(there))

    def listed(self, folder: Place) -> Flow[Response]:
        """Ask for the list of a folder: ListObjectsV2, of which one page is more than a job's files."""
        query = {"list-type": "2", "prefix": f"{folder.key}/"}
        return (
            yield from self.http.get(self.url(Place(bucket=folder.bucket)), query=query, headers=_ANYTHING)
        )

    def names(self, folder: Place) -> Flow[tuple[Storage, frozenset[str] | None]]:
        """Return what is in a folder, by name.

        Returns:
            S3 in the bucket's region, and the names; ``None`` when the credentials may not list.

        Raises:
            ProviderError: S3 cannot serve now, refused for another reason, or answered outside its protocol.
        """
        there, response = yield from self.following(lambda storage: storage.listed(folder))
        code = error_text(response).code
        if response.status == FORBIDDEN and code not in BAD_CREDENTIALS:
            return there, None
        if code == "NoSuchBucket":
            return there, frozenset()
        if not response.ok:
            raise answer_error(response)
        if not response.text.rstrip().endswith("</ListBucketResult>"):
            # Half a list, or a page of somebody between us and S3: a film that it lacks may well be there.
            raise unexpected(response, "the list of a folder")
        keys = map(html.unescape, _KEY.findall(response.text))
        prefix = f"{folder.key}/"
        return there, frozenset(key.removeprefix(prefix) for key in keys if key.startswith(prefix))


def region_told(response: Response) -> str | None:
    """Return the region in which a bucket is, as far as an answer tells."""
    named = _REGION.fullmatch(response.headers.get("x-amz-bucket-region", ""))
    if named is not None:
        return named[0]
    element = None if response.ok else _REGION_ELEMENT.search(response.text)
    return None if element is None else element[1]


def _owned(owner: str | None) -> dict[str, str]:
    return {} if owner is None else {"x-amz-expected-bucket-owner": owner}


_ANYTHING: Final = {"Accept": "*/*"}
