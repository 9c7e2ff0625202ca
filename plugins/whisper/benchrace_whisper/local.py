"""What the backends share that load models themselves: which ones are here, and how they come."""

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from benchrace.plugin import BenchraceError, Context, Probe, Problem
from benchrace_whisper.backend import SpeechBackend
from benchrace_whisper.config import LocalConfig, fetch_models, models_folder
from benchrace_whisper.fetching import Fetchable, fetchable
from benchrace_whisper.installed import Extra
from benchrace_whisper.models import ModelFiles, choose, is_missing, listed, none_found
from benchrace_whisper.pull import Source, unknown


class LocalBackend(SpeechBackend):
    """The base of the engines that run in this process.

    `engine` is the package that an engine needs, `sources` where its models can be pulled from.
    """

    config = LocalConfig
    engine: ClassVar[Extra]
    sources: ClassVar[Mapping[str, Source]]

    @staticmethod
    @abstractmethod
    def find_models(folder: Path) -> dict[str, ModelFiles]:
        """Return the models of this machine by name; those in the folder take precedence."""

    async def probe(self, context: Context) -> Probe:
        if not self.engine.installed:
            return Probe(reachable=False, problems=(self.engine.problem,))
        try:
            folder = self.folder
            choices = await self.choices(context)
        except BenchraceError as error:
            problem = Problem(message=error.message, remedy=error.remedy)
            return Probe(reachable=False, problems=(problem,))
        models = listed(self.find_models(folder))
        problems = () if models else (none_found(folder, self.name, fetch_models(self.settings)),)
        return Probe(
            reachable=True,
            version=self.engine.version,
            models=models,
            problems=problems,
            choices=choices,
        )

    @property
    def folder(self) -> Path:
        """The folder of models."""
        return models_folder(self.settings)

    def files_folder(self, model: str) -> Path:
        """Return where a model's files belong: the folder of models, or one below it."""
        return self.folder

    def source(self, model: str) -> Source:
        """Return where a model can be pulled from; raises what forbids it."""
        self.engine.require()
        if model not in self.sources:
            raise unknown(model, tuple(self.sources))
        return self.sources[model]

    def check_model(self, model: str, context: Context) -> None:
        """Raise why a lane cannot have a model; sends no request."""
        if (lacking := self._fetchable(model)) is not None:
            lacking.check(context)
        else:
            self._choose(model)

    async def model_files(self, model: str, context: Context) -> ModelFiles:
        """Return a model's files, fetched if this machine lacks them and may fetch them."""
        if (lacking := self._fetchable(model)) is not None:
            await lacking.fetch(context)
        return self._choose(model)

    def _choose(self, model: str) -> ModelFiles:
        models, where = self.find_models(self.folder), fetch_models(self.settings)
        return choose(model, models, self.folder, self.name, where)

    def _fetchable(self, model: str) -> Fetchable | None:
        """Return what a lane fetches; None for a model that is here, unknown, or not allowed."""
        if not is_missing(model, self.find_models(self.folder), self.sources):
            return None
        source, folder = self.sources[model], self.files_folder(model)
        return fetchable(source, folder, fetch_models(self.settings))
