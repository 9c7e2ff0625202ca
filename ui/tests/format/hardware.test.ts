import { expect, it } from 'vitest';

import { chips, shortModel, shortModels, systemName } from '../../src/lib/format/hardware';

it('leaves of a model what tells it apart', () => {
  const names = {
    'Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz': 'Xeon Gold 6338',
    'Intel(R) Xeon(R) Processor': 'Xeon',
    'AMD Ryzen 9 7950X 16-Core Processor': 'Ryzen 9 7950X',
    '12th Gen Intel(R) Core(TM) i7-12700K': 'i7-12700K',
    'Apple M3 Max': 'M3 Max',
    'NVIDIA GeForce RTX 4090': 'RTX 4090',
    'NVIDIA H200': 'H200',
    'Intel CPU': 'Intel CPU',
  };
  expect(Object.keys(names).map(shortModel)).toEqual(Object.values(names));
});

it('counts GPUs of one name', () => {
  expect(shortModels(['NVIDIA H200', 'NVIDIA H200', 'NVIDIA GeForce RTX 4090'])).toBe('2x H200, RTX 4090');
  expect(shortModels([])).toBe('');
});

const GIB = 2 ** 30;
const box = {
  cpu: { model: 'AMD Ryzen 9 7950X 16-Core Processor', architecture: 'x86_64', physical_cores: 16, logical_cores: 32 },
  memory: { total_bytes: 64 * GIB },
  gpus: [{ name: 'NVIDIA GeForce RTX 4090', vram_bytes: 24 * GIB }, { name: 'NVIDIA GeForce RTX 4090', vram_bytes: 24 * GIB }],
  os: { name: 'Ubuntu', version: '24.04', kernel: '6.18.2-generic' },
};

it('names GPUs with their memory, and the machine with its cores', () => {
  expect(chips(box)).toEqual(['2x RTX 4090 24 GiB', 'Ryzen 9 7950X 16c/32t · 64 GiB · Linux 6.18']);
});

it('names the power limit of a GPU where it is known', () => {
  const limited = { gpus: [{ name: 'NVIDIA GeForce RTX 4090', vram_bytes: 24 * GIB, power_limit_w: 350 }] };
  expect(chips(limited)).toEqual(['RTX 4090 24 GiB · 350 W']);
});

it('leaves out what a machine does not tell', () => {
  const bare = {
    cpu: { model: null, architecture: 'aarch64', physical_cores: null, logical_cores: 8 },
    memory: { total_bytes: null },
    gpus: [],
    os: { name: null, version: null, kernel: null },
  };
  expect(chips(bare)).toEqual(['aarch64 8t']);
  expect(chips({})).toEqual([]);
  expect(systemName({ name: 'macOS', version: '15.1', kernel: '24.1.0' })).toBe('macOS 15.1');
});
