/** How models fit the machines: asked for those that are shown, a few at a time. */

import * as engines from '../../../lib/api/engines';
import type { Fit, ModelHere, Prediction } from '../../../lib/api/engines';
import { count, digits, fileSize, memorySize, percent, plural, quantity } from '../../../lib/format/quantity';

const AT_ONCE = 2;

type Ask = typeof engines.modelOn;

export class Fits {
  /** By model and context; of those only that were asked for. */
  private answers = $state.raw<ReadonlyMap<string, ReadonlyMap<string, ModelHere>>>(new Map());
  private waiting: { model: string; context: number }[] = [];
  private requested = new Set<string>();
  private asking = 0;
  private machines: readonly unknown[] | null = null;

  constructor(private readonly ask: Ask = engines.modelOn) {}

  on(model: string, context: number, machineId: string): Fit | null {
    return this.answers.get(key(model, context))?.get(machineId)?.fit ?? null;
  }

  /** How fast a backend's engine should be there; null until that was answered. */
  predicted(model: string, context: number, machineId: string, backend: string): Prediction | null {
    return this.answers.get(key(model, context))?.get(machineId)?.predictions[backend] ?? null;
  }

  /** The same for a model that the machine lacks, by a backend of another machine that has it. */
  elsewhere(model: string, context: number, machineId: string): Prediction | null {
    const predictions = this.answers.get(key(model, context))?.get(machineId)?.predictions ?? {};
    return Object.values(predictions)[0] ?? null;
  }

  /** Learn of these soon; of what is no longer shown, not at all. */
  want(models: string[], context: number): void {
    this.waiting = models
      .filter((model) => !this.requested.has(key(model, context)))
      .map((model) => ({ model, context }));
    this.go();
  }

  /** What the machines have may be other than before: then what was learnt may not hold. */
  forget(machines: readonly unknown[]): void {
    if (this.machines !== machines) this.requested.clear();
    this.machines = machines;
  }

  private go(): void {
    while (this.asking < AT_ONCE) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      this.requested.add(key(next.model, next.context));
      this.asking += 1;
      void this.learn(next.model, next.context);
    }
  }

  private async learn(model: string, context: number): Promise<void> {
    try {
      const fits = await this.ask(model, context);
      this.answers = new Map(this.answers).set(key(model, context), fits);
    } catch {
      // A badge that is not there says no more than that; it is asked for again when shown anew.
      this.requested.delete(key(model, context));
    }
    this.asking -= 1;
    this.go();
  }
}

function key(model: string, context: number): string {
  return `${context} ${model}`;
}

const POOLS: Record<Fit['pool'], string> = { vram: 'GPU', unified: 'unified', system: 'system' };

/** The numbers behind a badge, in one sentence. */
export function fitLabel(fit: Fit | null): string {
  if (fit === null) return 'fit unknown: no machine has reported this model';
  const parts: string[] = [];
  if (fit.need_bytes !== null) {
    const buffer = `${memorySize(fit.buffer_bytes)} buffer${fit.buffer_assumed ? ', assumed' : ''}`;
    const kv = `${memorySize(fit.kv_bytes)} for ${fit.context === null ? '?' : count(fit.context)} tokens of context`;
    const slots = fit.slots > 1 ? ` in each of ${fit.slots} slots` : '';
    parts.push(`needs ${memorySize(fit.need_bytes)}: ${memorySize(fit.weights_bytes)} of weights, ${kv}${slots}, ${buffer}`);
  }
  if (fit.usable_bytes !== null) parts.push(`${memorySize(fit.usable_bytes)} of ${POOLS[fit.pool]} memory available`);
  if (fit.ratio !== null) parts.push(`${digits(fit.ratio)} times what is needed`);
  if (fit.missing.length > 0) parts.push(`not known: ${fit.missing.join('; ')}`);
  return parts.join('; ');
}

/** What a prediction is made of, in one sentence. */
export function predictionLabel(prediction: Prediction): string {
  const { decode, prefill, efficiency, row_overhead, bytes_per_token, bandwidth_roof, compute_roof, depth } = prediction;
  if (decode === null) return `not predicted: ${prediction.missing.join('; ')}`;
  const cached = efficiency.in_cache ? ', only with models that fit the cache, which says little about larger ones' : '';
  const known = efficiency.n > 0 ? `measured in ${plural(efficiency.n, 'lane')} on this machine${cached}` : 'assumed: not measured on this machine yet';
  const unknown = ', without the time of the rows, as a width is not known';
  const rows = row_overhead === null ? unknown : row_overhead > 0 ? `, and the rows of its matrices take ${percent(row_overhead)} more time` : '';
  const parts = [
    `predicted ${quantity(decode.value, 'tok/s')}, between ${digits(decode.low)} and ${digits(decode.high)}, at a depth of ${count(depth)} tokens`,
    `reading ${fileSize(bytes_per_token)} per token limits it to ${quantity(bandwidth_roof, 'tok/s')}; efficiency ${percent(efficiency.value)} (${known})${rows}`,
  ];
  if (compute_roof !== null) parts.push(`compute limits it to ${quantity(compute_roof, 'tok/s')}`);
  if (prefill !== null) parts.push(`prefill ${quantity(prefill.value, 'tok/s')}, between ${digits(prefill.low)} and ${digits(prefill.high)}`);
  return parts.join('; ');
}
