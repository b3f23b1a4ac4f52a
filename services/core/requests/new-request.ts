/** What is kept of a request when it comes: everything its steps will need, and not the subject's id. */
import type { Keyring } from '../keyring.ts';
import { LetheError } from '../errors.ts';
import type { CompiledBundle, PurposePlan } from '../policy/plan.ts';
import type { Received, RequestConsent, RequestOutput, RequestType } from './request.ts';

export type NewRequest = {
  readonly type: RequestType;
  readonly subject: string;
  readonly regime: string;
  /** Epoch milliseconds. */
  readonly due: number;
  /** The purpose that an objection is about; null: all. */
  readonly purpose: string | null;
  /** What a rectification sets right. */
  readonly corrections: readonly RequestConsent[];
  /** A rectification that comes with a corrected record instead. */
  readonly record?: boolean;
  /** URLs, checked and normalized, that are told of changes. */
  readonly callbacks?: readonly string[];
};

export type NewRequestParts = {
  readonly bundle: { readonly digest: string; readonly compiled: Pick<CompiledBundle, 'routes' | 'purposes'> };
  readonly keyring: Pick<Keyring, 'subjectTokens' | 'pseudonymsOf'>;
  /** Epoch milliseconds. */
  readonly now: number;
};

/** @throws LetheError `usage` where the request cannot be carried out. */
export function receive(request: NewRequest, { bundle, keyring, now }: NewRequestParts): Received {
  const { compiled, digest } = bundle;
  const { type, subject, regime, due, purpose } = request;
  if (subject === '') {
    throw new LetheError('usage', 'The subject is empty', { fix: 'Give its id as it stands in the records.' });
  }
  if (purpose !== null && !compiled.purposes.includes(purpose)) {
    throw new LetheError('usage', 'No purpose of the active bundle has that name', {
      fix: `It has: ${compiled.purposes.join(', ')}.`,
    });
  }
  if (purpose !== null && type !== 'objection') {
    throw new LetheError('usage', 'Only an objection is about a purpose', { fix: 'Leave the purpose out.' });
  }
  const record = request.record === true;
  if ((type === 'rectification') !== (request.corrections.length > 0 || record)) {
    throw new LetheError(
      'usage',
      'A rectification, and nothing else, comes with corrected consent events or a record',
      {
        fix: 'Give them with --consents FILE or --record FILE.',
      },
    );
  }
  if (record && request.corrections.length > 0) {
    throw new LetheError('usage', 'A rectification is of consent events or of a record, not of both', {
      fix: 'Make two requests.',
    });
  }
  return {
    type,
    regime,
    due,
    bundle: digest,
    tokens: keyring.subjectTokens(subject),
    keys: compiled.purposes.map((name) => ({ purpose: name, keys: keyring.pseudonymsOf(name, subject) })),
    sources: compiled.routes.map(({ topic }) => topic),
    outputs: outputsIn(compiled),
    consents: consentsOf(request, compiled, now),
    callbacks: [...new Set(request.callbacks ?? [])],
  };
}

/** The outputs of a configuration, as requests see them. */
export function outputsIn({ routes }: Pick<CompiledBundle, 'routes'>): readonly RequestOutput[] {
  return routes.flatMap(({ plan }) =>
    plan.outputs.map(({ topic, purpose, key }) => ({
      topic,
      purpose: purpose.name,
      keyedBy: ({ pseudonym: 'subject', leaf: 'path', none: 'none' } as const)[key.kind],
    })),
  );
}

/**
 * The consent events that carry a request out. A restriction (GDPR Art. 18) is an objection to everything: of what can
 * be said, it withholds most and can be lifted. An opt-out of sale (CCPA 1798.120) denies what has a third party as its
 * recipient, and objects where a denial would not stop it.
 */
function consentsOf(
  { type, purpose, corrections }: NewRequest,
  { routes }: Pick<CompiledBundle, 'routes'>,
  now: number,
): readonly RequestConsent[] {
  const said = (about: string, decision: RequestConsent['decision']): RequestConsent => ({
    purpose: about,
    decision,
    at: now,
    region: null,
    recipients: [],
    method: type,
    notice: null,
    expires: null,
  });
  switch (type) {
    case 'access':
      return [];
    case 'erasure':
      return [said('*', 'erased')];
    case 'restriction':
      return [said('*', 'objected')];
    case 'objection':
      return [said(purpose ?? '*', 'objected')];
    case 'rectification':
      return corrections;
    case 'opt_out_of_sale': {
      const sold = new Map<string, PurposePlan>();
      for (const { plan } of routes) {
        for (const output of plan.outputs) {
          if (output.purpose.recipient !== null) sold.set(output.purpose.name, output.purpose);
        }
      }
      return [...sold.values()].map((one) => said(one.name, deniable(one) ? 'denied' : 'objected'));
    }
  }
}

function deniable({ defaultBasis, basisByRegion }: PurposePlan): boolean {
  return ![defaultBasis, ...basisByRegion.values()].includes('legitimate_interest');
}
