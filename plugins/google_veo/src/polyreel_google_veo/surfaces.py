"""Where requests go: the hosts and paths of Google's two surfaces.

They are those of Google's own SDK (google-genai 2.34.0 for Veo on the Developer API, 3.4.0 for the rest): fact sheet
on Google, sections 1.1, 1.2, 7 and 8 (2026-11-23).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from polyreel.http import path_segment
from polyreel.types.provider import Settings

__all__ = [
    "GLOBAL_HOST",
    "STORAGE",
    "Kind",
    "Place",
    "is_express",
    "kind_of",
    "place_again",
    "place_of",
    "storage_of",
]

Kind: TypeAlias = Literal["operation", "interaction"]

GLOBAL_HOST: Final = "https://aiplatform.googleapis.com"
STORAGE: Final = "https://storage.googleapis.com"
_MULTI_REGIONS: Final = frozenset({"us", "eu"})
_USUAL_REGIONS: Final[Mapping[Kind, str]] = {"operation": "us-central1", "interaction": "global"}
_IN_CODE: Final = "argument"  # the source of a setting that was given to the client
_OF_A_PROJECT: Final = ("project", "access_token", "credentials_file")


def kind_of(model: str) -> Kind:
    """Return how a model is asked for: Veo as a long-running operation, everything newer as an interaction.

    Assumption: every id of Veo begins with ``veo``, as all known ones do (fact sheet, section 2.1).
    """
    return "operation" if model.startswith("veo") else "interaction"


def is_express(settings: Settings) -> bool:
    """Whether Vertex AI is used with the API key alone (express mode): no project, no token, no other credentials.

    A key that was given for one call, or in code, is somebody's choice: what happens to be set on the machine is not
    mixed with it. Between a key and a project that stand side by side, the project wins. Precedence as in Google's SDK
    (google-genai 3.4.0, ``_api_client.py``); that a token without a project, which Vertex AI cannot be asked with, gives
    way to a key of the environment is ours.
    """
    if not settings.secret("api_key"):
        return False
    if settings.is_own_key:
        return True
    if any(settings.sources.get(name) == _IN_CODE for name in _OF_A_PROJECT):
        return False
    return settings.sources.get("api_key") == _IN_CODE or not settings.get("project")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A model on a surface, with all that its addresses need.

    Attributes:
        surface: ``"gemini"`` for the Developer API, ``"vertex"`` for Vertex AI.
        kind: How the model is asked for.
        model: The vendor's name of the model.
        base: What addresses begin with; empty for the account's base URL.
        project: The project on Vertex AI; empty in express mode, where the API key stands for it.
        region: The region on Vertex AI, ``global`` and the multi-regions ``us`` and ``eu`` among them.
    """

    surface: str
    kind: Kind
    model: str
    base: str = ""
    project: str = ""
    region: str = ""

    @property
    def receipt(self) -> dict[str, str]:
        """What a receipt keeps of it: everything but addresses, which are frozen with the job's settings."""
        return {
            "surface": self.surface,
            "kind": self.kind,
            "model": self.model,
            "project": self.project,
            "region": self.region,
        }

    @property
    def submit(self) -> str:
        """Where a film is asked for."""
        if self.kind == "interaction":
            return self._interactions
        return f"{self._model}:predictLongRunning"

    def operation(self, name: str) -> str:
        """Return where to look at an operation: with GET on the Developer API, with POST on Vertex AI."""
        if self.surface == "vertex":
            # The operation says where it is, also when only a key was given; unless it is named too briefly.
            resource = name.rpartition("/operations/")[0]
            if "/models/" not in resource:
                return f"{self._model}:fetchPredictOperation"
            return f"{self.base}/v1beta1/{_segments(resource)}:fetchPredictOperation"
        return f"/v1beta/{_segments(name)}"

    def interaction(self, identity: str) -> str:
        """Return where an interaction is."""
        return f"{self._interactions}/{path_segment(identity)}"

    @property
    def _model(self) -> str:
        name = f"models/{path_segment(self.model)}"
        return f"{self._vertex}publishers/google/{name}" if self.surface == "vertex" else f"/v1beta/{name}"

    @property
    def _interactions(self) -> str:
        return f"{self._vertex}interactions" if self.surface == "vertex" else "/v1/interactions"

    @property
    def _vertex(self) -> str:
        if not self.project:
            return f"{self.base}/v1beta1/"
        project, region = path_segment(self.project), path_segment(self.region)
        return f"{self.base}/v1beta1/projects/{project}/locations/{region}/"


def place_of(settings: Settings, model: str) -> Place:
    """Return where a new film is asked for.

    Args:
        settings: The task's settings, with its surface and region.
        model: The vendor's name of the model.
    """
    kind = kind_of(model)
    if settings.get("surface") != "vertex":
        return Place(surface="gemini", kind=kind, model=model)
    project = "" if is_express(settings) else settings.get("project")
    region = (settings.get("region") or _USUAL_REGIONS[kind]) if project else ""
    return _vertex_place(settings, kind=kind, model=model, project=project, region=region)


def place_again(data: Mapping[str, Any], settings: Settings) -> Place:
    """Return where a film was asked for.

    Args:
        data: What the receipt keeps.
        settings: The job's settings, for addresses of one's own.
    """
    kind: Kind = data["kind"]
    if data["surface"] != "vertex":
        return Place(surface="gemini", kind=kind, model=data["model"])
    return _vertex_place(
        settings, kind=kind, model=data["model"], project=data["project"], region=data["region"]
    )


def storage_of(settings: Settings) -> str:
    """Return the address of Cloud Storage's JSON API."""
    return (settings.get("storage_base_url") or STORAGE).rstrip("/")


def _vertex_place(settings: Settings, *, kind: Kind, model: str, project: str, region: str) -> Place:
    base = (settings.get("vertex_base_url") or _host(region)).rstrip("/")
    return Place(surface="vertex", kind=kind, model=model, base=base, project=project, region=region)


def _host(region: str) -> str:
    if region in {"", "global"}:
        return GLOBAL_HOST
    if region in _MULTI_REGIONS:
        return f"https://aiplatform.{region}.rep.googleapis.com"
    return f"https://{region}-aiplatform.googleapis.com"


def _segments(name: str) -> str:
    return "/".join(map(path_segment, name.split("/")))
