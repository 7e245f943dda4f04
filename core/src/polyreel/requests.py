"""From what a caller asks to a task that may be sent: everything that can be refused is refused here.

The order is the reader's: does the model exist and live, are the parameters right, are the media usable, would
the film have a place, is it affordable, and only then: is there a key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyreel.accounts import Opening
from polyreel.catalogue import Catalogue, address, applies, check_lifecycle, settled
from polyreel.clock import day_of
from polyreel.errors import InvalidRequest, ModelNotFound, ModelRetired, Problem
from polyreel.exchange import PublicSession
from polyreel.flows import Call, Flow
from polyreel.parameters.preparation import Prepared, prepare
from polyreel.pricing import estimate
from polyreel.purse import Purse
from polyreel.redaction import Secret
from polyreel.storage.destinations import Destinations
from polyreel.storage.files import readable_name
from polyreel.storage.rooms import Room, expected_bytes
from polyreel.submissions import Ready, digest, new_job_id
from polyreel.types.cost import Estimate
from polyreel.types.job import Job, Notice
from polyreel.types.location import Location
from polyreel.types.media import MediaRef
from polyreel.types.provider import OWN_KEY, Settings
from polyreel.types.task import Task
from polyreel.uploads import sent_ahead, with_references

if TYPE_CHECKING:
    from polyreel.documents.document import ModelDocument
    from polyreel.plugins import Plugins, Provider
    from polyreel.types.options import Options

__all__ = ["Desk", "simulated_settings", "with_key"]


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
        destinations: Looks at the places that films are to go to.
        folder: Says where films go for which nobody names a place; ``None`` for the data folder.
        room: Looks at the room that films need; ``None`` when nobody does.
        day: The day that counts for the life of models; ``None`` for today.
    """

    plugins: Plugins
    catalogue: Catalogue
    opening: Opening
    simulated: bool
    simulator_settings: Callable[[Provider], Mapping[str, str]]
    earlier: Callable[[str], Job | None]
    purse: Purse
    destinations: Destinations
    folder: Callable[[], Path | Location | None]
    room: Room | None = None
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
        output = self._output(options, prompt, task.id)
        if output is not None:
            place, overwrite = output, options.overwrite
            problem: Problem | None = yield Call(
                function=lambda: self.destinations.problem(place, overwrite=overwrite)
            )
            problems += [problem] if problem is not None else []
        if not problems:
            problems = yield from self._crowded(output, values)
        if problems:
            raise InvalidRequest(problems, model=document.id)
        estimated = self.estimate(document, provider, settings, values)
        project = options.project or self.opening.configuration.project
        yield from self.purse.afford(estimated, options.max_cost, project)
        return Ready(
            provider=provider,
            task=task,
            document=document,
            prepared=prepared,
            estimate=estimated,
            notices=(*notices, *prepared.notices, *_unpriced(options)),
            simulated=self.simulated,
            output=output,
            project=project,
            own_key=options.byok_api_key,
            request_sha256=digest(document.id, values, options.native, simulated=self.simulated),
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

    def _output(self, options: Options, prompt: str, job_id: str) -> Path | Location | None:
        if options.output is not None:
            return options.output
        folder = options.folder or self.folder()
        return None if folder is None else folder / readable_name(str(prompt), job_id)

    def _crowded(self, output: Path | Location | None, values: Mapping[str, Any]) -> Flow[list[Problem]]:
        """Return why the disk cannot hold another film; a simulated one is small."""
        room = self.room
        if room is None or self.simulated:
            return []
        # What goes into an object store waits in the data folder on its way.
        folder = output.parent if isinstance(output, Path) else self.opening.configuration.home
        problem: Problem | None = yield Call(function=lambda: room.problem(folder, expected_bytes(values)))
        return [] if problem is None else [problem]

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
            # A server of the caller's own may stand on this machine, and so may its pictures.
            session=PublicSession(clock=self.opening.clock, allowed=[settings.get("base_url")]),
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
