/** Descriptions of workloads: each is fetched once, as its digest names it for ever. */

import { ApiError, get } from './client';
import type { Kind, KindAnswer, Workload } from './documents';

const fetched = new Map<string, Promise<Workload>>();

/** Complete one kind with the descriptions of its offers, and leave the others without offers; an
    offer that has just changed is left out. */
export async function described(kinds: readonly KindAnswer[], name: string): Promise<Kind[]> {
  return Promise.all(
    kinds.map(async (kind) => {
      if (kind.kind !== name) return { ...kind, offers: [] };
      const offers = await Promise.all(
        kind.offers.map(async (offer) => {
          const workload = await current(offer.workload.digest);
          return workload === null ? [] : [{ ...offer, workload }];
        }),
      );
      return { ...kind, offers: offers.flat() };
    }),
  );
}

async function current(digest: string): Promise<Workload | null> {
  let workload = fetched.get(digest);
  if (workload === undefined) {
    workload = get<Workload>(`/api/workloads/${digest}`);
    fetched.set(digest, workload);
    workload.catch(() => fetched.delete(digest));
  }
  try {
    return await workload;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}
