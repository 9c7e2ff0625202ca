/** How models fit the machines: asked for those that are shown, a few at a time. */

import * as engines from '../../../lib/api/engines';
import type { Fit, ModelHere } from '../../../lib/api/engines';
import { bytes } from '../../../lib/format/quantity';

const AT_ONCE = 2;

type Ask = typeof engines.modelOn;

export class Fits {
  /** By model and context; of those only that were asked for. */
  private known = $state.raw<ReadonlyMap<string, ReadonlyMap<string, ModelHere>>>(new Map());
  private waiting: { model: string; context: number }[] = [];
  private asked = new Set<string>();
  private asking = 0;
  private machines: readonly unknown[] | null = null;

  constructor(private readonly ask: Ask = engines.modelOn) {}

  on(model: string, context: number, machineId: string): Fit | null {
    return this.known.get(key(model, context))?.get(machineId)?.fit ?? null;
  }

  /** Learn of these soon; of what is no longer shown, not at all. */
  want(models: string[], context: number): void {
    this.waiting = models
      .filter((model) => !this.asked.has(key(model, context)))
      .map((model) => ({ model, context }));
    this.go();
  }

  /** What the machines have may be other than before: then what was learnt may not hold. */
  forget(machines: readonly unknown[]): void {
    if (this.machines !== machines) this.asked.clear();
    this.machines = machines;
  }

  private go(): void {
    while (this.asking < AT_ONCE) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      this.asked.add(key(next.model, next.context));
      this.asking += 1;
      void this.learn(next.model, next.context);
    }
  }

  private async learn(model: string, context: number): Promise<void> {
    try {
      const found = await this.ask(model, context);
      this.known = new Map(this.known).set(key(model, context), found);
    } catch {
      // A badge that is not there says no more than that; it is asked for again when shown anew.
      this.asked.delete(key(model, context));
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
export function fitWords(fit: Fit | null): string {
  if (fit === null) return 'how it fits is not known: no machine tells of this model';
  const parts: string[] = [];
  if (fit.need_bytes !== null) {
    const buffer = `${bytes(fit.buffer_bytes)} buffer${fit.buffer_assumed ? ', assumed' : ''}`;
    const kv = `${bytes(fit.kv_bytes)} for ${fit.context?.toLocaleString('en') ?? '?'} tokens of context`;
    const slots = fit.slots > 1 ? ` in each of ${fit.slots} slots` : '';
    parts.push(`needs ${bytes(fit.need_bytes)}: ${bytes(fit.weights_bytes)} of weights, ${kv}${slots}, ${buffer}`);
  }
  if (fit.usable_bytes !== null) parts.push(`${bytes(fit.usable_bytes)} of ${POOLS[fit.pool]} memory can be used`);
  if (fit.ratio !== null) parts.push(`${fit.ratio.toFixed(2)} times what it needs`);
  if (fit.missing.length > 0) parts.push(`to tell, it takes ${fit.missing.join('; ')}`);
  return parts.join('; ');
}
