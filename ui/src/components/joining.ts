/** Why an agent that was started beside central is still no machine of the fleet. */

import type { RefusedAgent, Service } from '../lib/api/admin';
import type { Failure } from '../lib/events/types';

/** An agent connects within a few seconds. */
export const PATIENCE_MS = 20_000;

const LOG = 'Fleet > Logs shows what it reported.';

/** Null while it may still connect. */
export function whyAway(services: readonly Service[], refused: readonly RefusedAgent[], waited_ms: number): Pick<Failure, 'message' | 'remedy'> | null {
  const [agent] = refused;
  if (agent) return { message: `The agent at ${agent.address} was refused: ${agent.reason}`, remedy: agent.remedy };
  if (!services.some(({ component, running }) => component === 'agent' && running)) return { message: 'The agent stopped before it connected', remedy: `${LOG} Then try again.` };
  if (waited_ms < PATIENCE_MS) return null;
  return { message: 'The agent runs, but has not connected to this central', remedy: `${LOG} It keeps trying; or stop it there, and try again.` };
}
