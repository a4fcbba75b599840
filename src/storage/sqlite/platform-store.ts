import type { PlatformId } from '../../channels/channel.ts';
import type { PlatformChange, PlatformStore } from '../../lti/lti-store.ts';
import type { Platform } from '../../lti/platform.ts';
import { fromJson, type Row, toJson } from './columns.ts';
import { atomic, type Database } from './database.ts';

type Lists = 'deploymentIds' | 'serviceOrigins' | 'roleLevels';
type PlatformRow = Omit<Platform, Lists> & Record<Lists, string>;

const COLUMNS = `id, name, issuer, client_id, auth_url, token_url, token_audience, jwks_url, family, status, deployments,
  deployment_ids, service_origins, role_levels, key_id, created_at, updated_at`;

export function createPlatformStore(db: Database): PlatformStore {
  const byId = db.prepare<[string], Row>(`SELECT ${COLUMNS} FROM platforms WHERE id = ?`).raw();
  const byClient = db
    .prepare<[string, string], Row>(`SELECT ${COLUMNS} FROM platforms WHERE issuer = ? AND client_id = ?`)
    .raw();
  const byKey = db
    .prepare<[string], Row>(`SELECT ${COLUMNS} FROM platforms WHERE key_id = ? ORDER BY created_at, id`)
    .raw();
  const byIssuer = db
    .prepare<[string], Row>(`SELECT ${COLUMNS} FROM platforms WHERE issuer = ? ORDER BY created_at, id`)
    .raw();
  const all = db.prepare<[], Row>(`SELECT ${COLUMNS} FROM platforms ORDER BY created_at, id`).raw();
  const { add, change, remove } = platformWrites(db);

  function find(id: PlatformId): Platform | null {
    return fromRow(byId.get(id));
  }

  const update = atomic(db, (id: PlatformId, fields: PlatformChange, at: number) => {
    const platform = find(id);
    return platform && change({ ...platform, ...given(fields), updatedAt: at });
  });
  const recordDeployment = atomic(db, (id: PlatformId, deploymentId: string, at: number) => {
    const platform = find(id);
    if (platform?.deploymentIds.includes(deploymentId)) return 'known';
    if (platform?.deployments !== 'learn') return 'refused';
    change({ ...platform, deploymentIds: [...platform.deploymentIds, deploymentId], updatedAt: at });
    return 'recorded';
  });
  const recordServiceOrigin = atomic(db, (id: PlatformId, origin: string, at: number) => {
    const platform = find(id);
    if (!platform || platform.serviceOrigins.includes(origin)) return;
    change({ ...platform, serviceOrigins: [...platform.serviceOrigins, origin], updatedAt: at });
  });

  return {
    findPlatform: async (id) => find(id),
    findPlatformByClient: async (issuer, clientId) => fromRow(byClient.get(issuer, clientId)),
    findPlatformByKey: async (keyId) => fromRow(byKey.get(keyId)),
    findPlatformsByIssuer: async (issuer) => byIssuer.all(issuer).map(read),
    listPlatforms: async () => all.all().map(read),
    addPlatform: async (platform) => add(platform),
    updatePlatform: async (id, fields, at) => update(id, fields, at),
    removePlatform: async (id) => remove(id),
    // Nearly every launch comes from a deployment that is known: it need not wait for the write lock.
    async recordDeployment(id, deploymentId, at) {
      return find(id)?.deploymentIds.includes(deploymentId) ? 'known' : recordDeployment(id, deploymentId, at);
    },
    async recordServiceOrigin(id, origin, at) {
      if (!find(id)?.serviceOrigins.includes(origin)) recordServiceOrigin(id, origin, at);
    },
  };
}

function platformWrites(db: Database) {
  const insert = db.prepare<[PlatformRow]>(
    `INSERT INTO platforms
       (id, name, issuer, client_id, auth_url, token_url, token_audience, jwks_url, family, status, deployments,
        deployment_ids, service_origins, role_levels, key_id, created_at, updated_at)
     VALUES (@id, @name, @issuer, @clientId, @authUrl, @tokenUrl, @tokenAudience, @jwksUrl, @family, @status,
        @deployments, @deploymentIds, @serviceOrigins, @roleLevels, @keyId, @createdAt, @updatedAt)
     ON CONFLICT (issuer, client_id) DO NOTHING`,
  );
  const update = db.prepare<[PlatformRow]>(
    `UPDATE platforms SET name = @name, auth_url = @authUrl, token_url = @tokenUrl, token_audience = @tokenAudience,
       jwks_url = @jwksUrl, family = @family, status = @status, deployments = @deployments,
       deployment_ids = @deploymentIds, service_origins = @serviceOrigins, role_levels = @roleLevels, key_id = @keyId,
       updated_at = @updatedAt
     WHERE id = @id`,
  );
  const remove = db.prepare<[string]>('DELETE FROM platforms WHERE id = ?');
  return {
    add: (platform: Platform): boolean => insert.run(toRow(platform)).changes === 1,
    change(platform: Platform): Platform {
      update.run(toRow(platform));
      return platform;
    },
    remove: (id: PlatformId): void => void remove.run(id),
  };
}

function given(change: PlatformChange): PlatformChange {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}

function toRow(platform: Platform): PlatformRow {
  return {
    ...platform,
    deploymentIds: toJson(platform.deploymentIds),
    serviceOrigins: toJson(platform.serviceOrigins),
    roleLevels: toJson(platform.roleLevels),
  };
}

function fromRow(row: Row | undefined): Platform | null {
  return row ? read(row) : null;
}

/** Reads a row of `COLUMNS`. */
function read(row: Row): Platform {
  return {
    id: row[0] as PlatformId,
    name: row[1] as string,
    issuer: row[2] as string,
    clientId: row[3] as string,
    authUrl: row[4] as string,
    tokenUrl: row[5] as string,
    tokenAudience: row[6] as string | null,
    jwksUrl: row[7] as string,
    family: row[8] as Platform['family'],
    status: row[9] as Platform['status'],
    deployments: row[10] as Platform['deployments'],
    deploymentIds: fromJson(row[11] as string),
    serviceOrigins: fromJson(row[12] as string),
    roleLevels: fromJson(row[13] as string),
    keyId: row[14] as string,
    createdAt: row[15] as number,
    updatedAt: row[16] as number,
  };
}
