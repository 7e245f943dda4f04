"""Every error of polyreel.

::

    PolyreelError
    ├── ConfigurationError            something on this machine is set wrongly
    │   ├── MissingKey                no key for the provider
    │   ├── MissingExtra              an optional dependency is not installed
    │   └── PluginFailed              a plugin does not load, or breaks its contract
    ├── InvalidRequest                refused before anything was sent        .problems
    ├── ModelNotFound                 no installed provider has this model    .suggestions
    ├── ModelRetired                  its vendor shut it down                 .replacements
    ├── BudgetExceeded                dearer than allowed, or price unknown   .estimate
    ├── TransportFailed               no answer from the network              .request_sent
    │   └── AddressRefused            an address that must not be fetched
    ├── ProviderError                 the provider answered with an error     .status .code
    │   ├── AuthenticationFailed      key wrong, revoked or not permitted
    │   ├── InsufficientCredit        the account has no money left
    │   ├── ContentRefused            refused by the provider's safety rules
    │   ├── RateLimited               too many requests                       .retry_after
    │   ├── RequestRejected           the provider finds the request invalid
    │   ├── ResourceNotFound          the provider does not know the job or file
    │   ├── ProviderUnavailable       it cannot serve now (5xx)
    │   └── UnexpectedAnswer          an answer outside the protocol
    ├── JobError                                                              .job
    │   ├── JobNotFound               no such job in this store
    │   ├── JobFailed                 the provider gave up on it
    │   ├── JobCancelled              cancelled before it finished
    │   ├── JobTimeout                still running; resumable
    │   └── JobUncertain              nobody can know whether it was accepted
    ├── FetchFailed                   the file did not arrive whole           .asset
    └── StorageFailed                 the job store or the disk refused
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from decimal import Decimal

    from polyreel.types.asset import Asset
    from polyreel.types.cost import Estimate
    from polyreel.types.job import Job

__all__ = [
    "AddressRefused",
    "AuthenticationFailed",
    "BudgetExceeded",
    "ConfigurationError",
    "ContentRefused",
    "FetchFailed",
    "InsufficientCredit",
    "InvalidRequest",
    "JobCancelled",
    "JobError",
    "JobFailed",
    "JobNotFound",
    "JobTimeout",
    "JobUncertain",
    "MissingExtra",
    "MissingKey",
    "ModelNotFound",
    "ModelRetired",
    "PluginFailed",
    "PolyreelError",
    "Problem",
    "ProviderError",
    "ProviderUnavailable",
    "RateLimited",
    "RequestRejected",
    "ResourceNotFound",
    "StorageFailed",
    "TransportFailed",
    "UnexpectedAnswer",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing that is wrong with a request.

    Attributes:
        parameter: The unified name of the parameter, or ``"request"`` when several are concerned.
        message: A sentence for people: the value, what is allowed, and the next step.
        value: The value that was given, shortened; ``None`` for media.
        allowed: The allowed values, when they can be listed.
        suggestion: The nearest value or name that would be accepted.
    """

    parameter: str
    message: str
    value: Any = None
    allowed: tuple[Any, ...] | None = None
    suggestion: Any = None

    def __str__(self) -> str:
        return f"{self.parameter}: {self.message}"


class PolyreelError(Exception):
    """The root: ``except polyreel.PolyreelError`` catches everything that polyreel raises."""

    def __reduce__(self) -> tuple[Any, ...]:
        # An exception is rebuilt from its args alone unless told otherwise: it must cross processes with its facts.
        return _rebuilt, (type(self), self.args, self.__dict__)


def _rebuilt(kind: type[PolyreelError], args: tuple[Any, ...], facts: dict[str, Any]) -> PolyreelError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(facts)
    return error


class ConfigurationError(PolyreelError):
    """Something on this machine is set wrongly."""


class MissingKey(ConfigurationError):
    """No key was found for a provider.

    Attributes:
        provider: The provider's id.
        variables: The environment variables that were looked at, in order.
        needs: What has to be set, in a few words.
    """

    def __init__(
        self, message: str, *, provider: str, variables: Sequence[str] = (), needs: str = ""
    ) -> None:
        super().__init__(message)
        self.provider = provider
        self.variables = tuple(variables)
        self.needs = needs


class MissingExtra(ConfigurationError):
    """An optional dependency is needed for this and not installed.

    Attributes:
        extra: The name to put in brackets: ``pip install 'polyreel[extra]'``.
    """

    def __init__(self, purpose: str, *, extra: str, package: str = "polyreel") -> None:
        super().__init__(f"{purpose} needs an optional dependency: pip install '{package}[{extra}]'")
        self.extra = extra


class PluginFailed(ConfigurationError):
    """A plugin does not load, or breaks the contract of a hook.

    Attributes:
        plugin: The entry point's name.
        phase: ``"import"``, ``"register"``, ``"version"`` or ``"hook"``.
    """

    def __init__(self, message: str, *, plugin: str, phase: str) -> None:
        super().__init__(message)
        self.plugin = plugin
        self.phase = phase


class InvalidRequest(PolyreelError):
    """The request was refused before anything was sent: nothing was paid.

    Attributes:
        problems: Everything that is wrong, in the order in which it should be read.
        model: The model that the request was checked against.
    """

    def __init__(self, problems: Sequence[Problem], *, model: str | None = None) -> None:
        self.problems = tuple(problems)
        self.model = model
        lines = "; ".join(str(problem) for problem in self.problems)
        super().__init__(f"{lines} (model {model})" if model else lines)


class ModelNotFound(PolyreelError):
    """No installed provider has this model.

    Attributes:
        model: The id that was asked for.
        suggestions: Ids that are close to it.
    """

    def __init__(self, message: str, *, model: str, suggestions: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.model = model
        self.suggestions = tuple(suggestions)


class ModelRetired(PolyreelError):
    """The vendor shut this model down; nothing was sent.

    Attributes:
        model: The id that was asked for.
        retired_on: The date, ``YYYY-MM-DD``.
        replacements: Model ids that the vendor or the document names instead.
        sources: Where the date was read.
    """

    def __init__(
        self,
        message: str,
        *,
        model: str,
        retired_on: str,
        replacements: Sequence[str] = (),
        sources: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.model = model
        self.retired_on = retired_on
        self.replacements = tuple(replacements)
        self.sources = tuple(sources)


class BudgetExceeded(PolyreelError):
    """The request may cost more than was allowed; nothing was sent.

    Attributes:
        estimate: What the model's document says it costs; its amount is ``None`` when unknown.
        budget: Which limit was in the way: ``"max_cost"``, or ``"per_job"``, ``"per_day"``, ``"per_project"``, ``"total"``
            or ``"ask_above"`` of a budget.
        limit: That limit, where the request is dearer.
        spent: What had been spent and held of it.
    """

    def __init__(
        self,
        message: str,
        *,
        estimate: Estimate | None = None,
        budget: str = "max_cost",
        limit: Decimal | None = None,
        spent: Decimal | None = None,
    ) -> None:
        super().__init__(message)
        self.estimate = estimate
        self.budget = budget
        self.limit = limit
        self.spent = spent


class TransportFailed(PolyreelError):
    """No answer came from the network.

    Attributes:
        request_sent: ``False`` when it is certain that the request never left; otherwise it may have arrived.
        method: The request's method.
        url: The request's address, without its query.
    """

    def __init__(self, message: str, *, request_sent: bool, method: str = "", url: str = "") -> None:
        super().__init__(message)
        self.request_sent = request_sent
        self.method = method
        self.url = url


class AddressRefused(TransportFailed):
    """An address points where polyreel must not go (a private network, another scheme, an odd port)."""

    def __init__(self, message: str, *, url: str = "") -> None:
        super().__init__(message, request_sent=False, url=url)


class ProviderError(PolyreelError):
    """The provider answered with an error.

    Attributes:
        provider: The provider's id.
        status: The HTTP status, or ``None`` when the error came inside a finished job.
        code: The provider's own code, always as a string.
        request_id: The provider's id of the request, for its support.
        retryable: Whether the same request may succeed later.
        billed: ``True``, ``False`` or, when nobody can know, ``None``.
        job: The job it speaks of, when there is one.
    """

    retryable = False

    def __init__(  # noqa: PLR0913  all of it is what support asks for
        self,
        message: str,
        *,
        provider: str = "",
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        billed: bool | None = False,
        job: Job | None = None,
    ) -> None:
        super().__init__(message)
        self.provider = provider
        self.status = status
        self.code = code
        self.request_id = request_id
        self.billed = billed
        self.job = job


class AuthenticationFailed(ProviderError):
    """The key is wrong, revoked, or not permitted to do this."""


class InsufficientCredit(ProviderError):
    """The account at the provider has no money left."""


class ContentRefused(ProviderError):
    """The provider's safety rules refused the prompt, an input or the film."""


class RateLimited(ProviderError):
    """Too many requests for this key.

    Attributes:
        retry_after: Seconds to wait as the provider advises, or ``None``.
    """

    retryable = True

    def __init__(self, message: str, *, retry_after: float | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.retry_after = retry_after


class RequestRejected(ProviderError):
    """The provider finds the request invalid, though the model's document allowed it."""


class ResourceNotFound(ProviderError):
    """The provider does not know this job or file, or no longer keeps it."""


class ProviderUnavailable(ProviderError):
    """The provider cannot serve now."""

    retryable = True


class UnexpectedAnswer(ProviderError):
    """The provider answered outside its protocol: HTML, broken JSON, a result without content."""


class JobError(PolyreelError):
    """Something about one job; ``.job`` is its last known record.

    Attributes:
        job: The job.
    """

    def __init__(self, message: str, *, job: Job | None = None) -> None:
        super().__init__(message)
        self.job = job


class JobNotFound(JobError):
    """No such job in this store."""


class JobFailed(JobError):
    """The provider gave up on the job."""


class JobCancelled(JobError):
    """The job was cancelled before it finished."""


class JobTimeout(JobError):
    """The time to wait is over and the job is still running; ``resume`` takes it up again."""


class JobUncertain(JobError):
    """The submit was cut off: nobody can know whether the provider accepted it. It is not sent again."""


class FetchFailed(PolyreelError):
    """A file did not arrive whole; the job is kept and can be fetched again.

    Attributes:
        asset: The file that was to be fetched.
        job: The job it belongs to.
    """

    def __init__(self, message: str, *, asset: Asset | None = None, job: Job | None = None) -> None:
        super().__init__(message)
        self.asset = asset
        self.job = job


class StorageFailed(PolyreelError):
    """The job store or the disk refused."""
