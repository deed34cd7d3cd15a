// What main.mjs and post.mjs do. Plain Node, no dependencies: whoever reads this
// file has read all of it. The program is looked for in this order:
//
//   1. the tool cache, 2. the release asset whose SHA-256 stands in digests.json,
//   3. where there is no such asset, `go build` from this checkout, said aloud.
//
// A wrong digest ends the step. No input has a say in any of this.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const programs = ['maskrun', 'maskrun-stores'];

// The world, so that tests can make another one.
export const world = {
  env: process.env, platform: process.platform, arch: process.arch, fetch: globalThis.fetch,
  root: path.dirname(here), path, say: (s) => console.log(`maskrun: ${s}`),
  digests: () => JSON.parse(fs.readFileSync(path.join(here, 'digests.json'), 'utf8')),
  build: goBuild,
};

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const exe = (w, name) => (w.platform === 'win32' ? `${name}.exe` : name);

// find gives the directory that has the programs.
export async function find(w) {
  const { version, assets } = w.digests();
  const key = `${w.platform}-${w.arch}`;
  const wanted = version && assets?.[key];
  if (!wanted) return build(w, `there is no release of ${version || 'this checkout'} for ${key}`);
  const cached = w.path.join(w.env.RUNNER_TOOL_CACHE || w.env.RUNNER_TEMP || '', 'maskrun', version, key);
  if (complete(w, cached)) {
    for (const name of programs) check(name, fs.readFileSync(w.path.join(cached, exe(w, name))), wanted[name], 'in the tool cache');
    return cached;
  }
  const files = {};
  for (const name of programs) {
    const bytes = await download(w, version, `${name}_${key}${w.platform === 'win32' ? '.exe' : ''}`);
    if (!bytes) return build(w, `the release v${version} has no ${name} for ${key}`);
    check(name, bytes, wanted[name], 'of the release');
    files[exe(w, name)] = bytes;
  }
  try {
    return keep(w, cached, files);
  } catch (e) {
    w.say(`the tool cache cannot be written (${e.code || 'error'}): using the job's temporary directory`);
    return keep(w, w.path.join(temporary(w), `maskrun-${version}`), files);
  }
}

const complete = (w, dir) => programs.every((name) => fs.existsSync(w.path.join(dir, exe(w, name))));

function check(name, bytes, want, where) {
  const have = sha256(bytes);
  if (have !== want) throw new Error(`the SHA-256 of ${name} ${where} is ${have}, not ${want}: it is not what was released, and is not run`);
}

async function download(w, version, asset) {
  const answer = await w.fetch(`https://github.com/maskrun/maskrun/releases/download/v${version}/${asset}`, { signal: AbortSignal.timeout(120_000) });
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Error(`download of ${asset}: status ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
}

// keep writes to a directory beside the last one and renames it: a job that is
// cancelled meanwhile leaves no half of a program.
function keep(w, dir, files) {
  fs.mkdirSync(w.path.dirname(dir), { recursive: true });
  const made = fs.mkdtempSync(`${dir}-`);
  for (const [name, bytes] of Object.entries(files)) fs.writeFileSync(w.path.join(made, name), bytes, { mode: 0o755 });
  try {
    fs.renameSync(made, dir);
  } catch (e) {
    if (!complete(w, dir)) throw e; // another job was faster: its files are checked as ours were
    for (const [name, bytes] of Object.entries(files)) check(name, fs.readFileSync(w.path.join(dir, name)), sha256(bytes), 'in the tool cache');
    fs.rmSync(made, { recursive: true });
  }
  return dir;
}

function temporary(w) {
  if (!w.env.RUNNER_TEMP) throw new Error('RUNNER_TEMP is not set: is this a step of a job?');
  return w.env.RUNNER_TEMP;
}

function build(w, why) {
  w.say(`${why}; building it from ${w.root} with go`);
  const dir = w.path.join(temporary(w), 'maskrun-built');
  w.build(w, dir);
  return dir;
}

function goBuild(w, dir) {
  fs.mkdirSync(dir, { recursive: true });
  const args = ['build', '-trimpath', '-ldflags=-s -w', '-o', dir + path.sep, ...programs.map((p) => `./cmd/${p}`)];
  const done = spawnSync('go', args, { cwd: w.root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...w.env, CGO_ENABLED: '0' } });
  if (done.error) throw new Error('go is not to be had: set it up in a step before (actions/setup-go), or use a released version');
  if (done.status !== 0) throw new Error(`go build ended with ${done.status}`);
}

// announce puts the directory on PATH for later steps, and remembers it for post.
export function announce(w, dir) {
  fs.appendFileSync(w.env.GITHUB_PATH, `${dir}\n`);
  fs.appendFileSync(w.env.GITHUB_STATE, `directory=${dir}\n`);
}

// run runs the program to its end and gives its exit code; signals are passed on.
export function run(w, dir, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(w.path.join(dir, exe(w, 'maskrun')), args, { stdio: 'inherit', env: w.env });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(signal ? 1 : code));
  });
}

async function end(w, work) {
  try {
    process.exitCode = await work();
  } catch (e) {
    w.say(`error: ${e.message}`);
    process.exitCode = 1;
  }
}

export const main = () => end(world, async () => {
  const dir = await find(world);
  announce(world, dir);
  return run(world, dir, ['action']);
});

export const post = () => end(world, async () => {
  const dir = world.env.STATE_directory;
  return dir ? run(world, dir, ['action', '--post']) : 0; // without it main has failed, and said so
});
