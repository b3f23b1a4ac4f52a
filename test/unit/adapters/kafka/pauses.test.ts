import type { EachBatchPayload } from 'kafkajs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Pauses } from '../../../../services/adapters/kafka/pauses.ts';

describe('Pauses', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const setUp = () => {
    const log: string[] = [];
    const pauses = new Pauses({
      resume: (topic, partition) => log.push(`resume ${topic}/${partition}`),
      changed: (topic, cause, partitions) => log.push(`${topic} ${cause} ${partitions}`),
    });
    const payload = (partition: number): EachBatchPayload =>
      ({ batch: { topic: 'raw', partition }, pause: () => log.push(`pause raw/${partition}`) }) as never;
    return { log, pauses, payload };
  };

  it('resumes after a wait that doubles with every failure, up to two seconds', () => {
    const { log, pauses, payload } = setUp();
    const waits: number[] = [];
    for (let round = 0; round < 7; round++) {
      waits.push(pauses.pause(payload(0), 'redis'));
      vi.advanceTimersByTime(2_000);
    }
    expect(waits).toEqual([100, 200, 400, 800, 1600, 2000, 2000]);
    expect(log.filter((line) => line === 'resume raw/0')).toHaveLength(7);
  });

  it('starts with a short wait again once the partition worked', () => {
    const { pauses, payload } = setUp();
    pauses.pause(payload(0), 'redis');
    pauses.pause(payload(0), 'redis');
    pauses.succeeded('raw', 0);
    expect(pauses.pause(payload(0), 'redis')).toBe(100);
  });

  it('counts paused partitions by cause', () => {
    const { log, pauses, payload } = setUp();
    pauses.pause(payload(0), 'redis');
    pauses.pause(payload(1), 'redis');
    pauses.pause(payload(1), 'registry');
    vi.advanceTimersByTime(1_000);
    expect(log.filter((line) => line.startsWith('raw '))).toEqual([
      'raw redis 1',
      'raw redis 2',
      'raw redis 1',
      'raw registry 1',
      'raw redis 0',
      'raw registry 0',
    ]);
  });

  it('resumes all when partitions are assigned anew, and nothing once closed', () => {
    const { log, pauses, payload } = setUp();
    pauses.pause(payload(0), 'redis');
    pauses.clear();
    expect(log).toContain('resume raw/0');
    pauses.pause(payload(1), 'redis');
    pauses.close();
    vi.advanceTimersByTime(10_000);
    expect(log).not.toContain('resume raw/1');
  });
});
