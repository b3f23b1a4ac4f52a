import type { Scalar, Transform } from './action.ts';

/** Makes the transformer of a `redact` rule: whatever stood there, the constant stands there now. */
export function makeRedact(constant: string | number | boolean): Transform {
  const replacement = scalarOf(constant);
  return () => replacement;
}

function scalarOf(constant: string | number | boolean): Scalar | null {
  if (typeof constant === 'string') return { kind: 'string', text: constant };
  if (typeof constant === 'boolean') return { kind: 'boolean', text: String(constant) };
  return Number.isFinite(constant) ? { kind: 'number', text: String(constant) } : null;
}
