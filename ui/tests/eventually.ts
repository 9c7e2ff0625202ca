import { vi } from 'vitest';

/** Wait until `look` throws nothing, for as long as a busy machine may need: a guard against hanging, never a measure. */
export function eventually<T>(look: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(look, { timeout: 20_000, interval: 10 });
}
