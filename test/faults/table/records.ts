/** Records that hurt, and topics that take or hold less than they should. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { until } from '../../stack/commands.ts';
import { kcat } from '../../stack/kcat.ts';
import { isReady } from '../../stack/workbench.ts';
import { CANARY } from '../checker.ts';
import type { Fault } from '../fault.ts';
import { AUDIT } from '../referee.ts';
import { PARTITIONS, type Scene } from '../scene.ts';
import { deadRecord, FATE_HEADER, liveRecord, type Make, usual } from '../traffic.ts';
import { AVRO, firstVersion } from './registry.ts';

const BOMB_BYTES = 64 * 1024 * 1024;
const MAX_RECORD_BYTES = 65_536;

const dead = (value: Buffer | string) => ({ key: CANARY, value, headers: { [FATE_HEADER]: 'dead' } });

/** What no parser should be given. */
const poison: Make = (id, subject, random) => {
  if (random.chance(0.5)) return usual(id, subject, random);
  return random.pick([
    () => dead(`${'{"s":'.repeat(5_000)}"${CANARY}"${'}'.repeat(5_000)}`),
    () => dead(`${'['.repeat(30_000)}`),
    () => dead(`{"s":"${subject}","at":1,"note":"${CANARY.repeat(8_000)}"}`),
    () => dead(Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28, ...Buffer.from(CANARY)])),
    () => dead(''),
    () => dead(`{"id":1e999999,"s":{"${CANARY}":1},"at":-1e400}`),
    () => dead(`{"__proto__":{"s":"${CANARY}"},"constructor":{"prototype":{"s":"${CANARY}"}}}`),
    () => deadRecord(id, subject, random),
  ])();
};

/** Avro that announces what is not there. */
const avroPoison =
  (usually: Make): Make =>
  (id, subject, random) => {
    const record = usually(id, subject, random);
    const value = record.value as Buffer;
    if (random.chance(0.5)) return record;
    const head = value.subarray(0, 5);
    return random.pick([
      () => dead(Buffer.concat([head, Buffer.from([0x02]), Buffer.from('fefffffffffffffff0ff01', 'hex')])),
      () => dead(Buffer.concat([head, Buffer.from([0x02, 0xfe, 0xff, 0xff, 0xff, 0x0f])])),
      () => dead(Buffer.concat([Buffer.from([0x01]), value.subarray(1)])),
      () => dead(Buffer.concat([value, Buffer.from(CANARY)])),
      () => dead(head),
      () => dead(Buffer.from(`{"s":"${CANARY}"}`)),
      () => {
        const foreign = Buffer.from(value);
        foreign.writeUInt32BE(random.between(0x10000, 0x7fffffff), 1);
        return dead(foreign);
      },
    ])();
  };

const setConfig = async ({ world }: Scene, topic: string, name: string, value: string): Promise<void> => {
  const type = kafkajs.ConfigResourceTypes.TOPIC;
  await world.admin.alterConfigs({
    validateOnly: false,
    resources: [{ type, name: topic, configEntries: [{ name, value }] }],
  });
};

/** Nobody may write to the audit topic. */
const AUDIT_DENIED = {
  resourceType: kafkajs.AclResourceTypes.TOPIC,
  resourceName: AUDIT,
  resourcePatternType: kafkajs.ResourcePatternTypes.LITERAL,
  principal: 'User:ANONYMOUS',
  host: '*',
  operation: kafkajs.AclOperationTypes.WRITE,
  permissionType: kafkajs.AclPermissionTypes.DENY,
};

export const RECORD_FAULTS: readonly Fault[] = [
  {
    name: 'poison-json',
    what: 'half of the records are poison: 30,000 brackets, no UTF-8, nothing at all, `__proto__`, too long',
    expected: 'a dead letter each',
    settings: { LETHE_MAX_RECORD_BYTES: String(MAX_RECORD_BYTES) },
    happen: async ({ makeRecords, random }) => {
      makeRecords(poison);
      await sleep(random.between(4_000, 7_000));
      makeRecords(null);
    },
  },
  {
    ...{ name: 'poison-avro', ...AVRO },
    what: 'half of the records are poison: lengths of gigabytes, cut off, under ids that nobody gave out',
    expected: 'a dead letter each',
    prepare: async (scene) => {
      usualAvro = (await firstVersion(scene)) ?? usual;
      return usualAvro;
    },
    happen: async ({ makeRecords, random }) => {
      makeRecords(avroPoison(usualAvro));
      await sleep(random.between(4_000, 7_000));
      makeRecords(null);
    },
  },
  {
    name: 'compression-bombs',
    what: 'record batches of some KB that come to 64 MB, one in each partition',
    expected: 'a dead letter each (`too_large`)',
    happen: async ({ world, topic }) => {
      const file = join(world.dir, 'bomb');
      const bomb = Buffer.alloc(BOMB_BYTES, 0x20);
      bomb.write(CANARY);
      writeFileSync(file, bomb);
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const to = ['-P', '-b', world.kafka.endpoint, '-t', topic, '-p', String(partition)];
        const packed = ['-z', 'gzip', '-X', `message.max.bytes=${BOMB_BYTES * 2}`];
        await kcat([...to, ...packed, '-H', `${FATE_HEADER}=dead`, file]);
      }
    },
  },
  {
    name: 'output-too-large',
    what: 'the limit of an output topic is lowered to 3 KB while some records come out at 5 KB',
    expected: 'dead letters (`too_large`), then goes on',
    happen: async (scene) => {
      const large = 'x'.repeat(5_000);
      scene.makeRecords((id, subject, random) =>
        random.chance(0.1) ? liveRecord(id, subject, large, 'either') : usual(id, subject, random),
      );
      await setConfig(scene, scene.outputs.analytics, 'max.message.bytes', '3000');
      await sleep(scene.random.between(4_000, 7_000));
      await setConfig(scene, scene.outputs.analytics, 'max.message.bytes', '1048588');
      scene.makeRecords(null);
    },
  },
  {
    name: 'audit-unwritable',
    what: 'an ACL forbids everybody to write to the audit topic',
    expected: 'publishes nothing meanwhile',
    happen: async (scene) => {
      const { world, random, positions } = scene;
      await world.admin.createAcls({ acl: [AUDIT_DENIED] });
      await sleep(1_500);
      const before = positions();
      await sleep(random.between(2_000, 5_000));
      if (positions().some((next, partition) => next !== before[partition])) throw new Error('it went on');
      await world.admin.deleteAcls({ filters: [AUDIT_DENIED] });
    },
  },
  {
    name: 'raw-retention',
    what: 'retention deletes raw records of a partition that nobody has read yet (kafka-delete-records)',
    expected: 'halts loudly (`data_lost`); goes on once the group is reset, and the audit trail shows the gap',
    withdrawsMeanwhile: false,
    happen: async (scene) => {
      const { world, random, topic, groupId, workers, worker, positions, deletedUpTo, log, note } = scene;
      await Promise.all(workers().map((one) => one.stop()));
      const partition = random.between(0, PARTITIONS);
      const stands = positions()[partition] ?? 0;
      const high = async (): Promise<number> =>
        Number((await world.admin.fetchTopicOffsets(topic)).find((one) => one.partition === partition)?.high ?? 0);
      await until('there are records nobody has read', async () => (await high()) > stands + 150);
      const upTo = stands + random.between(20, 100);
      await world.admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(upTo) }] });
      const code = await Promise.race([(await worker()).ended, sleep(40_000, 'alive' as const)]);
      if (code === 'alive' || code === 0) throw new Error(`a worker ended with ${code} where records were lost`);
      if (!/data_lost|are gone/.test(log()) || !log().includes('--reset-offsets'))
        throw new Error('it did not say why');
      note(`exit ${code}; ${upTo - stands} records lost`);
      deletedUpTo[partition] = upTo;
      await until('the group is empty', async () => {
        const [group] = (await world.admin.describeGroups([groupId])).groups;
        return group?.state === 'Empty' || group?.state === 'Dead';
      });
      await world.admin.setOffsets({ groupId, topic, partitions: [{ partition, offset: String(upTo) }] });
      await isReady(await worker());
    },
  },
];

/** Of the scene that was prepared last; scenes come one after another. */
let usualAvro: Make = usual;
