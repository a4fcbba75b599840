import { describe, expect, it } from 'vitest';
import { readMongoUrl } from '../../src/config/mongo-url.ts';
import { databaseAddress, readDatabaseAddress } from '../../src/config/places.ts';

describe('the address of a MongoDB', () => {
  it.each([
    ['mongodb://localhost/trial', 'localhost/trial'],
    ['mongodb://localhost', 'localhost/rostrum'],
    ['mongodb://user:pass@localhost/?retryWrites=true', 'localhost/rostrum'],
    ['mongodb://db1:27017,db2:27018/rostrum?replicaSet=rs0', 'db1:27017,db2:27018/rostrum'],
    ['mongodb://user@db.example/rostrum', 'db.example/rostrum'],
    ['mongodb://user:p%40ss%2Fword@db.example/rostrum?authSource=admin&w=majority', 'db.example/rostrum'],
    ['mongodb://[::1]:27017/rostrum', '[::1]:27017/rostrum'],
    ['mongodb://%2Ftmp%2Fmongodb-27017.sock/rostrum', '%2Ftmp%2Fmongodb-27017.sock/rostrum'],
    ['mongodb://compose_db_1/rostrum', 'compose_db_1/rostrum'],
    ['mongodb+srv://user:pass@cluster0.abc.example.net/rostrum', 'cluster0.abc.example.net/rostrum'],
    ['mongodb://db/rostrum?readPreference=primary', 'db/rostrum'],
  ])('%s is taken, and shown as %s', (url, place) => {
    expect(readMongoUrl(url)).toEqual({ ok: true, value: { url, place } });
  });

  it('has its scheme as the driver wants it', () => {
    expect(readMongoUrl('MongoDB+SRV://Db.example/Rostrum')).toMatchObject({
      value: { url: 'mongodb+srv://Db.example/Rostrum' },
    });
  });

  it.each([
    ['mongodb:localhost/rostrum', /not the address of a MongoDB/],
    ['mongodb:///rostrum', /names no host/],
    ['mongodb://user:hidden@/rostrum', /names no host/],
    ['mongodb://db one/rostrum', /host that is none/],
    ['mongodb://db:port/rostrum', /host that is none/],
    ['mongodb://db1,,db2/rostrum', /host that is none/],
    ['mongodb://localhost/a/b', /does not allow/],
    ['mongodb://localhost/a%2Fb', /does not allow/],
    ['mongodb://localhost/a%zzb', /does not allow/],
    [`mongodb://localhost/${'x'.repeat(64)}`, /does not allow/],
    ['mongodb://localhost/admin', /belongs to MongoDB/],
    ['mongodb://localhost/rostrum#part', /fragment/],
    ['mongodb://user:hid#den@localhost/rostrum', /%23/],
    ['mongodb://@localhost/rostrum', /no user name/],
    ['mongodb://:hidden@localhost/rostrum', /no user name/],
    ['mongodb://user:hid@den@localhost/rostrum', /%40 for @/],
    ['mongodb://user:hid/den@localhost/rostrum', /%2F for \//],
    ['mongodb://user:12/den@localhost', /%2F for \//],
    ['mongodb://user:12?den@localhost', /%3F for \?/],
    ['mongodb://user:12/rostrum?den@localhost', /%3F for \?/],
    ['mongodb://user:hid:den@localhost/rostrum', /%3A for :/],
    ['mongodb://user:hid%den@localhost/rostrum', /%40 for @/],
    ['mongodb+srv://a.example,b.example/rostrum', /one host name/],
    ['mongodb+srv://a.example:27017/rostrum', /one host name/],
    ['mongodb://localhost/rostrum?w=0', /w=0/],
    ['mongodb://localhost/rostrum?readpreference=secondaryPreferred', /readPreference/],
    ['mongodb://localhost/rostrum?readPreference=primaryPreferred', /readPreference/],
  ])('%s is refused with what would be right', (url, problem) => {
    const read = readMongoUrl(url);
    expect(!read.ok && read.problem).toMatch(problem);
    expect(JSON.stringify(read)).not.toMatch(/hid|den\b|hidden/);
  });

  it('is what is opened, from its place in the settings and its secret beside them', () => {
    const url = 'mongodb://user:secret@db/rostrum';
    expect(readDatabaseAddress(url)).toEqual({ ok: true, value: { engine: 'mongo', url, place: 'db/rostrum' } });
    const database = { engine: 'mongo', place: 'db/rostrum' } as const;
    expect(databaseAddress({ database }, { databaseUrl: url })).toEqual({ ...database, url });
    const sqlite = { engine: 'sqlite', path: '/srv/a.db' } as const;
    expect(databaseAddress({ database: sqlite }, { databaseUrl: null })).toEqual(sqlite);
  });
});
