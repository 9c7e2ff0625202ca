import { expect, it } from 'vitest';

import type { RunDocument } from '../../src/lib/api/documents';
import type { Facts } from '../../src/lib/race/facts';
import { testSystem } from '../../src/lib/result/test_system';

const GIB = 2 ** 30;
const left = {
  label: 'desk',
  version: '0.1.0',
  hardware: {
    cpu: { model: 'AMD Ryzen 9 7950X', physical_cores: 16, logical_cores: 32, usable_threads: 8 },
    memory: { total_bytes: 64 * GIB },
    gpus: [{ name: 'NVIDIA GeForce RTX 4090', vram_bytes: 24 * GIB, driver_version: '570.1', power_limit_w: 350 }],
    os: { name: 'Ubuntu', version: '24.04', kernel: '6.18.2' },
    virtualisation: 'none',
  },
};
const lane = (lane_id: string, machine_id: string) => ({ lane_id, machine_id });
const facts = (model: string) => ({ engine: 'llama-server', version: 'b1234', model, quantization: 'Q8_0' }) as Facts;

it('names each machine with what ran there, and leaves out what is not known', () => {
  const run = {
    version: '0.2.0',
    lanes: [lane('a', 'left'), lane('b', 'left'), lane('c', 'right')],
    machines: { left },
  } as unknown as RunDocument;
  expect(testSystem(run, { a: facts('small'), b: facts('small-q8_0'), c: undefined })).toBe(
    `Test system (benchrace 0.2.0)

left (desk)
  CPU: AMD Ryzen 9 7950X, 16 cores, 32 threads, 8 usable
  Memory: 64 GiB
  GPU: NVIDIA GeForce RTX 4090, 24 GiB, driver 570.1, power limit 350 W
  OS: Ubuntu 24.04, kernel 6.18.2
  Agent: 0.1.0
  Engine: llama-server b1234: small Q8_0
  Engine: llama-server b1234: small-q8_0

right`,
  );
});
