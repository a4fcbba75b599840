export const API_SCOPES = [
  'channels:read',
  'channels:write',
  'members:read',
  'members:write',
  'syncs:read',
  'syncs:write',
] as const;

export type ApiScope = (typeof API_SCOPES)[number];

/** A key for `/api/v1`; the key itself is shown once and only its hash is kept. */
export type ApiKey = {
  id: string;
  name: string;
  keyHash: string;
  scopes: ApiScope[];
  createdAt: number;
  revokedAt: number | null;
};

export type ApiKeyStore = {
  addApiKey(key: ApiKey): Promise<void>;
  /** Null when unknown or revoked. */
  findApiKey(keyHash: string): Promise<ApiKey | null>;
  listApiKeys(): Promise<ApiKey[]>;
  /** Ends a key for good; false when there is none or it was revoked already. */
  revokeApiKey(id: string, at: number): Promise<boolean>;
};
