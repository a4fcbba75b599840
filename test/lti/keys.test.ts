import express from 'express';
import request from 'supertest';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keyRoutes } from '../../src/lti/keys.routes.ts';
import { createWorld, type World } from './support/world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

const keySet = () => request(express().use(keyRoutes(world))).get('/lti/keys');

test('the key set is empty while no platform is registered', async () => {
  expect((await keySet()).body).toEqual({ keys: [] });
});

test('the key set has the key of a platform at once, may be kept for a minute, and holds nothing private', async () => {
  await keySet();
  const { keyId } = await world.addPlatform();
  const answer = await keySet();
  expect(answer.headers['cache-control']).toBe('public, max-age=60');
  expect(answer.headers['content-type']).toContain('application/json');
  expect(answer.body.keys).toHaveLength(1);
  expect(Object.keys(answer.body.keys[0]).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  expect(answer.body.keys[0].kid).toBe(keyId);
});

test('the key set forgets a key that was removed, and answers 304 to who has it already', async () => {
  const { keyId } = await world.addPlatform();
  const first = await keySet();
  const again = await keySet().set('If-None-Match', first.headers.etag ?? '');
  expect(again.status).toBe(304);
  await world.storage.keys.removeKeyPair(keyId);
  expect((await keySet()).body).toEqual({ keys: [] });
});
