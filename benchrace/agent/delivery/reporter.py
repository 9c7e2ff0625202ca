"""Queues callbacks for each state of the jobs that ask for them, and has them sent."""

import logging
from collections.abc import Sequence
from pathlib import Path

import anyio
import msgspec

from benchrace.agent.delivery import forms
from benchrace.agent.delivery.forms import Form
from benchrace.agent.delivery.queue import Queue, Queued
from benchrace.agent.delivery.report import archive_of, status_of
from benchrace.agent.jobs.job import Job
from benchrace.agent.jobs.registry import Jobs
from benchrace.agent.jobs.slot import Busy
from benchrace.api.jobs import CallbackStatus, JobDocument
from benchrace.clock import Clock
from benchrace.config.assets.sources import S3Config
from benchrace.config.callbacks import CallbackConfig
from benchrace.delivery.callbacks import Callbacks
from benchrace.delivery.courier import Courier
from benchrace.delivery.outbox import Outbox
from benchrace.delivery.output import Output
from benchrace.delivery.post import Poster
from benchrace.delivery.upload import Uploader
from benchrace.delivery.url_policy import UrlPolicy, UrlRefused
from benchrace.errors import BenchraceError, FieldError, InvalidInput
from benchrace.run.states import JobPhase
from benchrace.tls.trust import Trust

log = logging.getLogger(__name__)
_AGAIN_S = 30.0
MAX_LISTED = 500


class Reporter:
    """`forms` has the ways to write a callback, by name; each job names its own.

    What a job's end tells is taken from its journal: it is queued even where the agent was killed
    before. A job is held until all of it is queued, and sent or given up.
    """

    def __init__(
        self,
        path: Path,
        config: CallbackConfig,
        jobs: Jobs,
        clock: Clock,
        store: S3Config | None = None,
    ) -> None:
        self._uploader = Uploader(store)
        self.forms: dict[str, Form] = {"native": forms.native}
        self._path = path
        self._jobs = jobs
        self._clock = clock
        self._outbox: Outbox | None = None
        self._opening = anyio.Lock()
        self._needed = anyio.Event()
        self._unsettled: dict[str, Job] = {}
        self._next: dict[str, int] = {}
        self._recovered: set[str] = set()
        # How many uploads and callbacks had been tried when a job was found to wait for some.
        self._looked: dict[str, int] = {}
        self._tries = 0
        self._policy = UrlPolicy(config.allowed_hosts, config.base_url)
        self._poster = Poster(
            self._policy,
            secret=config.secret,
            context=Trust(ca=None if config.ca is None else Path(config.ca)).context,
            timeout_s=config.timeout_s,
            wall_s=clock.wall_s,
        )
        self._give_up_s = config.give_up_h * 3600
        self._courier: Courier | None = None
        jobs.is_held = self._is_held

    async def checked(self, callbacks: Callbacks) -> Callbacks:
        """Return the callbacks of a new job with their URLs as they are requested.

        Raises InvalidInput for each URL that no request may go to, and what the disk refuses.
        """
        if not callbacks.items():
            return callbacks
        urls, errors = {}, []
        for name, url in callbacks.items():
            try:
                urls[name] = await self._checked(url)
            except UrlRefused as error:
                message = f"{error.message}. {error.remedy}"
                errors.append(FieldError(f"callbacks.{name}", message))
        if errors:
            raise InvalidInput(errors)
        await self._opened()
        # Not while the job measures.
        await self._poster.prepare()
        return Callbacks(**urls)

    async def check_output(self, output: Output | None) -> None:
        """Raise InvalidInput where the files of a new job cannot go, and what the disk refuses."""
        if output is not None:
            await anyio.to_thread.run_sync(self._uploader.check, output)
            await self._opened()

    def follow(self, job: Job) -> None:
        """Report a job from now on, where it asks for that."""
        if job.record.sender.is_served:
            self._unsettled[job.job_id] = job
            self._needed.set()

    async def run(self) -> None:
        """Queue and send, until cancelled."""
        for job in self._jobs.all():
            self.follow(job)
            if job.phase.final:
                # Of an earlier agent's job its end is new at most.
                self._recovered.add(job.job_id)
                self._next[job.job_id] = len(job.phases) - 1
        if not await anyio.to_thread.run_sync(self._path.exists):
            await self._needed.wait()
        while self._outbox is None:
            try:
                await self._opened()
            except BenchraceError as error:
                log.warning("callbacks wait: %s", error.message)
                await anyio.sleep(_AGAIN_S)
        self._courier = courier = Courier(
            self._outbox,
            self._poster,
            self._uploader,
            clock=self._clock,
            give_up_s=self._give_up_s,
            running=lambda: self._jobs.slot.job_id,
            settled=self._settled,
            aside=self._jobs.slot.aside,
        )
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(courier.run)
                tasks.start_soon(self._nudge_when_free)
                await self._keep_telling(courier)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._outbox.close)

    async def document(self, job: Job) -> JobDocument:
        """Return all there is to show of a job."""
        callbacks: tuple[CallbackStatus, ...] = ()
        if job.record.sender.is_served:
            try:
                outbox = await self._opened()
                deliveries = await anyio.to_thread.run_sync(outbox.of, job.job_id)
                callbacks = tuple(status_of(delivery) for delivery in deliveries)
            except BenchraceError as error:
                # The rest of the job can be shown; the list of callbacks is refused with this.
                log.warning("job %s: its callbacks: %s", job.job_id, error.message)
        return JobDocument(
            **msgspec.structs.asdict(job.summary()),
            reference=job.record.sender.reference,
            callbacks=callbacks,
            archive=await anyio.to_thread.run_sync(archive_of, job),
        )

    async def latest(self) -> tuple[CallbackStatus, ...]:
        """Return the latest callbacks; those that have not arrived come first."""
        if self._outbox is None and not await anyio.to_thread.run_sync(self._path.exists):
            return ()
        outbox = await self._opened()
        deliveries = await anyio.to_thread.run_sync(outbox.latest, MAX_LISTED)
        return tuple(status_of(delivery) for delivery in deliveries)

    async def retry(self, ids: Sequence[int], job_id: str | None) -> int:
        """Try callbacks that have not arrived again now; return how many there are."""
        if self._outbox is None and not await anyio.to_thread.run_sync(self._path.exists):
            return 0
        outbox, now_s = await self._opened(), self._clock.wall_s()
        count = await anyio.to_thread.run_sync(lambda: outbox.retry(now_s, ids=ids, subject=job_id))
        self._nudge()
        return count

    async def _checked(self, url: str) -> str:
        target = self._policy.target(url)
        try:
            await self._policy.addresses(target)
        except OSError as error:
            # The receiver may come later than the job; the request is checked again then.
            log.warning("callback to %s: it cannot be resolved now: %s", target.host, error)
        return target.url

    async def _opened(self) -> Outbox:
        async with self._opening:
            if self._outbox is None:
                self._outbox = await anyio.to_thread.run_sync(Outbox, self._path)
        self._needed.set()
        return self._outbox

    def _settled(self) -> None:
        """Look at the jobs again whose end waits for their uploads."""
        self._tries += 1
        self._jobs.changed.notify()

    async def _nudge_when_free(self) -> None:
        """Go on after operations on engines, of which jobs do not notify."""
        while True:
            await self._jobs.slot.released.wait()
            self._nudge()

    async def _keep_telling(self, courier: Courier) -> None:
        while True:
            seen = self._jobs.changed.count
            if self._jobs.slot.job_id is None:
                # What waited for a job's end may go now.
                courier.nudge()
            pause_s = float("inf")
            for job in tuple(self._unsettled.values()):
                if not await self._tell(job):
                    pause_s = _AGAIN_S
            with anyio.move_on_after(pause_s):
                await self._jobs.changed.wait(seen)

    async def _tell(self, job: Job) -> bool:
        """Queue what is new of a job; return False where the disk refuses, or a job measures."""
        if self._looked.get(job.job_id) == self._tries:
            return True
        new = job.phases[self._next.get(job.job_id, 0) :]
        form = self.forms.get(job.record.sender.form)
        if form is None:
            log.warning("job %s: unknown form of callbacks", job.job_id)
            form = forms.native
        for phase in new:
            tries = self._tries
            try:
                queued = await self._queued(job, phase, form)
            except Busy:
                return False
            except Exception as error:
                # Whatever it is: what one job tells must not end the agent.
                log.warning("job %s: its callbacks wait", job.job_id, exc_info=error)
                return False
            if queued.added:
                self._nudge()
            if queued.waits:
                self._looked[job.job_id] = tries
                return True
            self._next[job.job_id] = self._next.get(job.job_id, 0) + 1
            if phase.final:
                del self._unsettled[job.job_id], self._next[job.job_id]
                self._recovered.discard(job.job_id)
                self._looked.pop(job.job_id, None)
        return True

    async def _queued(self, job: Job, phase: JobPhase, form: Form) -> Queued:
        if job.job_id not in self._recovered:
            return await anyio.to_thread.run_sync(self._queue, job, phase, form)
        # Its journal is read, and its archive may have to be built: not while a job measures.
        async with self._jobs.slot.aside():
            return await anyio.to_thread.run_sync(self._queue, job, phase, form)

    def _queue(self, job: Job, phase: JobPhase, form: Form) -> Queued:
        """Add what a phase asks for to the outbox. Blocks."""
        if self._outbox is None:
            raise RuntimeError("callbacks are queued before the outbox is open")
        queue = Queue(self._outbox, self._policy, form)
        queued = queue.add(job, phase, self._clock.wall_s())
        if phase.final and not queued.waits:
            self._outbox.forget(other.job_id for other in self._jobs.all())
        return queued

    def _is_held(self, job: Job) -> bool:
        """Check whether somebody has still to hear of a job. Blocks."""
        if not job.record.sender.is_served:
            return False
        if job.job_id in self._unsettled or self._outbox is None:
            return True
        try:
            return self._outbox.is_pending(job.job_id)
        except BenchraceError as error:
            log.warning("job %s is kept: %s", job.job_id, error.message)
            return True

    def _nudge(self) -> None:
        if self._courier is not None:
            self._courier.nudge()
