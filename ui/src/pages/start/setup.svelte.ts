/** A race that is being set up: what the fleet offers, what the form says, what central makes of it. */

import * as api from '../../lib/api/runs';
import { described } from '../../lib/api/workloads';
import { ApiError, failure } from '../../lib/api/client';
import { session } from '../../lib/api/session.svelte';
import type { Kind, Machine, Plan, RunSpec, Workload } from '../../lib/api/documents';
import type { Failure, FieldError } from '../../lib/events/types';
import { offered } from '../../lib/store/offered.svelte';
import { fields, type Field } from '../../lib/schema/schema';
import { check, emptyDraft, fromSpec, type Draft } from '../../lib/spec/draft';
import { sectionOf, type Section } from '../table';
import { knownModels, reported, SELECTS } from './models';

const PLAN_AFTER_MS = 600;
const LOOK_EVERY_MS = 5_000;

export class Setup {
  kinds = $state.raw<Kind[] | null>(null);
  machines = $state.raw<Machine[]>([]);
  draft = $state<Draft>(emptyDraft(''));
  /** What central makes of the draft: lanes with nothing left open. */
  plan = $state.raw<Plan | null>(null);
  planning = $state(false);
  starting = $state(false);
  failure = $state.raw<Failure | null>(null);
  unreachable = $state(false);

  readonly kind = $derived(this.kinds?.find((kind) => kind.kind === this.draft.kind) ?? null);
  readonly workload = $derived<Workload | null>(this.kind?.offers[0]?.workload ?? null);
  readonly fields = $derived<Field[]>(merged(this.kind));
  readonly checked = $derived(
    check($state.snapshot(this.draft), this.fields, this.workload?.automatic ?? null),
  );
  /** The form's own errors first, then what central said of the fields. */
  readonly errors = $derived<Record<string, string>>({
    ...Object.fromEntries((this.failure?.fields ?? []).map((field) => [field.path, field.message])),
    ...this.checked.errors,
  });
  /** No model is chosen, where there are some, or may be, or engines to choose between. */
  readonly unchosen = $derived(
    lacksModel(this.fields, this.checked.spec) &&
      ((this.kind?.offers.length ?? 0) > 1 || !reported(this.machines, this.draft.kind) || knownModels(this.machines, this.draft.kind).length > 0),
  );
  /** The machines that have this kind of work. */
  readonly able = $derived(
    this.machines.filter((machine) =>
      machine.backends.some((backend) => backend.workloads.some((work) => work.kind === this.draft.kind)),
    ),
  );
  /** What is wrong with the race as it stands; what may pass by itself, such as a busy machine, is not. */
  readonly refusal = $derived<FieldError[] | null>(
    this.failure?.category === 'validation' ? (this.failure.fields ?? []) : null,
  );
  readonly fits = $derived(Object.keys(this.checked.errors).length === 0 && !this.unchosen);

  private planned = '';
  private timer: ReturnType<typeof setTimeout> | undefined;
  private looking: ReturnType<typeof setTimeout> | undefined;
  private closed = false;

  constructor(
    readonly section: Section,
    spec: RunSpec | null,
  ) {
    if (spec !== null) this.draft = fromSpec(spec);
  }

  open(): void {
    void this.look();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.looking);
  }

  /** Choose another kind of work; what was typed for the one before is not its. */
  choose(kind: string): void {
    this.draft = emptyDraft(kind);
    this.plan = null;
    this.failure = null;
  }

  /** Ask central what the draft comes to, once nobody types; only the latest answer counts. */
  planSoon(): void {
    clearTimeout(this.timer);
    // Checking a plan asks the machines, and is not for who watches.
    if (!this.fits || this.workload === null || session.watches) return;
    const { spec } = this.checked;
    const key = JSON.stringify(spec);
    if (key === this.planned) return;
    this.planning = true;
    this.timer = setTimeout(() => void this.ask(spec, key), PLAN_AFTER_MS);
  }

  async start(): Promise<string | null> {
    this.starting = true;
    try {
      return (await api.submit(this.checked.spec)).run_id;
    } catch (error) {
      this.failure = failure(error);
      // What was wrong just now may be right already: Start stays off only while it is.
      if (this.refusal !== null) this.planAgain();
      return null;
    } finally {
      this.starting = false;
    }
  }

  private planAgain(): void {
    this.planned = '';
    this.planSoon();
  }

  private async ask(spec: RunSpec, key: string): Promise<void> {
    this.planned = key;
    try {
      const plan = await api.plan(spec);
      if (this.planned !== key || this.closed) return;
      this.plan = plan;
      this.failure = null;
    } catch (error) {
      if (this.planned !== key || this.closed) return;
      this.plan = null;
      this.failure = failure(error);
    }
    this.planning = false;
  }

  private async look(): Promise<void> {
    try {
      const [answers, machines] = await Promise.all([api.kinds(), api.machines()]);
      offered.learn(answers);
      const own = await described(answers.filter((answer) => sectionOf(answer.kind) === this.section));
      if (this.closed) return;
      this.unreachable = false;
      this.learn(own, machines);
    } catch (error) {
      const refused = error instanceof ApiError && error.status >= 400 && error.status < 500;
      this.unreachable = !refused;
      if (refused) {
        this.failure = error.failure;
        this.kinds ??= [];
      }
    }
    if (!this.closed) this.looking = setTimeout(() => void this.look(), LOOK_EVERY_MS);
  }

  private learn(own: Kind[], machines: Machine[]): void {
    const states = (list: Machine[]) =>
      JSON.stringify(list.map((machine) => [machine.machine_id, machine.state, machine.reason, machine.missing, machine.backends.map(changing)]));
    // An answer like the one before changes nothing: no field loses its place while typing.
    if (JSON.stringify(own) !== JSON.stringify(this.kinds)) this.kinds = own;
    if (states(machines) !== states(this.machines)) {
      this.machines = machines;
      this.planAgain();
    }
    if (!this.draft.kind && own[0] !== undefined) this.draft.kind = own[0].kind;
  }
}

/** What can change of a backend while its agent lives. */
function changing({ name, reachable, models, problems }: Machine['backends'][number]): unknown {
  return [name, reachable, models, problems];
}

function lacksModel(all: Field[], spec: RunSpec): boolean {
  const name = all.find((field) => field.source === 'models')?.name;
  if (name === undefined) return false;
  const lanes = spec.lanes ?? [];
  return !spec.params?.[name] && (lanes.length === 0 || lanes.some((lane) => !lane.params?.[name] && !lane.params?.[SELECTS]));
}

/** The fields of every backend that offers a kind; where they differ, the first one's. */
function merged(kind: Kind | null): Field[] {
  const byName = new Map<string, Field>();
  for (const offer of kind?.offers ?? []) {
    for (const field of fields(offer.workload.params_schema)) {
      if (!byName.has(field.name)) byName.set(field.name, field);
    }
  }
  return [...byName.values()];
}
