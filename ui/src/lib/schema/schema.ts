/** A workload's JSON Schema as fields of a form. */

export interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  order?: string[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  $ref?: string;
  $defs?: Record<string, Schema>;
  [other: string]: unknown;
}

export type FieldType = 'choice' | 'integer' | 'number' | 'boolean' | 'text' | 'long' | 'json';

export interface Field {
  name: string;
  title: string;
  help: string;
  type: FieldType;
  choices: unknown[];
  minimum: number | null;
  maximum: number | null;
  /** A value just at an exclusive bound is out of range. */
  above: number | null;
  below: number | null;
  longest: number | null;
  fallback: unknown;
  required: boolean;
  nullable: boolean;
  unit: string;
  /** What its values are taken from: `models` or `gpus` of the machines, what an `engine` reports; empty for none. */
  source: string;
}

/** Texts that may be longer than this are written in several lines. */
const ONE_LINE = 200;
const MAX_STEPS = 16;

export function fields(schema: Schema): Field[] {
  const root = resolve(schema, schema);
  const properties = root.properties ?? {};
  const order = root.order ?? Object.keys(properties);
  const names = [...order.filter((name) => name in properties)];
  names.push(...Object.keys(properties).filter((name) => !names.includes(name)));
  return names.map((name) =>
    field(name, resolve(properties[name] ?? {}, schema), (root.required ?? []).includes(name)),
  );
}

export function resolve(part: Schema, root: Schema): Schema {
  let resolved = part;
  for (let step = 0; step < MAX_STEPS && resolved.$ref !== undefined; step += 1) {
    const { $ref, ...own } = resolved;
    let target: unknown = root;
    for (const key of $ref.replace(/^#\//, '').split('/')) {
      target = (target as Record<string, unknown> | undefined)?.[key];
    }
    resolved = { ...((target as Schema | undefined) ?? {}), ...own };
  }
  return resolved;
}

function field(name: string, part: Schema, required: boolean): Field {
  const kinds = types(part);
  const own = chosen(part);
  return {
    name,
    title: own.title ?? part.title ?? words(name),
    help: part.description ?? own.description ?? '',
    type: typeOf(name, own, kinds),
    choices: own.enum ?? [],
    minimum: own.minimum ?? null,
    maximum: own.maximum ?? null,
    above: own.exclusiveMinimum ?? null,
    below: own.exclusiveMaximum ?? null,
    longest: own.maxLength ?? null,
    fallback: part.default,
    required: required && part.default === undefined,
    nullable: kinds.has('null'),
    unit: unitOf(name),
    source: typeof part.choices === 'string' ? part.choices : '',
  };
}

/** The one alternative beside null, where there is one. */
function chosen(part: Schema): Schema {
  const choices = (part.anyOf ?? part.oneOf ?? []).filter((option) => option.type !== 'null');
  return choices.length === 1 && choices[0] !== undefined ? { ...part, ...choices[0] } : part;
}

function types(part: Schema): Set<string> {
  const resolved = new Set(typeof part.type === 'string' ? [part.type] : (part.type ?? []));
  for (const option of [...(part.anyOf ?? []), ...(part.oneOf ?? [])]) {
    for (const type of types(option)) resolved.add(type);
  }
  return resolved;
}

function typeOf(name: string, part: Schema, kinds: Set<string>): FieldType {
  if (part.enum !== undefined && part.enum.length > 0) return 'choice';
  // A document that may be named instead: what is typed is text, which the lane reads.
  const isText = part.multiline === true && kinds.has('string');
  if (!isText && (kinds.has('object') || kinds.has('array'))) return 'json';
  if (kinds.has('string')) {
    return part.multiline === true || name === 'prompt' || (part.maxLength ?? 0) > ONE_LINE * 5 ? 'long' : 'text';
  }
  if (kinds.has('boolean')) return 'boolean';
  if (kinds.has('integer') && !kinds.has('number')) return 'integer';
  return kinds.has('number') ? 'number' : 'text';
}

const UNITS: readonly [RegExp, string][] = [
  [/_ms$/, 'ms'],
  [/_s$/, 's'],
  [/_gb$/, 'GB'],
  [/_bytes$/, 'bytes'],
  [/_tokens$|^num_ctx$/, 'tokens'],
  [/_percent$|_pct$/, '%'],
  [/^(width|height)$/, 'px'],
];

function unitOf(name: string): string {
  return UNITS.find(([pattern]) => pattern.test(name))?.[1] ?? '';
}

function words(name: string): string {
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
