// Written by `make docs` from benchrace/api; do not edit.

export type Better = 'higher' | 'lower' | 'none';

/**
 * What a round's energy is divided by: the value of the metric `counted_by`. `per_unit` is the energy of `size`
 * units, `per_watt` the units of a joule, which are units per second per watt. Both combine as sum / sum.
 */
export interface EnergyWork {
  counted_by: string;
  per_unit: Metric;
  per_watt: Metric;
  size: number;
}

/**
 * Which engine answered; part of a result's identity. `settings` are what the engine runs with and what was
 * asked, by its own names. `host` is null where the engine is proved to run on the agent's machine, else where
 * it is. `weights` names the file of the model's weights where the engine tells it: models of one file may share
 * a process.
 */
export interface EngineFacts {
  name: string;
  version: string | null;
  model: string;
  digest: string | null;
  quantization: string | null;
  settings: Record<string, string | number | boolean | null>;
  host: string | null;
  tokenizer: string | null;
  weights: string | null;
}

export type Estimator = 'sample' | 'ratio' | 'count';

/**
 * A number's declaration. `headline` metrics are shown first; the first one ranks lanes. `stamped` numbers come
 * from arrival stamps, so that less than the stamps' own error is a tie. `across` names the metric that ranks
 * instead where lanes count in units that are not comparable. `phrase` follows the number in a sentence: `tokens
 * per second while decoding`. `parts` names what a ratio's interval is over instead of rounds, such as
 * `recording`, where rounds repeat the same work: rounds that agree say nothing about other recordings.
 */
export interface Metric {
  name: string;
  title: string;
  unit: string;
  better: Better;
  estimator: Estimator;
  headline: boolean;
  formula: string;
  stamped: boolean;
  across: string | null;
  phrase: string;
  parts: string;
}
