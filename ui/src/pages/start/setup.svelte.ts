/** A race that is being set up: what the fleet offers, what the form says, what central makes of it. */

import * as api from '../../lib/api/runs';
import { described } from '../../lib/api/workloads';
import { ApiError, failure } from '../../lib/api/client';
import { session } from '../../lib/api/session.svelte';
import type { Kind, KindAnswer, Machine, Plan, RunSpec, Workload } from '../../lib/api/documents';
import type { Failure, FieldError } from '../../lib/events/types';
import { fields, type Field } from '../../lib/schema/schema';
import { check, emptyDraft, fromSpec, workOf, type Draft } from '../../lib/spec/draft';
import { sectionOf, type Section } from '../table';
import { knownModels, reported, SELECTS } from './models';
import { isSettled, openingLanes, openingSection } from './opening';

const PLAN_AFTER_MS = 600;
const LOOK_EVERY_MS = 5_000;

export class Setup {
  /** All kinds of work that the fleet offers; null until central has answered. */
  offered = $state.raw<readonly KindAnswer[] | null>(null);
  /** What this form is for; null until that is known. */
  section = $state.raw<Section | null>(null);
  /** The kinds of the section; only the one that the form is for has its offers. */
  kinds = $state.raw<Kind[] | null>(null);
  machines = $state.raw<Machine[]>([]);
  draft = $state<Draft>(emptyDraft(''));
  /** What central makes of the draft: lanes with nothing left open. */
  plan = $state.raw<Plan | null>(null);
  planning = $state(false);
  starting = $state(false);
  /** Another form is being fetched; nothing can be entered in the one that it replaces. */
  choosing = $state(false);
  failure = $state.raw<Failure | null>(null);
  unreachable = $state(false);

  readonly kind = $derived(this.kinds?.find((kind) => kind.kind === this.draft.kind) ?? null);
  readonly workload = $derived<Workload | null>(this.kind?.offers[0]?.workload ?? null);
  readonly fields = $derived<Field[]>(merged(this.kind));
  readonly checked = $derived(
    check(this.continued($state.snapshot(this.draft)), this.fields, this.workload?.automatic ?? null),
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
  /** Whether the answer about what was planned last is still to come. */
  private out = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private looking: ReturnType<typeof setTimeout> | undefined;
  private closed = false;
  /** Counts what was asked for: an answer to an earlier request changes nothing. */
  private turns = 0;
  /** Whether the section is the one that somebody asked for, or the best that the fleet has. */
  private settled = false;
  /** The form as it opened: one that is still like it may open anew. */
  private opened = '';
  /** Whether the lanes of that form are those of the machines, and not of a race. */
  private begun = false;
  private openedWork = $state('');

  constructor(named: Section | null, spec: RunSpec | null) {
    void this.turn(named, spec);
  }

  open(): void {
    void this.look();
  }

  /** Begin anew with a section, or the one of a specification; without both, with what the fleet can race. */
  async turn(named: Section | null, spec: RunSpec | null): Promise<void> {
    const turn = ++this.turns;
    const section = spec === null ? named : sectionOf(spec.kind);
    if (section !== this.section || section === null) this.kinds = null;
    if (spec !== null && this.kinds !== null) {
      // The form stays until that of the other kind is there.
      this.choosing = true;
      const own = await described(this.ofSection(), spec.kind).catch(() => this.kinds);
      if (this.closed || turn !== this.turns) return;
      this.kinds = own;
    }
    this.choosing = false;
    this.section = section;
    this.settled = section !== null;
    this.reset(spec === null ? emptyDraft('') : fromSpec(spec));
    // Where this fails, the next look at the fleet says so.
    await this.learn().catch(() => undefined);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.looking);
  }

  /** Choose another kind of work; what was typed for the one before is not its. */
  async choose(kind: string): Promise<void> {
    const turn = ++this.turns;
    this.choosing = true;
    try {
      const own = await described(this.ofSection(), kind);
      if (this.closed || turn !== this.turns) return;
      this.kinds = own;
      this.begin(kind);
    } catch (error) {
      if (turn === this.turns) this.failure = failure(error);
    } finally {
      if (turn === this.turns) this.choosing = false;
    }
  }

  private begin(kind: string): void {
    this.reset(emptyDraft(kind));
    this.draft.lanes = openingLanes(this.fields, this.able);
    this.opened = this.text();
    this.begun = true;
  }

  /** Machines that link a moment later race as well, while nobody has changed the form. */
  private openAgain(): void {
    if (!this.begun || this.text() !== this.opened) return;
    this.draft.lanes = openingLanes(this.fields, this.able);
    this.opened = this.text();
  }

  /** Ask central what the draft comes to, once nobody types; only the latest answer counts. */
  planSoon(): void {
    clearTimeout(this.timer);
    // Checking a plan asks the machines, and is not for who watches.
    if (!this.fits || this.workload === null || session.watches) return;
    const { spec } = this.checked;
    const key = JSON.stringify(spec);
    if (key === this.planned) {
      // Changed and changed back: its answer is there, or still to come.
      this.planning = this.out;
      return;
    }
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
    this.out = true;
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
    this.out = false;
    this.planning = false;
  }

  private async look(): Promise<void> {
    try {
      const [answers, machines] = await Promise.all([api.kinds(), api.machines()]);
      if (this.closed) return;
      this.unreachable = false;
      if (JSON.stringify(answers) !== JSON.stringify(this.offered)) this.offered = answers;
      if (states(machines) !== states(this.machines)) {
        this.machines = machines;
        this.openAgain();
        this.planAgain();
      }
      await this.learn();
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

  /** Take what the fleet offers of this section; an answer like the one before changes nothing. */
  private async learn(): Promise<void> {
    const { offered, machines } = this;
    if (offered === null) return;
    if (!this.settled && (this.section === null || this.text() === this.opened)) {
      const section = openingSection(offered, machines);
      if (section !== this.section) {
        this.section = section;
        this.kinds = null;
        this.reset(emptyDraft(''));
      }
      this.settled = section !== null && isSettled(machines);
    }
    const { section } = this;
    const all = this.ofSection();
    const kind = this.draft.kind || (all[0]?.kind ?? '');
    const own = await described(all, kind);
    // Another kind may have been chosen meanwhile.
    if (this.closed || section !== this.section || (this.draft.kind || kind) !== kind) return;
    // No field loses its place while somebody types.
    if (JSON.stringify(own) !== JSON.stringify(this.kinds)) this.kinds = own;
    if (!this.draft.kind && kind) this.begin(kind);
  }

  private ofSection(): KindAnswer[] {
    return (this.offered ?? []).filter(({ kind }) => sectionOf(kind) === this.section);
  }

  private reset(draft: Draft): void {
    clearTimeout(this.timer);
    this.draft = draft;
    this.planned = '';
    this.planning = false;
    this.plan = null;
    this.failure = null;
    this.opened = this.text();
    this.begun = false;
    this.openedWork = workOf($state.snapshot(this.draft));
  }

  /** Other work continues no run. */
  private continued(draft: Draft): Draft {
    const { continues, ...rest } = draft.rest;
    return continues && workOf(draft) !== this.openedWork ? { ...draft, rest } : draft;
  }

  private text(): string {
    return JSON.stringify($state.snapshot(this.draft));
  }
}

const FIGURE = /\d+(?:[.,]\d+)*/g;

/** What is watched of machines; the rest may change by the second. */
function states(machines: Machine[]): string {
  return JSON.stringify(
    machines.map((machine) => [machine.machine_id, machine.state, machine.reason?.replace(FIGURE, ''), machine.missing, machine.threads, machine.backends.map(changing)]),
  );
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
