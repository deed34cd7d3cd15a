import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';

import { announce, find, run } from './shim.mjs';

const sha256 = (s) => createHash('sha256').update(s).digest('hex');

// a world of its own for each test; what is downloaded comes from assets, by name.
function make(t, changes = {}) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'shim-'));
  t.after(() => { fs.chmodSync(dir, 0o700); fs.rmSync(dir, { recursive: true, force: true }); });
  const w = {
    env: { RUNNER_TOOL_CACHE: path.join(dir, 'tools'), RUNNER_TEMP: path.join(dir, 'temp'), GITHUB_PATH: path.join(dir, 'path'), GITHUB_STATE: path.join(dir, 'state') },
    platform: 'linux', arch: 'x64', path, root: '/checkout', said: [], asked: [], built: [],
    assets: { 'maskrun_linux-x64': 'program', 'maskrun-stores_linux-x64': 'stores' },
    digests: () => ({ version: '1.2.3', assets: { 'linux-x64': { maskrun: sha256('program'), 'maskrun-stores': sha256('stores') } } }),
    say: (s) => w.said.push(s),
    fetch: async (url) => {
      w.asked.push(url);
      const body = w.assets[url.split('/').at(-1)];
      return body === undefined ? { status: 404, ok: false } : { status: 200, ok: true, arrayBuffer: async () => Buffer.from(body) };
    },
    build: (_, to) => w.built.push(to),
    ...changes,
  };
  for (const name of ['tools', 'temp']) fs.mkdirSync(path.join(dir, name));
  w.dir = dir;
  return w;
}

test('the released program is fetched once, checked, and kept', async (t) => {
  const w = make(t);
  const dir = await find(w);
  assert.equal(fs.readFileSync(path.join(dir, 'maskrun'), 'utf8'), 'program');
  assert.equal(fs.statSync(path.join(dir, 'maskrun')).mode & 0o111, 0o111);
  assert.deepEqual(w.asked, ['maskrun', 'maskrun-stores'].map((n) => `https://github.com/maskrun/maskrun/releases/download/v1.2.3/${n}_linux-x64`));
  assert.equal(await find(w), dir);
  assert.equal(w.asked.length, 2, 'the second time it is in the tool cache');
  assert.deepEqual(fs.readdirSync(path.dirname(dir)), ['linux-x64'], 'nothing half done is left');
});

// FAULTS 111
test('a wrong digest ends it, and nothing is kept or built', async (t) => {
  for (const name of ['maskrun_linux-x64', 'maskrun-stores_linux-x64']) {
    const w = make(t);
    w.assets[name] = 'another program';
    await assert.rejects(find(w), /is not what was released, and is not run/);
    assert.deepEqual([fs.readdirSync(w.env.RUNNER_TOOL_CACHE), w.built], [[], []]);
  }
});

test('a program in the tool cache is checked too', async (t) => {
  const w = make(t);
  const dir = await find(w);
  fs.writeFileSync(path.join(dir, 'maskrun'), 'changed');
  await assert.rejects(find(w), /in the tool cache is .* not run/);
});

test('a release without this asset: built from the checkout, said aloud', async (t) => {
  const w = make(t);
  delete w.assets['maskrun-stores_linux-x64'];
  assert.deepEqual([await find(w), w.built.length], [path.join(w.env.RUNNER_TEMP, 'maskrun-built'), 1]);
  assert.match(w.said.join(), /has no maskrun-stores for linux-x64; building it from \/checkout/);
});

test('no release, or none for this machine: built, and nothing is asked for', async (t) => {
  for (const digests of [() => ({ version: '', assets: {} }), () => ({ version: '1.2.3', assets: { 'linux-arm64': {} } })]) {
    const w = make(t, { digests });
    await find(w);
    assert.deepEqual([w.built.length, w.asked], [1, []]);
  }
});

test('a server that fails is no missing asset', async (t) => {
  const w = make(t, { fetch: async () => ({ status: 503, ok: false }) });
  await assert.rejects(find(w), /status 503/);
  assert.equal(w.built.length, 0);
});

test('a tool cache that cannot be written: the temporary directory', async (t) => {
  const w = make(t);
  fs.rmdirSync(w.env.RUNNER_TOOL_CACHE);
  fs.writeFileSync(w.env.RUNNER_TOOL_CACHE, ''); // root may write to any directory, but not into a file
  const dir = await find(w);
  assert.ok(dir.startsWith(w.env.RUNNER_TEMP));
  assert.equal(fs.readFileSync(path.join(dir, 'maskrun'), 'utf8'), 'program');
  assert.match(w.said.join(), /tool cache cannot be written/);
});

test('a read-only tool cache, for who is not root', { skip: process.getuid?.() === 0 && 'root writes anyway' }, async (t) => {
  const w = make(t);
  fs.chmodSync(w.env.RUNNER_TOOL_CACHE, 0o500);
  assert.ok((await find(w)).startsWith(w.env.RUNNER_TEMP));
});

test('two jobs at once: the second takes what the first has kept', async (t) => {
  const w = make(t);
  const dirs = await Promise.all([find(w), find(w)]);
  assert.equal(dirs[0], dirs[1]);
  assert.deepEqual(fs.readdirSync(path.dirname(dirs[0])), ['linux-x64']);
});

test('Windows: paths and names are its own', async (t) => {
  const w = make(t, {
    platform: 'win32', path: path.win32,
    digests: () => ({ version: '1.2.3', assets: {} }),
    env: { RUNNER_TOOL_CACHE: 'C:\\hosted tools', RUNNER_TEMP: 'D:\\a\\_temp' },
  });
  assert.equal(await find(w), 'D:\\a\\_temp\\maskrun-built');
  const asked = make(t, { platform: 'win32', digests: () => ({ version: '1.2.3', assets: { 'win32-x64': { maskrun: sha256('program'), 'maskrun-stores': sha256('stores') } } }) });
  asked.assets = { 'maskrun_win32-x64.exe': 'program', 'maskrun-stores_win32-x64.exe': 'stores' };
  assert.deepEqual(fs.readdirSync(await find(asked)).sort(), ['maskrun-stores.exe', 'maskrun.exe']);
});

// FAULTS 112
test('no input has a say in what is fetched', async (t) => {
  const w = make(t);
  Object.assign(w.env, { INPUT_VERSION: 'v0', INPUT_URL: 'https://evil.invalid', 'INPUT_DOWNLOAD-URL': 'x', MASKRUN_VERSION: '9' });
  await find(w);
  assert.ok(w.asked.every((url) => url.startsWith('https://github.com/maskrun/maskrun/releases/download/v1.2.3/')));
});

test('later steps find the program, and post does', (t) => {
  const w = make(t);
  announce(w, '/some where');
  assert.equal(fs.readFileSync(w.env.GITHUB_PATH, 'utf8'), '/some where\n');
  assert.equal(fs.readFileSync(w.env.GITHUB_STATE, 'utf8'), 'directory=/some where\n');
});

test('the exit code is the program\'s; what cannot be run is an error', { skip: process.platform === 'win32' && 'the program here is a script' }, async (t) => {
  const w = make(t);
  fs.writeFileSync(path.join(w.dir, 'maskrun'), '#!/bin/sh\n[ "$1 $INPUT_X" = "action a b\'\\"c" ] || exit 9\nexit 42\n', { mode: 0o755 });
  w.env = { PATH: process.env.PATH, INPUT_X: 'a b\'"c' };
  assert.equal(await run(w, w.dir, ['action']), 42);
  await assert.rejects(run(w, '/nowhere', ['action']), /ENOENT/);
});

test('the digests of this checkout are complete', () => {
  const { version, assets } = JSON.parse(fs.readFileSync(new URL('./digests.json', import.meta.url), 'utf8'));
  assert.equal(typeof version, 'string');
  for (const [key, programs] of Object.entries(assets)) {
    assert.match(key, /^(linux|darwin|win32)-(x64|arm64)$/);
    for (const name of ['maskrun', 'maskrun-stores']) assert.match(programs[name] ?? '', /^[0-9a-f]{64}$/);
  }
});
