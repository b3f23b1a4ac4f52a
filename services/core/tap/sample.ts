/** Which records of many are shown: the same ones, whoever looks and whichever output they look at. */
import type { Hit } from './selection.ts';

export type Sampler = {
  /** Records of a round that are shown, in order; the others are left out. */
  readonly choose: (hits: Iterable<Hit>, elapsedMs: number) => { readonly chosen: Hit[]; readonly leftOut: number };
};

/**
 * At most so many records a second over any longer time, and no more than that in one round. Of a round, the records
 * with the lowest ranks are chosen; a rank is of the raw coordinate alone.
 */
export function makeSampler(perSecond: number): Sampler {
  let room = perSecond;
  return {
    choose: (hits, elapsedMs) => {
      room = Math.min(perSecond, room + (elapsedMs / 1000) * perSecond);
      const most = Math.floor(room);
      let kept: { readonly rank: number; readonly place: number; readonly hit: Hit }[] = [];
      let place = 0;
      let worst = Number.POSITIVE_INFINITY;
      for (const hit of hits) {
        const one = { rank: rankOf(hit), place: place++, hit };
        if (most === 0 || one.rank > worst) continue;
        kept.push(one);
        if (kept.length >= 4 * most + 64) cutDown();
      }
      cutDown();
      room -= kept.length;
      kept.sort((a, b) => a.place - b.place);
      return { chosen: kept.map(({ hit }) => hit), leftOut: place - kept.length };

      function cutDown(): void {
        if (kept.length <= most) return;
        kept.sort((a, b) => a.rank - b.rank || a.place - b.place);
        kept = kept.slice(0, most);
        worst = kept.at(-1)?.rank ?? worst;
      }
    },
  };
}

/** Spread evenly over 32 bits: FNV-1a of topic and partition, then of the offset, then a finalizer (MurmurHash3's). */
export function rankOf({ segment: { topic, partition }, offset }: Pick<Hit, 'segment' | 'offset'>): number {
  let hash = 0x811c9dc5;
  const take = (byte: number): void => {
    hash = Math.imul(hash ^ byte, 0x01000193);
  };
  for (let at = 0; at < topic.length; at++) take(topic.charCodeAt(at));
  for (const number of [partition, offset % 0x1_0000_0000, Math.floor(offset / 0x1_0000_0000)]) {
    for (let shift = 0; shift < 32; shift += 8) take((number >>> shift) & 0xff);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
