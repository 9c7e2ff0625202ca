/* A central played: the built page, and a scripted race of text.
   For looking at pages without engines: `npm run build && npm run stand-in`, then open /runs/text. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const STATIC = new URL('../benchrace_ui/static', import.meta.url).pathname;
const PORT = Number(process.argv[2] ?? 8099);
const LANES = Number(process.argv[3] ?? 3);
const RATE = Number(process.argv[4] ?? 40);
const ROUNDS = 3;
const TOKENS = Number(process.argv[5] ?? 240);
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
const TYPES = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.html': 'text/html; charset=utf-8' };
const WORDS = 'The race begins where every lane has drawn a breath and, at one instant, lets go.\n'.split(/(?<= )/);
const HOSTILE = '<img src=x onerror=alert(1)>';
const METRICS = [
  { name: 'gen_tokens_per_s', title: 'Decode rate', unit: 'tok/s', better: 'higher', estimator: 'ratio', headline: true, formula: '(N_out - 1) / (t_last - t_first)' },
  { name: 'ttft_ms', title: 'First token', unit: 'ms', better: 'lower', estimator: 'sample', headline: true, formula: 't_first - t_send' },
];
const WORKLOAD = {
  kind: 'llm_generate',
  title: 'Generate text',
  metrics: METRICS,
  presets: { short: { max_tokens: 64 } },
  automatic: null,
  drawing: 'text',
  together: false,
  params_schema: {
    type: 'object',
    order: ['model', 'prompt', 'max_tokens', 'temperature'],
    required: ['model'],
    properties: {
      model: { type: 'string', title: 'Model', description: 'As the engine names it.' },
      prompt: { type: 'string', title: 'Prompt', maxLength: 100000, default: 'Explain unified memory.' },
      max_tokens: { type: 'integer', title: 'Length', minimum: 1, maximum: 8192, default: 256 },
      temperature: { type: 'number', title: 'Temperature', minimum: 0, maximum: 2, default: 0.2 },
    },
  },
};

const lanes = Array.from({ length: LANES }, (_, index) => ({
  lane_id: `l${index}`,
  label: index === 1 ? `qwen ${HOSTILE}` : `llama3 q${8 - index}`,
  machine_id: `m${index}`,
  backend: 'ollama',
  params: { max_tokens: TOKENS },
  job_id: `j${index}`,
  counted: 0,
  discarded: 0,
  verdict: null,
  marks: [],
  error: null,
  summary: {},
  rounds: [],
}));
const run = {
  run_id: 'text', created_at: Date.now() / 1000, started_at: Date.now() / 1000, ended_at: null,
  spec: { kind: 'llm_generate', params: { model: 'llama3' } }, state: 'running', kind: 'llm_generate',
  order: 'contiguous', rounds: ROUNDS, warmup: 1, lanes, left_out: [], workloads: { ollama: WORKLOAD },
  machines: Object.fromEntries(lanes.map((lane) => [lane.machine_id, { machine_id: lane.machine_id, label: `machine ${lane.machine_id}` }])),
  automatic: null, name: null, tags: [], notes: null, staggered: false, failure: null, epoch: 0, offset: 0, heats: [],
  standing: null, winner: null, winner_reason: null,
};
const seqs = new Map();
const log = [];
const began = performance.now();

function say(type, payload, { job = null, machine = null, lane = null, round = null, stream = 'central' } = {}) {
  const key = `${job}/${stream}`;
  const seq = seqs.get(key) ?? 0;
  seqs.set(key, seq + 1);
  const t_ns = Math.round((performance.now() - began) * 1e6);
  log.push(JSON.stringify({ type, run_id: 'text', job_id: job, machine_id: machine, lane_id: lane, round, stream, seq, t_ns, timestamp_s: Date.now() / 1000, payload }));
}

const wait = (ms) => new Promise((done) => setTimeout(done, ms));

async function race(lane, index) {
  const at = { job: lane.job_id, machine: lane.machine_id, lane: lane.lane_id, stream: 'work' };
  for (let round = 0; round <= ROUNDS; round += 1) {
    const warmup = round === 0;
    const place = { ...at, round };
    const start = performance.now();
    say('round_start', { warmup, heat: round, started_ns: 0 }, place);
    await wait(80 + index * 60);
    const rate = RATE * (1 - index * 0.03) * (0.9 + Math.random() * 0.2);
    const first = performance.now();
    for (let token = 0; token < TOKENS; ) {
      const due = Math.min(TOKENS, Math.floor(((performance.now() - first) * rate) / 1000) + 1);
      for (; token < due; token += 1) say('llm_token', { text: WORDS[token % WORDS.length], pieces: 1 }, place);
      await wait(33);
    }
    const elapsed_ns = Math.round((performance.now() - start) * 1e6);
    const measured = [
      { metric: 'gen_tokens_per_s', value: rate },
      { metric: 'ttft_ms', value: first - start },
    ];
    const suspect = index === 2 && round === 2;
    const verdict = suspect
      ? { level: 'SUSPECT', reasons: [{ code: 'throttled', text: 'the GPU was throttled by heat' }] }
      : { level: 'VALID', reasons: [] };
    const done = { round, warmup, heat: round, verdict: verdict.level, reasons: verdict.reasons, measured, elapsed_ns, error: null };
    const record = { engine: { name: 'llama.cpp', version: 'b1', model: lane.label, quantization: 'Q8_0', settings: {} }, cache: 'warm-unique', cache_proof: 'engine', alone: true };
    say('round_done', { ...done, verdict, record, metrics_version: 1 }, place);
    lane.rounds.push(done);
    if (!warmup) stand(lane, suspect, verdict.reasons);
  }
  say('job_done', { metrics: {} }, { ...at, lane: null });
}

function stand(lane, suspect, reasons) {
  lane.counted += 1;
  lane.verdict = suspect || lane.verdict === 'SUSPECT' ? 'SUSPECT' : 'VALID';
  if (suspect) lane.marks.push(...reasons);
  const rounds = lane.rounds.filter((round) => !round.warmup);
  for (const [index, metric] of METRICS.entries()) {
    const values = rounds.map((round) => round.measured[index].value);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    lane.summary[metric.name] = { ...metric, n: values.length, value: mean, mean, median: mean, sd: null, cv: 0.03, ci95: [mean * 0.94, mean * 1.06], min: null, max: null, reason: null };
  }
  const ranked = lanes.filter((each) => each.counted > 0).sort((one, other) => other.summary.gen_tokens_per_s.value - one.summary.gen_tokens_per_s.value);
  const places = ranked.map((each, index) => {
    const { value, ci95 } = each.summary.gen_tokens_per_s;
    return { lane_id: each.lane_id, place: index === 1 ? 1 : index + 1, value, low: ci95[0], high: ci95[1], marked: each.verdict === 'SUSPECT' };
  });
  run.standing = { metric: 'gen_tokens_per_s', places };
  say('standing', run.standing);
}

/** As central words it; the numbers are those of the lanes. */
function result() {
  const ranked = run.standing.places.map((place) => {
    const lane = lanes.find((each) => each.lane_id === place.lane_id);
    const rounds = lane.rounds.filter((round) => !round.warmup).map((round) => round.measured[0].value);
    const { value, ci95, cv } = lane.summary.gen_tokens_per_s;
    return { lane_id: lane.lane_id, place: place.place, value, ci95, share: value / run.standing.places[0].value, ratio: null, rounds, noisy: cv > 0.05, cv, host_id: null };
  });
  const [metric] = METRICS;
  return {
    metric: metric.name, title: metric.title, unit: metric.unit, better: metric.better, lanes: ranked,
    leader: ranked[0].lane_id, runner_up: ranked[1]?.lane_id ?? null, winner: null, tied: ranked.slice(0, 2).map((lane) => lane.lane_id),
    ratio: null, more_rounds: 10, headline: 'Too close to call', margin: null, interval: null, detail: 'The first two lanes overlap',
    confidence: { level: 'low', reasons: [{ code: 'overlap', text: 'The intervals overlap' }], text: 'Confidence: low. The intervals overlap.' },
  };
}

async function whole() {
  await wait(1500);
  say('run_lifecycle', { phase: 'run_start' });
  const sampling = setInterval(() => {
    for (const lane of lanes) {
      const gpu = { index: 0, utilization_percent: 80 + Math.random() * 20, memory_used_bytes: 9e9, memory_total_bytes: 24e9, power_w: 200 + Math.random() * 40 };
      const sample = { cpu_percent: 10 + Math.random() * 20, memory_used_bytes: 14e9, memory_total_bytes: 64e9, gpus: [gpu] };
      say('runtime_sample', sample, { job: lane.job_id, machine: lane.machine_id, stream: 'agent' });
    }
  }, 500);
  await Promise.all(lanes.map(race));
  clearInterval(sampling);
  Object.assign(run, { result: result(), state: 'done', ended_at: Date.now() / 1000, winner_reason: `these cannot be told apart: ${lanes[0].label}, ${lanes[1]?.label}` });
  say('run_lifecycle', { phase: 'run_end', state: 'done' });
}

function events(request, response) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  let offset = Number((request.headers['last-event-id'] ?? '0-0').split('-')[1]);
  const send = () => {
    if (log.length > offset) {
      const lines = log.slice(offset, offset + 200);
      offset += lines.length;
      response.write(`id: 0-${offset}\n${lines.map((line) => `data: ${line}\n`).join('')}\n`);
    } else if (run.state === 'done') {
      response.end('event: end\ndata: {}\n\n');
      clearInterval(timer);
    }
  };
  const timer = setInterval(send, 33);
  request.on('close', () => clearInterval(timer));
}

function api(path) {
  const models = [{ name: 'llama3:8b-q4_0' }, { name: 'llama3:8b-q8_0' }];
  const named = { kind: WORKLOAD.kind, title: WORKLOAD.title, digest: 'text' };
  const backend = { name: 'ollama', title: 'Ollama', version: '0.9', workloads: [named], reachable: true, models, problems: [] };
  const machines = lanes.map((lane) => ({ machine_id: lane.machine_id, label: `machine ${lane.machine_id}`, state: 'ready', reason: null, excluded: false, backends: [backend] }));
  switch (path) {
    case '/api/workloads':
      return { workloads: [{ kind: 'llm_generate', title: 'Generate text', offers: [{ backend: 'ollama', title: 'Ollama', machines: machines.map((each) => each.machine_id), workload: named }] }] };
    case '/api/workloads/text':
      return WORKLOAD;
    case '/api/machines':
      return { machines };
    case '/api/session':
      return { asks: false, right: 'operate', watch: 'nobody', expires_at: null };
    case '/api/runs':
      return { runs: [] };
    case '/api/runs/plan':
    case '/api/runs/text':
      return run;
    default:
      return null;
  }
}

createServer((request, response) => {
  const path = new URL(request.url ?? '/', 'http://x').pathname;
  if (path === '/api/runs/text/events') return events(request, response);
  const answer = path.startsWith('/api/') ? api(path) : undefined;
  if (answer !== undefined) {
    response.writeHead(answer === null ? 404 : 200, { 'Content-Type': 'application/json' });
    return response.end(JSON.stringify(answer ?? { error: { category: 'validation', message: 'nothing is here', remedy: 'Look elsewhere.' } }));
  }
  const file = /^\/(assets\/|favicon)/.test(path) ? normalize(path) : '/index.html';
  try {
    const found = readFileSync(join(STATIC, file));
    response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream', 'Content-Security-Policy': POLICY });
    response.end(found);
  } catch {
    response.writeHead(404).end();
  }
}).listen(PORT, '127.0.0.1', () => console.log(`http://127.0.0.1:${PORT}/runs/text`));
void whole();
