import { test } from 'vitest';
import { createRosterReader } from '../../src/lti/roster.ts';
import { createWorld } from './support/world.ts';
import { monitorEventLoopDelay } from 'node:perf_hooks';
test('bench', async () => {
  const world = await createWorld();
  const member = (n: number) => ({ status: 'Active', name: `Person Number ${n}`, picture: 'https://x/y.png', given_name: 'Person', family_name: `Number ${n}`, email: `p${n}@example.edu`, user_id: `0123-4567-89ab-${n}`, lis_person_sourcedid: `S${n}`, lti11_legacy_user_id: 'a'.repeat(40), roles: ['http://purl.imsglobal.org/vocab/lis/v2/membership#Learner'] });
  const bodies = Array.from({ length: 200 }, (_, p) => JSON.stringify({ id: 'x', context: { id: '2' }, members: Array.from({ length: 50 }, (_, n) => member(p * 50 + n)) }));
  world.lms.on('/roster', (req, res) => {
    const page = Number(new URL(req.url ?? '', 'http://x').searchParams.get('page') ?? 1);
    if (page < 200) res.setHeader('Link', `<${world.lms.url}/roster?page=${page + 1}>; rel="next"`);
    res.end(bodies[page - 1]);
  });
  const sizes = [5000, 20000, 100000];
  const big = new Map(sizes.map((size) => [size, Buffer.from(JSON.stringify({ id: 'x', context: { id: '2' }, members: Array.from({ length: size }, (_, n) => member(n)) }))]));
  for (const size of sizes) world.lms.on(`/big${size}`, (_req, res) => void res.end(big.get(size)));
  const platform = await world.addPlatform({ family: 'canvas' });
  const read = createRosterReader({ ...world, platforms: world.storage.platforms, sleep: async () => {}, jitter: () => 0.5 });
  async function walk(path: string) {
    let members = 0;
    const pages = read({ platformId: platform.id, contextId: '2', rosterUrl: world.lms.url + path, signal: new AbortController().signal });
    for (;;) { const next = await pages.next(); if (next.done) return [members, next.value]; members += next.value.length; }
  }
  async function bare() {
    for (let p = 1; p <= 200; p++) { const r = await world.http({ url: `${world.lms.url}/roster?page=${p}` }); if (r.ok) JSON.parse(r.value.body); }
  }
  for (let i = 0; i < 6; i++) {
    let t = performance.now(); const c0 = process.cpuUsage(); await bare(); const b = performance.now() - t; const c1 = process.cpuUsage(c0);
    t = performance.now(); const c2 = process.cpuUsage(); await walk('/roster'); const w = performance.now() - t; const c3 = process.cpuUsage(c2);
    console.log(`bare ${b.toFixed(0)} ms, walk ${w.toFixed(0)} ms, ratio ${(w / b).toFixed(2)} cpu ${((c3.user+c3.system)/(c1.user+c1.system)).toFixed(2)}`);
  }
  for (const size of sizes) {
    const h = monitorEventLoopDelay({ resolution: 5 }); h.enable();
    const t = performance.now(); const r = await walk(`/big${size}`); h.disable();
    console.log(size, big.get(size)?.length, JSON.stringify(r), (performance.now() - t).toFixed(0), 'ms, max delay', (h.max / 1e6).toFixed(0), 'rss', (process.memoryUsage().rss/1e6).toFixed(0));
  }
  await world.close();
}, 120000);
