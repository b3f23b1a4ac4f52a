import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SchemaRegistry } from '../../services/core/ports.ts';

export type OpenedRegistry = {
  readonly registry: SchemaRegistry;
  /** From now on each schema of the subject has to read what the one before wrote. */
  readonly demandBackward: (subject: string) => Promise<void>;
};

function schema(fields: readonly object[]): string {
  return JSON.stringify({ type: 'record', name: 'Click', namespace: 'com.example', fields });
}

/** What every schema registry has to do (core/ports.ts). */
export function schemaRegistryContract(name: string, open: () => Promise<OpenedRegistry>): void {
  describe(`the schema registry of ${name}`, () => {
    let opened: OpenedRegistry;
    let registry: SchemaRegistry;
    let subject: string;
    /** Nothing else in a shared registry has these schemas. */
    let mark: string;
    beforeAll(async () => {
      opened = await open();
      ({ registry } = opened);
      mark = `m${randomUUID().replaceAll('-', '')}`;
      subject = `clean.${mark}-value`;
    });
    const first = () => schema([{ name: mark, type: 'string', 'confluent:tags': ['PII'] }]);
    const second = () =>
      schema([...(JSON.parse(first()) as { fields: object[] }).fields, { name: 'n', type: 'int', default: 0 }]);

    it('knows no version of a subject nobody registered', async () => {
      expect(await registry.versions(subject)).toEqual([]);
      expect(await registry.incompatibility(subject, first())).toBeNull();
    });

    it('knows no schema of an id nobody got', async () => {
      expect(await registry.schemaById(2_000_000_000)).toBeNull();
    });

    it('lists versions oldest first, with their texts and tags', async () => {
      const one = await registry.register(subject, first());
      const two = await registry.register(subject, second());
      expect(two).not.toBe(one);
      const versions = await registry.versions(subject);
      expect(versions.map(({ id }) => id)).toEqual([one, two]);
      expect(versions.map((version) => JSON.parse(version.schema))).toEqual([
        JSON.parse(first()),
        JSON.parse(second()),
      ]);
      expect(JSON.parse((await registry.schemaById(one)) ?? '')).toEqual(JSON.parse(first()));
    });

    it('finds what is registered already', async () => {
      const [one, two] = await registry.versions(subject);
      expect(await registry.register(subject, first())).toBe(one?.id);
      expect(await registry.register(subject, second())).toBe(two?.id);
      expect(await registry.versions(subject)).toHaveLength(2);
    });

    it('takes a union of records', async () => {
      const union = JSON.stringify(['A', 'B'].map((name) => ({ type: 'record', name: `${name}${mark}`, fields: [] })));
      const id = await registry.register(`${subject}-union`, union);
      expect((await registry.versions(`${subject}-union`)).map((version) => version.id)).toEqual([id]);
    });

    it('refuses what breaks the subject, and says why', async () => {
      const strict = `${subject}-strict`;
      await registry.register(strict, first());
      await opened.demandBackward(strict);
      const breaking = schema([{ name: mark, type: 'int' }]);
      expect(await registry.incompatibility(strict, second())).toBeNull();
      expect(await registry.incompatibility(strict, breaking)).toMatch(/./);
      await expect(registry.register(strict, breaking)).rejects.toMatchObject({ code: 'invalid_config' });
      expect(await registry.versions(strict)).toHaveLength(1);
      await registry.register(strict, second());
      expect(await registry.versions(strict)).toHaveLength(2);
    });
  });
}
