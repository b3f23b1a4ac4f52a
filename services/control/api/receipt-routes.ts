/** `/v1/receipts`: the record of one consent event, for whoever has to show it. */
import { problem } from '../../core/api/problem.ts';
import { type ApiRoute, route } from '../../core/api/route.ts';
import { CONSENT_EVENTS_TOPIC } from '../../core/own-topics.ts';
import type { ConsentParts } from './parts.ts';
import { consentReceipt } from './receipt.ts';

const text = { type: 'string' } as const;
const typed = { type: 'object', required: ['@type'], properties: { '@type': text } } as const;
const time = {
  type: 'object',
  required: ['@type', '@value'],
  properties: { '@type': { const: 'xsd:dateTime' }, '@value': { type: 'string', format: 'date-time' } },
} as const;
const reference = { type: 'object', required: ['@id'], properties: { '@id': text } } as const;

const RECEIPT_SCHEMA = {
  type: 'object',
  required: [
    '@context',
    '@id',
    '@type',
    'dct:conformsTo',
    'dct:identifier',
    'dct:created',
    'dpv:hasDataSubject',
    'dpv:hasPurpose',
    'dpv:isIndicatedAtTime',
    'lethe:decision',
  ],
  properties: {
    '@context': { type: 'object' },
    '@id': text,
    '@type': { const: 'dpv:ConsentRecord' },
    'dct:conformsTo': reference,
    'dct:identifier': text,
    'dct:created': time,
    'dpv:hasDataSubject': reference,
    'dpv:hasNotice': typed,
    'dpv:hasPurpose': typed,
    'dpv:hasLegalBasis': reference,
    'dpv:hasRecipientThirdParty': { type: 'array', items: typed },
    'dpv:hasJurisdiction': reference,
    'dpv:isIndicatedAtTime': time,
    'dpv:hasConsentStatus': reference,
    'lethe:decision': text,
    'dpv:hasIndicationMethod': text,
    'dct:source': text,
    'dct:valid': time,
  },
  additionalProperties: false,
} as const;

export function receiptRoutes(parts: Pick<ConsentParts, 'eventAt'>): readonly ApiRoute[] {
  return [
    route({
      method: 'GET',
      path: '/v1/receipts/{topic}/{partition}/{offset}',
      scope: 'consents:read',
      document: {
        operationId: 'getReceipt',
        tag: 'receipts',
        summary: 'The record of a consent event: fields of ISO/IEC TS 27560, as JSON-LD in DPV terms',
        params: {
          topic: { description: 'The feed.', schema: { const: CONSENT_EVENTS_TOPIC } },
          partition: { description: 'Of the feed.', schema: { type: 'string', pattern: '^[0-9]{1,6}$' } },
          offset: { description: 'Of the event.', schema: { type: 'string', pattern: '^[0-9]{1,15}$' } },
        },
        answers: {
          200: { description: 'The record.', schema: RECEIPT_SCHEMA, contentType: 'application/ld+json' },
        },
        problems: ['not_found'],
      },
      handle: async ({ params }) => {
        const { topic = '', partition = '', offset = '' } = params;
        const named = topic === CONSENT_EVENTS_TOPIC && /^\d{1,6}$/.test(partition) && /^\d{1,15}$/.test(offset);
        const place = { partition: Number(partition), offset: Number(offset) };
        const found = named ? await parts.eventAt(place) : null;
        if (found === null) return problem('not_found', 'There is no such receipt.');
        const id = `${topic}/${place.partition}/${place.offset}`;
        return { status: 200, contentType: 'application/ld+json', body: consentReceipt(id, found) };
      },
    }),
  ];
}
