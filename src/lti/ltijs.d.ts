/** What Rostrum uses of ltijs 5.9.9 (its own types do not exist, @types/ltijs describes 4.0). */
declare module 'ltijs' {
  export class LtijsProvider {
    setup(encryptionKey: string, database: { plugin: LtijsDatabase }, options: LtijsOptions): LtijsProvider;
    deploy(options: { serverless: true; silent: true }): Promise<true>;
    close(options: { silent: true }): Promise<true>;
    registerPlatform(platform: LtijsPlatformFields): Promise<LtijsPlatform>;
    getPlatform(url: string, clientId: string): Promise<LtijsPlatform | false>;
    readonly app: unknown;
    readonly NamesAndRoles: {
      getMembers(idToken: LtijsTokenLike, options: { url: string; pages: 1 }): Promise<unknown>;
    };
    readonly DynamicRegistration: {
      register(configurationUrl: string, token: string | undefined, options: object): Promise<string>;
    };
  }

  export type LtijsOptions = {
    appRoute: string;
    loginRoute: string;
    keysetRoute: string;
    cors: false;
    dynReg: { url: string; name: string; autoActivate: false; useDeepLinking: false };
  };

  export type LtijsPlatformFields = {
    url: string;
    name: string;
    clientId: string;
    authenticationEndpoint: string;
    accesstokenEndpoint: string;
    authorizationServer?: string;
    authConfig: { method: 'JWK_SET'; key: string };
  };

  export type LtijsPlatform = {
    platformUrl(): Promise<string>;
    platformClientId(): Promise<string>;
    platformAccessToken(scopes: string): Promise<LtijsToken>;
  };

  export type LtijsToken = { access_token: string; token_type: string; expires_in: number };

  export type LtijsTokenLike = {
    iss: string;
    clientId: string;
    platformContext: { namesRoles: { context_memberships_url: string } };
  };

  /** The storage plug-in; `encrypted` is ltijs's key or false. */
  export type LtijsDatabase = {
    setup(): Promise<true>;
    Close(): Promise<true>;
    Get(encrypted: unknown, collection: string, query?: unknown): Promise<object[] | false>;
    Insert(encrypted: unknown, collection: string, item: unknown, index?: unknown): Promise<true>;
    Replace(encrypted: unknown, collection: string, query: unknown, item: unknown, index?: unknown): Promise<true>;
    Modify(encrypted: unknown, collection: string, query: unknown, modification: unknown): Promise<true>;
    Delete(collection: string, query: unknown): Promise<true>;
  };

  /** `dist/Utils/Auth.js`: static methods that Rostrum replaces. */
  export type LtijsAuth = {
    generatePlatformKeyPair(key: unknown, database: LtijsDatabase, url: string, clientId: string): Promise<string>;
    getAccessToken(scopes: string, platform: LtijsPlatform, key: unknown, database: LtijsDatabase): Promise<LtijsToken>;
  };

  export const Provider: LtijsProvider;
}
