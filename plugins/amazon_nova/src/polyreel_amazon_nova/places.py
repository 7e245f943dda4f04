"""Where things are: the addresses of Bedrock and S3, and the addresses inside S3.

Hosts: fact sheet on Bedrock's asynchronous invocations, section 1.5 (2026-11-23), from the endpoint rules of botocore
1.44.5. The form of an ``s3://`` address: the shape ``S3Uri`` of its service model (section 1.1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import quote, urlsplit

from polyreel.http import origin
from polyreel.types.provider import Settings
from polyreel.types.task import Task

__all__ = [
    "ORIGINS",
    "REGIONS",
    "Place",
    "Scope",
    "bedrock_url",
    "job_path",
    "output_uri",
    "outputs",
    "place_of",
    "place_told",
    "region_in",
    "region_of",
    "s3_url",
    "scope_of",
]

REGIONS: Final = ("us-east-1", "us-west-2", "eu-west-1", "ap-northeast-1")
"""Every region in which one of the models is, or was."""

ORIGINS: Final = (
    "https://bedrock-runtime.*.amazonaws.com",
    "https://bedrock-runtime.*.amazonaws.com.cn",
    "https://bedrock-runtime-fips.*.amazonaws.com",
    "https://bedrock-runtime.*.api.aws",
    "https://bedrock-runtime-fips.*.api.aws",
    "https://s3.*.amazonaws.com",
    "https://s3.*.amazonaws.com.cn",
    "https://*.s3.*.amazonaws.com",
    "https://*.s3.*.amazonaws.com.cn",
)
_BEDROCK_HOST: Final = re.compile(
    r"(?P<name>bedrock-runtime(?:-fips)?)\.(?P<region>[a-z0-9-]+)\.(?P<domain>amazonaws\.com(?:\.cn)?|api\.aws)"
)
_S3_HOST: Final = re.compile(r"(?:[a-z0-9-]+\.)?s3\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
_JOB: Final = re.compile(
    r"arn:[a-z0-9-]+:bedrock:(?P<region>[a-z0-9-]+):[0-9]*:async-invoke/(?P<id>[a-zA-Z0-9]+)"
)
_URI: Final = re.compile(r"s3://(?P<bucket>[a-z0-9][.\-a-z0-9]{1,61}[a-z0-9])(?:/(?P<key>.*))?")
_OUTPUT_FOR: Final = re.compile(r"(?P<region>[a-z0-9-]+)=(?P<uri>s3://.*)")
_NEXT_OUTPUT: Final = re.compile(r"\s+(?=(?:[a-z0-9-]+=)?s3://)")  # a folder's name may hold spaces
_COMMA: Final = re.compile(r"\s*[,;]\s*(?=(?:[a-z0-9-]+=)?s3://)")
_LONGEST_URI: Final = 1024
_FALLBACK_REGION: Final = "us-east-1"  # the region of signatures where an address of one's own names none


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """An object or a folder in S3.

    Attributes:
        bucket: The bucket.
        key: The object's name, or a folder's without its last slash; empty for the bucket itself.
    """

    bucket: str
    key: str = ""

    @property
    def uri(self) -> str:
        """``s3://bucket/key``."""
        return f"s3://{self.bucket}/{self.key}" if self.key else f"s3://{self.bucket}"

    def below(self, name: str) -> Place:
        """Return what is called ``name`` in this folder."""
        return Place(bucket=self.bucket, key=f"{self.key}/{name}" if self.key else name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What a signature is good for.

    Attributes:
        service: The signing name.
        region: The region.
    """

    service: Literal["bedrock", "s3"]
    region: str


def place_of(uri: str) -> Place | None:
    """Return the place that an ``s3://`` address names, or ``None`` when it is none that may be sent."""
    return None if len(uri) > _LONGEST_URI else place_told(uri)


def place_told(uri: str) -> Place | None:
    """Return the place that Bedrock names, or ``None`` when it is none: a job's folder may be longer than what was sent."""
    found = _URI.fullmatch(uri)
    if found is None:
        return None
    key = (found["key"] or "").rstrip("/")
    # Whoever carries the request would resolve such steps, and lead somewhere else.
    return None if {".", ".."} & set(key.split("/")) else Place(bucket=found["bucket"], key=key)


def outputs(text: str) -> Mapping[str, str]:
    """Read the setting ``output``.

    Args:
        text: One address, or several separated by spaces, each for a region: ``us-east-1=s3://a/b us-west-2=s3://c``.
            An address without a region is for all that are not named.

    Returns:
        Addresses by region; under ``""`` the one for all others.

    Raises:
        ValueError: It has another form; the message is a sentence for people.
    """
    if _COMMA.search(text):
        right = _COMMA.sub(" ", text.strip())
        raise ValueError(
            f"{text.strip()!r} has a comma between addresses; separate them by spaces: {right!r}"
        )
    found: dict[str, str] = {}
    for word in filter(None, _NEXT_OUTPUT.split(text.strip())):
        named = _OUTPUT_FOR.fullmatch(word)
        region, uri = (named["region"], named["uri"]) if named else ("", word)
        if place_of(uri) is None:
            raise ValueError(f"{word!r} is no address such as 's3://my-bucket/films'")
        if region in found:
            raise ValueError(f"there are two addresses for {region or 'all regions'}; give one")
        found[region] = uri
    return found


def output_uri(task: Task) -> str | None:
    """Return where a task's film is to be written, as it was given; ``None`` when nothing is said for its region.

    Raises:
        ValueError: The setting has another form.
    """
    given: str | None = task.parameters.get("amazon_output")
    if given:
        return given
    known = outputs(task.settings.get("output"))
    return known.get(region_of(task)) or known.get("")


def region_of(task: Task) -> str:
    """Return the region in which a task's model is asked for."""
    regions = task.document["x-model"].get("regions", ())
    return task.settings.get("region") or next(iter(regions), _FALLBACK_REGION)


def region_in(arn: str) -> str | None:
    """Return the region that a job's ARN names, or ``None`` when it is no such ARN."""
    found = _JOB.fullmatch(arn)
    return None if found is None else found["region"]


def bedrock_url(settings: Settings, region: str) -> str:
    """Return the base URL of Bedrock's runtime in a region.

    Args:
        settings: A ``base_url`` of one's own is kept. One of AWS's own (FIPS, dual stack) names a region itself: the
            asked one takes its place.
        region: The region.
    """
    base = settings.get("base_url").rstrip("/")
    own = _host(base, _BEDROCK_HOST)
    if base and own is None:
        return base
    name = own["name"] if own else "bedrock-runtime"
    domain = "api.aws" if own and own["domain"] == "api.aws" else _domain(region)
    return f"https://{name}.{region}.{domain}"


def s3_url(settings: Settings, region: str, place: Place) -> str:
    """Return the address of a place in S3, with the bucket in its path.

    Args:
        settings: ``s3_base_url`` is kept, unless it is one of AWS's own.
        region: The bucket's region.
        place: The object or bucket.
    """
    base = settings.get("s3_base_url").rstrip("/")
    if not base or _host(base, _S3_HOST) is not None:
        base = f"https://s3.{region}.{_domain(region)}"
    return f"{base}/{place.bucket}" + (f"/{quote(place.key, safe='/-_.~')}" if place.key else "")


def job_path(arn: str) -> str:
    """Return the path of a job: its ARN is one segment, colons and slashes encoded."""
    return f"/async-invoke/{quote(arn, safe='')}"


def scope_of(url: str, settings: Settings) -> Scope | None:
    """Return what a request to ``url`` is signed for, or ``None`` when it is nobody's who may see a signature.

    Args:
        url: The absolute address.
        settings: The account's settings: they name addresses of one's own.
    """
    for service, pattern in (("bedrock", _BEDROCK_HOST), ("s3", _S3_HOST)):
        found = _host(url, pattern)
        if found is not None:
            return Scope(service="bedrock" if service == "bedrock" else "s3", region=found["region"])
    region = settings.get("region") or _FALLBACK_REGION
    base, s3_base = settings.get("base_url").rstrip("/"), settings.get("s3_base_url").rstrip("/")
    at_bedrock = bool(base) and origin(url) == origin(base)
    at_s3 = bool(s3_base) and origin(url) == origin(s3_base)
    if at_bedrock and at_s3:  # one server plays both: the path decides
        at_s3 = re.match(f"{re.escape(base)}/async-invoke(?:[/?]|$)", url) is None
    if at_s3:
        return Scope(service="s3", region=region)
    return Scope(service="bedrock", region=region) if at_bedrock else None


def _host(url: str, pattern: re.Pattern[str]) -> re.Match[str] | None:
    parts = urlsplit(url)
    if parts.scheme != "https" or parts.port not in {None, 443}:
        return None
    return pattern.fullmatch(parts.hostname or "")


def _domain(region: str) -> str:
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
