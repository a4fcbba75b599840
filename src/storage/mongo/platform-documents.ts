import { type Connection, type Model, Schema } from 'mongoose';
import type { PlatformChange } from '../../lti/lti-store.ts';
import type { Platform } from '../../lti/platform.ts';
import { defineModel } from './model.ts';

/** Roles are URIs, with dots, and no names of fields: pairs in the order they were given. */
type RoleLevel = { role: string; level: Platform['roleLevels'][string] };
export type PlatformDocument = Omit<Platform, 'id' | 'roleLevels'> & { _id: string; roleLevels: RoleLevel[] };

/** Lives on one shard. Nothing refers to it by more than its ID: when it is removed, its channels and people stay. */
const schema = new Schema<PlatformDocument>({
  _id: { type: String, required: true },
  name: { type: String, required: true },
  issuer: { type: String, required: true },
  clientId: { type: String, required: true },
  authUrl: { type: String, required: true },
  tokenUrl: { type: String, required: true },
  tokenAudience: String,
  jwksUrl: { type: String, required: true },
  family: { type: String, required: true },
  status: { type: String, required: true },
  deployments: { type: String, required: true },
  deploymentIds: { type: [String], required: true },
  serviceOrigins: { type: [String], required: true },
  roleLevels: { type: [{ _id: false, role: String, level: String }], required: true },
  keyId: { type: String, required: true },
  createdAt: { type: Number, required: true },
  updatedAt: { type: Number, required: true },
});
// The registration's own key: addPlatform adds one, findPlatformByClient reads it, findPlatformsByIssuer all of one issuer.
schema.index({ issuer: 1, clientId: 1 }, { name: 'registration', unique: true });
// ltijs asks for a platform by the ID of its key (findPlatformByKey).
schema.index({ keyId: 1 }, { name: 'by_key' });

export function platformModel(db: Connection): Model<PlatformDocument> {
  return defineModel(db, 'platforms', schema);
}

export function toDocument({ id, roleLevels, ...platform }: Platform): PlatformDocument {
  return { _id: id, ...platform, roleLevels: toPairs(roleLevels) };
}

/** What a change sets; fields that are not given, or undefined, stay as they are. */
export function toChange({ roleLevels, ...change }: PlatformChange): Partial<PlatformDocument> {
  const fields = { ...change, ...(roleLevels && { roleLevels: toPairs(roleLevels) }) };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function toPairs(roleLevels: Platform['roleLevels']): RoleLevel[] {
  return Object.entries(roleLevels).map(([role, level]) => ({ role, level }));
}

export function toPlatform(document: PlatformDocument): Platform {
  return {
    id: document._id as Platform['id'],
    name: document.name,
    issuer: document.issuer,
    clientId: document.clientId,
    authUrl: document.authUrl,
    tokenUrl: document.tokenUrl,
    tokenAudience: document.tokenAudience,
    jwksUrl: document.jwksUrl,
    family: document.family,
    status: document.status,
    deployments: document.deployments,
    deploymentIds: document.deploymentIds,
    serviceOrigins: document.serviceOrigins,
    roleLevels: Object.fromEntries(document.roleLevels.map(({ role, level }) => [role, level])),
    keyId: document.keyId,
    createdAt: document.createdAt,
    updatedAt: document.updatedAt,
  };
}
