import type { Privacy } from './faults.ts';

/** A tool as the LMS knows it. */
export type SandboxRegistration = {
  clientId: string;
  name: string;
  /** Only `active` ones are launched and get tokens. */
  state: 'pending' | 'active';
  deploymentIds: string[];
  tool: {
    loginUrl: string;
    redirectUris: string[];
    jwksUrl: string;
    targetLinkUri: string;
  };
  scopes: string[];
  privacy: Privacy;
  /** Custom parameters as configured: values may be variables ("$Canvas.course.id"). */
  custom: Record<string, string>;
};

export type Registrations = {
  list(): SandboxRegistration[];
  find(clientId: string): SandboxRegistration | null;
  add(registration: SandboxRegistration): void;
  remove(clientId: string): void;
};

export function createRegistrations(first: SandboxRegistration): Registrations {
  const registrations = new Map([[first.clientId, first]]);
  return {
    list: () => [...registrations.values()],
    find: (clientId) => registrations.get(clientId) ?? null,
    add: (registration) => void registrations.set(registration.clientId, registration),
    remove: (clientId) => void registrations.delete(clientId),
  };
}
