"""From what a caller asks to a task that may be sent: everything that can be refused is refused here.

The order is the reader's: does the model exist and live, are the parameters right, are the media usable, would
the film have a place, is it affordable, and only then: is there a key.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from polyreel.accounts import Opening
from polyreel.catalogue import Catalogue, address, applies, check_lifecycle, settled
from polyreel.clock import day_of
from polyreel.errors import InvalidRequest, ModelNotFound, ModelRetired, Problem
from polyreel.exchange import PublicSession
from polyreel.flows import Call, Flow
from polyreel.parameters.preparation import Prepared, prepare
from polyreel.parameters.problems import shortened
from polyreel.pricing import estimate
from polyreel.purse import Purse
from polyreel.redaction import Secret, without_query
from polyreel.storage.files import destination_problem, readable_name
from polyreel.types.cost import Estimate
from polyreel.types.job import Job, JobEvent, Notice, Phase
from polyreel.types.media import Media, MediaRef
from polyreel.types.provider import OWN_KEY, Settings
from polyreel.types.task import Task
from polyreel.uploads import sent_ahead, with_references

if TYPE_CHECKING:
    from polyreel.documents.document import ModelDocument
    from polyreel.plugins import Plugins, Provider
    from polyreel.types.options import Options

_PLAIN: Final = frozenset({str, int, float, bool, type(None)})

__all__ = ["Desk", "Ready", "new_job_id", "recorded", "simulated_settings", "with_key"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """A request that passed every check.

    Attributes:
        provider: The provider's hooks.
        task: What they receive.
        document: The model's document.
        prepared: The verdict on the parameters.
        estimate: What it should cost.
        notices: What is not done quite as asked.
        simulated: Whether a simulator answers.
        output: Where the film goes; ``None`` for the data folder.
        project: The label that the job is kept under.
        own_key: The key for this request only, if it has one.
    """

    provider: Provider
    task: Task
    document: ModelDocument
    prepared: Prepared
    estimate: Estimate
    notices: tuple[Notice, ...]
    simulated: bool
    output: Path | None
    project: str | None = None
    own_key: Secret | None = None

    def job(self, options: Options, now: float) -> Job:
        """Return the record of the intent, as it is made durable before anything is sent."""
        return Job(
            id=self.task.id,
            provider=self.provider.id,
            model=self.task.model,
            phase=Phase.SUBMITTING,
            prompt=str(self.task.parameters["prompt"]),
            requested={name: recorded(value) for name, value in self.prepared.requested.items()},
            parameters={name: recorded(value) for name, value in self.task.parameters.items()},
            settings=self.task.settings.frozen,
            sources=self.task.settings.sources,
            simulated=self.simulated,
            own_key=self.own_key is not None and not self.simulated,
            message="submitting",
            created_at=now,
            updated_at=now,
            submitted_at=now,
            next_at=now,
            output=None if self.output is None else str(self.output.absolute()),
            overwrite=options.overwrite,
            project=self.project,
            estimate=self.estimate,
            warnings=self.notices,
            history=(JobEvent(at=now, phase=Phase.SUBMITTING),),
        )


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Where requests come in.

    Attributes:
        plugins: The providers.
        catalogue: Their models.
        opening: How accounts are opened.
        simulated: Whether simulators answer.
        simulator_settings: The settings with which a provider's simulator accepts a client.
        earlier: Finds an earlier job by its id; blocking.
        purse: What may still be spent.
        day: The day that counts for the life of models; ``None`` for today.
    """

    plugins: Plugins
    catalogue: Catalogue
    opening: Opening
    simulated: bool
    simulator_settings: Callable[[Provider], Mapping[str, str]]
    earlier: Callable[[str], Job | None]
    purse: Purse
    day: date | None = None

    def settings(self, provider: Provider, *, key: Secret | None = None) -> Settings:
        """Return a provider's settings for new jobs.

        Args:
            provider: The provider.
            key: The caller's own key for this call; it replaces the setting ``api_key``.
        """
        if self.simulated:
            return simulated_settings(provider, self.simulator_settings(provider))
        settings = self.opening.configuration.resolve(provider.info)
        return settings if key is None else with_key(provider, settings, key)

    def model(self, model: str, *, key: Secret | None = None) -> tuple[Provider, Settings, ModelDocument]:
        """Return provider, settings and document of a model.

        Args:
            model: A model id or alias. ``@surface`` at its end chooses one of its provider's surfaces.
            key: The caller's own key for this call.

        Raises:
            ModelNotFound: No installed provider has it.
            InvalidRequest: It is not offered in the region that was chosen.
        """
        try:
            return self._found(self.catalogue.resolve(model), key)
        except ModelNotFound as error:
            raise self.catalogue.explained(model, error) from None

    def _found(self, full: str, key: Secret | None) -> tuple[Provider, Settings, ModelDocument]:
        name, _, rest = full.partition("/")
        if not rest:
            raise ModelNotFound(f"{full!r} names no model; write provider/model", model=full)
        provider = self.plugins.provider(name)
        settings = self.settings(provider, key=key)
        stem, _, surface = full.rpartition("@")
        if surface in {offered.id for offered in provider.info.surfaces}:
            full, settings = stem, settings.having("surface", surface, source="the model's name")
        document = self.catalogue.find(full, settings)
        return provider, settled(document, provider.info, settings), document

    def admit(self, prompt: str, model: str, parameters: Mapping[str, Any], options: Options) -> Flow[Ready]:
        """Check a request from end to end.

        Args:
            prompt: What the film shows.
            model: A model id or alias.
            parameters: The film's parameters.
            options: How it is carried out.

        Raises:
            InvalidRequest: With everything that is wrong.
            ModelNotFound: No installed provider has the model.
            ModelRetired: It was shut down.
            BudgetExceeded: It is dearer than allowed.
        """
        provider, settings, document = self.model(model, key=options.byok_api_key)
        notices = self._lifecycle(document, provider, settings)
        given = {"prompt": prompt, **parameters}
        prepared = prepare(document, given, on_unsupported=options.on_unsupported)
        problems = list(prepared.problems)
        values = prepared.values
        if not problems and any(name in values for name in document.media_parameters):
            loader = self._loader(provider, settings, values, options)
            values, problems = yield from loader.load(values, document.properties)
        task = self.task(provider, settings, document, values, prepared, options)
        if not problems:
            problems = provider.validate_parameters(task)
        output = _output(options, prompt, task.id)
        if output is not None:
            path, overwrite = output, options.overwrite
            problem: Problem | None = yield Call(
                function=lambda: destination_problem(path, overwrite=overwrite)
            )
            problems += [problem] if problem is not None else []
        if problems:
            raise InvalidRequest(problems, model=document.id)
        estimated = self.estimate(document, provider, settings, values)
        yield from self.purse.afford(estimated, options.max_cost)
        return Ready(
            provider=provider,
            task=task,
            document=document,
            prepared=prepared,
            estimate=estimated,
            notices=(*notices, *prepared.notices, *_unpriced(options)),
            simulated=self.simulated,
            output=output,
            project=options.project or self.opening.configuration.project,
            own_key=options.byok_api_key,
        )

    def require_key(self, ready: Ready) -> None:
        """Check that the account has what a real submit needs.

        Raises:
            MissingKey: No key was found; the message names each way to give one.
        """
        if not self.simulated:
            self.opening.configuration.require(ready.provider.info, ready.task.settings)

    def estimate(
        self, document: ModelDocument, provider: Provider, settings: Settings, values: Mapping[str, Any]
    ) -> Estimate:
        """Return what a request costs where it would be sent."""
        if not self.simulated and not applies(document, provider.info, settings):
            place = address(document, provider.info, settings)
            return Estimate(amount=None, rule=f"the price at {place} is not known")
        return estimate(document, values)

    def upload(self, ready: Ready) -> Flow[Ready]:
        """Send ahead each medium that the vendor wants so; it costs nothing."""
        references: dict[str, MediaRef] = {}
        for medium in sent_ahead(ready.task, ready.document):
            references[medium.parameter] = yield from ready.provider.upload(ready.task, medium)
        if not references:
            return ready
        parameters = with_references(ready.task.parameters, references)
        return replace(ready, task=replace(ready.task, parameters=parameters))

    def preflight(self, ready: Ready) -> Flow[None]:
        """Look for what would make the job fail, before anything is paid.

        Raises:
            InvalidRequest: With what was found.
        """
        if not ready.provider.has("preflight"):
            return
        problems = yield from ready.provider.preflight(ready.task)
        if problems:
            raise InvalidRequest(problems, model=ready.document.id)

    def _lifecycle(
        self, document: ModelDocument, provider: Provider, settings: Settings
    ) -> tuple[Notice, ...]:
        today = self.day or day_of(self.opening.clock)
        try:
            notice = check_lifecycle(document, provider.info, settings, today)
        except ModelRetired as error:
            if not self.simulated:
                raise
            notice = Notice(
                parameter="model",
                message=f"{document.id} was shut down on {error.retired_on}; it is played as it was",
            )
        return () if notice is None else (notice,)

    def _loader(
        self, provider: Provider, settings: Settings, values: Mapping[str, Any], options: Options
    ) -> Any:
        from polyreel.media.loading import MediaLoader

        return MediaLoader(
            session=PublicSession(clock=self.opening.clock),
            earlier=lambda job_id: self._reference(provider, settings, job_id),
            size=_pixels(values.get("size")),
            fit=options.fit,
        )

    def _reference(self, provider: Provider, settings: Settings, job_id: str) -> MediaRef | None:
        job = self.earlier(job_id)
        if job is None:
            return None
        if job.receipt is None:
            reason = f"is {job.status} and was never known to be accepted"
        elif job.provider != provider.id:
            reason = f"was made by {job.provider}, whose films {provider.id} does not have"
        elif job.simulated != self.simulated:
            kinds = ("simulated", "real") if job.simulated else ("real", "simulated")
            reason = f"is {kinds[0]}, and this request is {kinds[1]}"
        elif apart := [n for n in ("surface", "base_url") if job.settings.get(n, "") != settings.get(n)]:
            told = f"{apart[0]} {job.settings.get(apart[0]) or 'none'}"
            reason = f"was made at another place ({told}) than this request goes to"
        else:
            film = next(iter(job.videos), None)
            return MediaRef(parameter="", id=job.receipt.id, url=None if film is None else film.url)
        raise InvalidRequest([Problem(parameter="video", message=f"{job_id} {reason}; give its file")])

    def task(  # noqa: PLR0913, PLR0917  everything that a task is made of
        self,
        provider: Provider,
        settings: Settings,
        document: ModelDocument,
        values: Mapping[str, Any],
        prepared: Prepared,
        options: Options,
    ) -> Task:
        """Return what the provider's hooks receive for a request with these values."""
        return Task(
            id=new_job_id(),
            model=document.id,
            native_model=document.native_id,
            document=document.json,
            parameters=values,
            requested=frozenset(prepared.requested),
            native=options.native,
            settings=settings,
            http=self.opening.account(provider, settings).http,
        )


def _unpriced(options: Options) -> tuple[Notice, ...]:
    if not options.native or options.max_cost is None:
        return ()
    message = "what these fields ask for is not in the estimate, so max_cost does not bound it"
    return (Notice(parameter="native", message=message),)


def _output(options: Options, prompt: str, job_id: str) -> Path | None:
    if options.output is None and options.folder is not None:
        return options.folder / readable_name(str(prompt), job_id)
    return options.output


def new_job_id() -> str:
    """Return a fresh job id; ids sort by the time at which they were made."""
    return f"job_{time.time_ns() // 1_000_000:011x}{secrets.token_hex(6)}"


def recorded(value: Any) -> Any:
    """Return ``value`` as it is kept in a job's record: media by description, never by content."""
    if type(value) in _PLAIN:
        return _recorded_text(value) if isinstance(value, str) else value
    if isinstance(value, Media):
        return {
            "media_type": value.media_type,
            "name": value.name,
            "bytes": len(value.content),
            "sha256": value.sha256,
        }
    if isinstance(value, MediaRef):
        return {"id": value.id} if value.id else {"url": value.url}
    if isinstance(value, Mapping):
        return {str(key): recorded(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [recorded(entry) for entry in value]
    return shortened(value, 40)


def _recorded_text(text: str) -> Any:
    if text.startswith(("http://", "https://")):
        return without_query(text)  # a signed address is a key
    return shortened(text, 40) if text.startswith("data:") else text


def simulated_settings(provider: Provider, given: Mapping[str, str]) -> Settings:
    """Return the settings of an account at a provider's simulator: defaults, and what the simulator wants."""
    values: dict[str, str | Secret] = {}
    for setting in provider.info.settings:
        text = given.get(setting.name, setting.default)
        if text is not None:
            values[setting.name] = Secret(text) if setting.secret else text
    return Settings(provider=provider.id, values=values, sources=dict.fromkeys(values, "simulation"))


def with_key(provider: Provider, settings: Settings, key: Secret) -> Settings:
    """Return ``settings`` with another key and no other: it is somebody else's account.

    Raises:
        InvalidRequest: The provider has no setting ``api_key``.
    """
    if "api_key" not in {setting.name for setting in provider.info.settings}:
        raise InvalidRequest(
            [Problem(parameter="byok_api_key", message=f"{provider.info.title} is not used with a key")]
        )
    plain = {name: value for name, value in settings.values.items() if isinstance(value, str)}
    return replace(
        settings, values={**plain, "api_key": key}, sources={**settings.sources, "api_key": OWN_KEY}
    )


def _pixels(size: Any) -> tuple[int, int] | None:
    width, separator, height = str(size or "").partition("x")
    return (int(width), int(height)) if separator and width.isdigit() and height.isdigit() else None
