import type { Connection } from 'mongoose';
import type { PlatformId } from '../../channels/channel.ts';
import type { PlatformStore } from '../../lti/lti-store.ts';
import type { Platform } from '../../lti/platform.ts';
import { isDuplicate } from './faults.ts';
import { rowsOf } from './model.ts';
import { type PlatformDocument, platformModel, toChange, toDocument, toPlatform } from './platform-documents.ts';

const OLDEST_FIRST = { createdAt: 1, _id: 1 } as const;

export function createPlatformStore(db: Connection): PlatformStore {
  const platforms = rowsOf(platformModel(db));

  async function find(where: Partial<PlatformDocument>): Promise<Platform | null> {
    const found = await platforms.findOne(where, { sort: OLDEST_FIRST });
    return found && toPlatform(found);
  }

  async function list(where: Partial<PlatformDocument>): Promise<Platform[]> {
    return (await platforms.find(where).sort(OLDEST_FIRST).toArray()).map(toPlatform);
  }

  /** Adds a deployment that the filter still misses, so that of two who learn it one records it; true for that one. */
  async function learn(id: PlatformId, deploymentId: string, at: number): Promise<boolean> {
    const { matchedCount } = await platforms.updateOne(
      { _id: id, deployments: 'learn', deploymentIds: { $ne: deploymentId } },
      { $push: { deploymentIds: deploymentId }, $set: { updatedAt: at } },
    );
    return matchedCount === 1;
  }

  return {
    findPlatform: (id) => find({ _id: id }),
    findPlatformByClient: (issuer, clientId) => find({ issuer, clientId }),
    findPlatformByKey: (keyId) => find({ keyId }),
    findPlatformsByIssuer: (issuer) => list({ issuer }),
    listPlatforms: () => list({}),
    async addPlatform(platform) {
      try {
        await platforms.insertOne(toDocument(platform));
        return true;
      } catch (error) {
        if (isDuplicate(error)) return false;
        throw error;
      }
    },
    async updatePlatform(id, change, at) {
      const changed = await platforms.findOneAndUpdate(
        { _id: id },
        { $set: { ...toChange(change), updatedAt: at } },
        { returnDocument: 'after' },
      );
      return changed && toPlatform(changed);
    },
    async removePlatform(id) {
      await platforms.deleteOne({ _id: id });
    },
    async recordDeployment(id, deploymentId, at) {
      for (;;) {
        const platform = await find({ _id: id });
        if (platform?.deploymentIds.includes(deploymentId)) return 'known';
        if (platform?.deployments !== 'learn') return 'refused';
        if (await learn(id, deploymentId, at)) return 'recorded';
      }
    },
    async recordServiceOrigin(id, origin, at) {
      await platforms.updateOne(
        { _id: id, serviceOrigins: { $ne: origin } },
        { $push: { serviceOrigins: origin }, $set: { updatedAt: at } },
      );
    },
  };
}
