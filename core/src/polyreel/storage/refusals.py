"""Why an object store refused something, in a sentence for people that names what is to be set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from polyreel.redaction import redact

__all__ = ["kind_of", "names_no_bucket", "refusal"]

# Of each kind of store the variables that hold what its requests are authorised by.
_CREDENTIALS: Final[Mapping[str, str]] = {
    "s3": "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION (profiles in ~/.aws are not read: "
    "'aws configure export-credentials --format env' prints them as variables)",
    "gs": "the variable with the path of the service account's key file",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}
_ENDPOINTS: Final[Mapping[str, str]] = {
    "s3": "AWS_ENDPOINT_URL",
    "gs": "the variable of its base URL",
    "az": "AZURE_STORAGE_ENDPOINT",
}
# What obstore writes, and S3, GCS and Azure in the body of an error.
_STATUS: Final = re.compile(r"non-2xx status code: (\d{3})")
_CODE: Final = re.compile(r"<Code>(\w+)</Code>")
_NO_BUCKET: Final = frozenset({"NoSuchBucket", "ContainerNotFound"})
_OTHER_REGION: Final = ("PermanentRedirect", "AuthorizationHeaderMalformed", "redirect")
_NO_CREDENTIALS: Final = (
    "token request",
    "/latest/api/token",
    "security-credentials",
    "Account must be specified",
)
_NO_ANSWER: Final = ("error sending request", "HTTP error")
_UNAUTHORISED: Final = frozenset({"401", "403"})


def kind_of(root: str) -> str:
    """Return whose protocol a bucket speaks: ``s3``, ``gs`` or ``az``."""
    return "az" if root.startswith("ab") else root.partition(":")[0]


def names_no_bucket(error: Exception) -> bool:
    """Say whether an error is about a bucket that does not exist, not about what is in it."""
    return _code(error) in _NO_BUCKET


def refusal(error: Exception, root: str, done: str) -> str:
    """Return what is wrong, and what is to be done about it.

    Args:
        error: What obstore raised.
        root: The bucket's address.
        done: What was to be done with an object: ``"written"``, ``"read"``, …
    """
    told, status = str(error), _STATUS.search(str(error))
    said = ", ".join(filter(None, (f"status {status[1]}" if status else "", _code(error))))
    if isinstance(error, FileNotFoundError):
        if done == "read" and not names_no_bucket(error):
            return "it is not there"
        return f"there is no {root} ({said or 'not found'}); create it, or name another bucket in output or folder"
    return _of_request(told, root, said) or redact(said or told.partition("\n")[0])


def _of_request(told: str, root: str, said: str) -> str | None:
    """Return what is wrong with the request as a whole, whatever it was about."""
    kind = kind_of(root)
    credentials = (
        f"set {_CREDENTIALS[kind]} in the environment; docs/storage.md lists the variables of each store"
    )
    if any(sign in told for sign in _NO_CREDENTIALS):
        return f"no credentials for {root.partition(':')[0]}:// were found; {credentials}"
    if any(sign in told for sign in _OTHER_REGION):
        return f"{root} is in another region than the request was signed for; set AWS_REGION to the bucket's"
    status = said.removeprefix("status ")[:3]
    if status in _UNAUTHORISED:
        return f"the store refuses the key ({said}): it is wrong, or may not do this; {credentials}"
    if any(sign in told for sign in _NO_ANSWER):
        return f"the store cannot be reached; look at the network, and at {_ENDPOINTS[kind]} if it is not the cloud's own"
    return None


def _code(error: Exception) -> str:
    found = _CODE.search(str(error))
    return found[1] if found else ""
