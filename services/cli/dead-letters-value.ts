/** The bytes of a raw record as a person can read them. */
import type { Tree } from '../core/explain/tree.ts';
import { indentJson } from './indent-json.ts';
import { jsonOfTree } from './tree-json.ts';

export type Readable = {
  /** `JSON`, `Avro, schema 7`, `text`, `bytes`, `nothing (a tombstone)`. */
  readonly kind: string;
  /** Lines without a newline at the end; empty where there is nothing to show. */
  readonly text: string;
};

/** Bytes of a dump; more of them is for `--raw`. */
const DUMPED = 64 * 1024;
const DUMP_WIDTH = 16;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @param avro what the bytes are by the registry, or null. */
export function readableValue(
  value: Uint8Array | null,
  avro: { readonly id: number; readonly tree: Tree } | null = null,
): Readable {
  if (value === null) return { kind: 'nothing (a tombstone)', text: '' };
  if (avro !== null) return { kind: `Avro, schema ${avro.id}`, text: visible(indentJson(jsonOfTree(avro.tree))) };
  const text = textOf(value);
  if (text === null) return { kind: 'bytes', text: dump(value) };
  return isJson(text) ? { kind: 'JSON', text: visible(indentJson(text)) } : { kind: 'text', text: visible(text) };
}

/** A key or a header's value, on one line: text in quotes, or `hex:…`. */
export function readableBytes(bytes: Uint8Array): string {
  const text = textOf(bytes);
  return text === null ? `hex:${Buffer.from(bytes).toString('hex')}` : visible(JSON.stringify(text));
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * What a terminal would obey instead of showing, and what would turn the text around, as escapes: the record comes from
 * outside. Line feeds and tabs stay.
 */
function visible(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  return text.replaceAll(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function dump(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, DUMPED));
  const lines: string[] = [];
  for (let at = 0; at < shown.length; at += DUMP_WIDTH) {
    const row = shown.subarray(at, at + DUMP_WIDTH);
    const hex = [...row].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const ascii = [...row].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${at.toString(16).padStart(8, '0')}  ${hex.padEnd(DUMP_WIDTH * 3 - 1)}  ${ascii}`);
  }
  if (bytes.length > DUMPED) lines.push(`… ${bytes.length - DUMPED} bytes more: --raw writes all of them`);
  return lines.join('\n');
}
