/**
 * A consent record as ISO/IEC TS 27560:2023 lists its fields, in the terms of the Data Privacy Vocabulary
 * (https://w3id.org/dpv/guides/consent-27560), as JSON-LD.
 */
import type { ConsentDecision } from '../../core/consent-event.ts';
import type { FedEvent } from './parts.ts';

/** An objection and a reinstatement are no states of a consent: `lethe:decision` says them. */
const STATUS: Readonly<Record<ConsentDecision, string | null>> = {
  granted: 'dpv:ConsentGiven',
  denied: 'dpv:ConsentRefused',
  withdrawn: 'dpv:ConsentWithdrawn',
  erased: 'dpv:ConsentInvalidated',
  objected: null,
  reinstated: null,
};

const CONTEXT = {
  dpv: 'https://w3id.org/dpv#',
  loc: 'https://w3id.org/dpv/loc#',
  dct: 'http://purl.org/dc/terms/',
  xsd: 'http://www.w3.org/2001/XMLSchema#',
  lethe: 'urn:lethe:vocabulary:',
} as const;

/** @param id `TOPIC/PARTITION/OFFSET`. The subject's token is in it, never the id. */
export function consentReceipt(id: string, { token, event, appendedAt }: FedEvent): object {
  const status = STATUS[event.decision];
  return {
    '@context': CONTEXT,
    '@id': `urn:lethe:receipt:${id}`,
    '@type': 'dpv:ConsentRecord',
    // Header: schema_version, record_id, pii_principal_id
    'dct:conformsTo': { '@id': 'https://w3id.org/dpv/schema/dpv-27560#record' },
    'dct:identifier': id,
    'dct:created': dateTime(appendedAt),
    'dpv:hasDataSubject': { '@id': `urn:lethe:subject:${token}`, '@type': 'dpv:DataSubject' },
    // Processing: privacy_notice, purpose, lawful_basis, recipient_third_parties, jurisdiction
    ...(event.notice === null
      ? {}
      : { 'dpv:hasNotice': { '@type': 'dpv:ConsentNotice', 'dct:hasVersion': event.notice } }),
    'dpv:hasPurpose': { '@type': 'dpv:Purpose', 'dct:title': event.purpose },
    ...(event.decision === 'granted' ? { 'dpv:hasLegalBasis': { '@id': legalBasis(event.method) } } : {}),
    'dpv:hasRecipientThirdParty': event.recipients.map((name) => ({ '@type': 'dpv:ThirdParty', 'dct:title': name })),
    ...(event.region === null ? {} : { 'dpv:hasJurisdiction': { '@id': `loc:${event.region}` } }),
    // Event: event_time, event_type, event_state, validity_duration, entity_id
    'dpv:isIndicatedAtTime': dateTime(event.at),
    ...(status === null ? {} : { 'dpv:hasConsentStatus': { '@id': status } }),
    'lethe:decision': event.decision,
    ...(event.method === null ? {} : { 'dpv:hasIndicationMethod': event.method }),
    ...(event.source === null ? {} : { 'dct:source': event.source }),
    ...(event.expires === null ? {} : { 'dct:valid': dateTime(event.expires) }),
  };
}

function legalBasis(method: string | null): string {
  if (method === 'explicit') return 'dpv:ExplicitlyExpressedConsent';
  return method === 'implicit' ? 'dpv:ImpliedConsent' : 'dpv:Consent';
}

function dateTime(at: number): object {
  return { '@type': 'xsd:dateTime', '@value': new Date(at).toISOString() };
}
