"""What a job's phase asks for, as requests in the outbox. Everything blocks."""

from collections.abc import Sequence
from typing import NamedTuple

from benchrace.agent.delivery import archive, outputs
from benchrace.agent.delivery.forms import Form
from benchrace.agent.delivery.report import addressed, of_event, report, with_files
from benchrace.agent.jobs.agent_journal import terminal_line
from benchrace.agent.jobs.job import Job
from benchrace.api.jobs import CallbackEvent, JobCallback
from benchrace.delivery.outbox import NewDelivery, Outbox
from benchrace.delivery.url_policy import UrlPolicy
from benchrace.run.states import JobPhase


class Queued(NamedTuple):
    """How many requests are new; with `waits`, the phase has to be queued again later."""

    added: int
    waits: bool = False


class Queue:
    """Queues the callbacks of jobs in one form, those of an end after the uploads of its files."""

    def __init__(self, outbox: Outbox, policy: UrlPolicy, form: Form) -> None:
        self._outbox = outbox
        self._policy = policy
        self._form = form

    def add(self, job: Job, phase: JobPhase, now_s: float) -> Queued:
        """Add what a phase asks for; what is in the outbox already stays as it is."""
        messages = addressed(job.record.sender.callbacks, phase)
        output = outputs.output_of(job, phase)
        if not messages and output is None:
            return Queued(0)
        before = self._outbox.of(job.job_id)
        numbered = sum(delivery.event == CallbackEvent.STATUS for delivery in before)
        status = report(job, phase, numbered + 1, now_s)
        if not phase.final:
            return Queued(self._outbox.add(self._deliveries(job, status, messages), now_s))
        if messages and self._outbox.has(self._keys(job, status, messages)):
            return Queued(0)
        if outputs.is_waiting(before):
            # Nothing is read for it while other jobs measure.
            return Queued(0, waits=True)
        # An agent that was killed at the end of its job has built none.
        end = terminal_line(job.folder)
        if end is not None:
            archive.build(job.folder, job.record, end)
        added = 0
        if output is not None and not outputs.are_queued(before):
            added = self._outbox.add(outputs.uploads(job, output), now_s)
            before = self._outbox.of(job.job_id)
            if outputs.is_waiting(before):
                return Queued(added, waits=True)
        status = with_files(status, job, outputs.results(before))
        return Queued(added + self._outbox.add(self._deliveries(job, status, messages), now_s))

    def _keys(
        self, job: Job, status: JobCallback, messages: Sequence[tuple[CallbackEvent, str]]
    ) -> list[str]:
        sender = job.record.sender
        return [self._form(of_event(status, event), sender).key for event, _ in messages]

    def _deliveries(
        self, job: Job, status: JobCallback, messages: Sequence[tuple[CallbackEvent, str]]
    ) -> list[NewDelivery]:
        deliveries = []
        for event, url in messages:
            message = self._form(of_event(status, event), job.record.sender)
            deliveries.append(
                NewDelivery(
                    key=message.key,
                    subject=job.job_id,
                    event=event.value,
                    url=url,
                    destination=self._policy.target(url).destination,
                    body=message.body,
                )
            )
        return deliveries
