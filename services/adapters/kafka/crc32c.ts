/** CRC-32C (Castagnoli, RFC 3720 appendix B.4), which guards every record batch. */

const POLYNOMIAL = 0x82f63b78;
/** Bytes taken in one step ("slicing by 8"): about three times as fast as one by one. */
const SLICES = 8;

const TABLES: readonly Int32Array[] = makeTables();

function makeTables(): Int32Array[] {
  const tables = Array.from({ length: SLICES }, () => new Int32Array(256));
  const [first] = tables as [Int32Array];
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    first[byte] = crc;
  }
  for (let slice = 1; slice < SLICES; slice++) {
    const before = tables[slice - 1] as Int32Array;
    for (let byte = 0; byte < 256; byte++) {
      const crc = before[byte] as number;
      (tables[slice] as Int32Array)[byte] = (crc >>> 8) ^ (first[crc & 0xff] as number);
    }
  }
  return tables;
}

/** The checksum of the bytes from `from` up to `to`, as an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, from: number, to: number): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES as [
    ...[Int32Array, Int32Array, Int32Array, Int32Array],
    ...[Int32Array, Int32Array, Int32Array, Int32Array],
  ];
  let crc = -1;
  let i = from;
  for (; i + SLICES <= to; i += SLICES) {
    crc =
      (t7[(bytes[i]! ^ crc) & 0xff] as number) ^
      (t6[(bytes[i + 1]! ^ (crc >>> 8)) & 0xff] as number) ^
      (t5[(bytes[i + 2]! ^ (crc >>> 16)) & 0xff] as number) ^
      (t4[bytes[i + 3]! ^ (crc >>> 24)] as number) ^
      (t3[bytes[i + 4]!] as number) ^
      (t2[bytes[i + 5]!] as number) ^
      (t1[bytes[i + 6]!] as number) ^
      (t0[bytes[i + 7]!] as number);
  }
  for (; i < to; i++) crc = (t0[(crc ^ bytes[i]!) & 0xff] as number) ^ (crc >>> 8);
  return ~crc >>> 0;
}
