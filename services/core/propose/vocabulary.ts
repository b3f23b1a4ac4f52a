/** The vocabularies that a first configuration begins with (DESIGN section 4). */

export type CategoryFlags = {
  readonly sensitive?: boolean;
  readonly quasi_identifier?: boolean;
  readonly note?: string;
};

const flags = (one: CategoryFlags): CategoryFlags => one;
const NONE = flags({});
const SENSITIVE = flags({ sensitive: true });
const QUASI = flags({ quasi_identifier: true });

/** Categories that proposals use, and their kin. Names follow Fideslang (https://ethyca.github.io/fideslang). */
export const BASE_TAXONOMY: ReadonlyMap<string, CategoryFlags> = new Map([
  ['system', flags({ note: 'not personal: ids of events, timestamps, versions and the like' })],
  ['system.operations', NONE],

  ['user', flags({ note: 'personal, and not known more closely' })],
  ['user.unique_id', NONE],
  ['user.name', NONE],
  ['user.name.first', NONE],
  ['user.name.last', NONE],
  ['user.authorization', NONE],
  ['user.authorization.credentials', flags({ note: 'passwords, tokens: never release them' })],

  ['user.contact', NONE],
  ['user.contact.email', NONE],
  ['user.contact.phone_number', NONE],
  ['user.contact.address', NONE],
  ['user.contact.address.street', NONE],
  ['user.contact.address.city', QUASI],
  ['user.contact.address.postal_code', QUASI],
  ['user.contact.address.state', NONE],
  ['user.contact.address.country', NONE],

  ['user.device', NONE],
  ['user.device.device_id', NONE],
  ['user.device.ip_address', NONE],
  ['user.device.cookie_id', NONE],
  ['user.device.user_agent', QUASI],

  ['user.demographic', flags({ quasi_identifier: true, note: 'counts toward re-identification' })],
  ['user.demographic.age', NONE],
  ['user.demographic.date_of_birth', NONE],
  ['user.demographic.gender', NONE],
  ['user.demographic.language', NONE],
  ['user.demographic.marital_status', NONE],
  ['user.demographic.ethnicity', flags({ sensitive: true, note: 'GDPR Art. 9: consent has to be explicit' })],
  ['user.demographic.religious_belief', SENSITIVE],
  ['user.demographic.political_opinion', SENSITIVE],
  ['user.demographic.sexual_orientation', SENSITIVE],

  ['user.government_id', NONE],
  ['user.government_id.passport_number', NONE],
  ['user.government_id.drivers_license_number', NONE],
  ['user.financial', NONE],
  ['user.financial.credit_card', NONE],
  ['user.financial.account_number', NONE],

  ['user.health', SENSITIVE],
  ['user.health.genetic', NONE],
  ['user.biometric', SENSITIVE],
  ['user.criminal_history', flags({ sensitive: true, note: 'GDPR Art. 10' })],

  ['user.behavior', NONE],
  ['user.behavior.browsing_history', NONE],
  ['user.behavior.purchase_history', NONE],
  ['user.behavior.search_history', NONE],
  ['user.content', flags({ note: 'what a person wrote: may hold anything' })],
  ['user.employment', NONE],
  ['user.employment.trade_union', SENSITIVE],
  ['user.social', NONE],

  ['user.location', NONE],
  ['user.location.imprecise', QUASI],
  ['user.location.precise', flags({ sensitive: true, note: 'CPRA: within 1,850 feet' })],
]);

/** ISO 3166 codes by regime; the default is the strictest. */
export const BASE_REGIMES: Readonly<Record<string, readonly string[]>> = {
  gdpr: 'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK IS LI NO GB'.split(' '),
  ccpa: ['US-CA'],
};
export const BASE_DEFAULT_REGIME = 'gdpr';

/** Stands for whatever the first output is for. */
export const PLACEHOLDER_PURPOSE = 'analytics';
export const PLACEHOLDER_RETENTION = 'P30D';
