// One no-op job for each delivery, by graphile-worker: all are added, then all are run.
// Arguments: how many, and `plain` or `tuned`. The database is named by PG* in the
// environment, the packages are found by NODE_PATH. Prints one line of JSON.

import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { Logger, makeWorkerUtils, run } = require('graphile-worker');
const { Pool } = require('pg');

const jobs = Number(process.argv[2]);
const tuned = process.argv[3] === 'tuned';
// As many jobs at once, and as many requests under way, as our own load has events.
const BATCH = 1000;
const ADDERS = 4;

const pgPool = new Pool({ max: 20 });
// A broken connection shows in the jobs that are left.
pgPool.on('error', () => {});
pgPool.on('connect', (client) => client.on('error', () => {}));
const logger = new Logger(() => () => {});
const utils = await makeWorkerUtils({ pgPool, logger });
await utils.migrate();

const seconds = (since) => (performance.now() - since) / 1000;

let next = 0;
async function adder() {
  while (next < jobs) {
    const from = next;
    next = Math.min(from + BATCH, jobs);
    const batch = [];
    for (let number = from; number < next; number += 1) {
      batch.push({ identifier: 'delivery', payload: { message: number } });
    }
    await utils.addJobs(batch);
  }
}

const adding = performance.now();
await Promise.all(Array.from({ length: ADDERS }, adder));
const addSeconds = seconds(adding);

const events = new EventEmitter();
let done = 0;
const allDone = new Promise((resolve) => {
  events.on('job:complete', () => {
    done += 1;
    if (done === jobs) resolve();
  });
});
// The plain run has the worker's defaults but for the number of jobs at once; the tuned one
// what its own notes on speed advise.
const worker = tuned
  ? {
      concurrentJobs: 24,
      localQueue: { size: 500 },
      completeJobBatchDelay: 0,
      failJobBatchDelay: 0,
    }
  : { concurrentJobs: 10 };
const running = performance.now();
const runner = await run({
  pgPool,
  logger,
  events,
  noHandleSignals: true,
  taskList: { delivery: async () => {} },
  preset: { worker },
});
await allDone;
// A job is done when it is gone from the table, which is a little later.
async function left() {
  const counted = await pgPool.query('select count(*)::int as n from graphile_worker.jobs');
  return counted.rows[0].n;
}
const patience = performance.now();
while ((await left()) > 0 && seconds(patience) < 10) {
  await new Promise((resolve) => setTimeout(resolve, 5));
}
const runSeconds = seconds(running);
await runner.stop();
const remaining = await left();
await utils.release();
await pgPool.end();

const cpu = process.cpuUsage();
console.log(
  JSON.stringify({
    version: require('graphile-worker/package.json').version,
    node: process.version,
    add_seconds: addSeconds,
    run_seconds: runSeconds,
    left: remaining,
    cpu_s: (cpu.user + cpu.system) / 1e6,
  }),
);
