/** From records to proposals, with the real checks of values. */
import { describe, expect, it } from 'vitest';
import { checkValue } from '../../../../services/adapters/detect/value-checks.ts';
import { schemaWithDocs } from '../../../../services/core/propose/avro-places.ts';
import { type Datum, jsonDatum } from '../../../../services/core/propose/datum.ts';
import { makeObserver } from '../../../../services/core/propose/observe.ts';
import { proposePolicy } from '../../../../services/core/propose/propose.ts';

const proposalsOf = (records: readonly Datum[]) => {
  const observer = makeObserver(checkValue);
  for (const record of records) observer.observe(record);
  return proposePolicy(observer, checkValue);
};
const ofSchema = (...versions: readonly unknown[]) => {
  const observer = makeObserver(checkValue);
  for (const version of versions) {
    const type = schemaWithDocs(version);
    if (type !== null) observer.declare(type);
  }
  return proposePolicy(observer, checkValue);
};
const categories = ({ proposals }: ReturnType<typeof proposalsOf>) =>
  Object.fromEntries(proposals.map(({ found, category, confidence }) => [found.text, `${category} ${confidence}`]));
/** Thirty records that have one field. */
const values = (name: string, make: (index: number) => Datum) =>
  categories(proposalsOf(Array.from({ length: 30 }, (_, index) => ({ [name]: make(index) }))));

describe('by name', () => {
  it.each([
    ['first_name', 'user.name.first'],
    ['vorname', 'user.name.first'],
    ['prenom', 'user.name.first'],
    ['apellido', 'user.name.last'],
    ['Nachname', 'user.name.last'],
    ['strasse', 'user.contact.address.street'],
    ['Straße', 'user.contact.address.street'],
    ['rue', 'user.contact.address.street'],
    ['plz', 'user.contact.address.postal_code'],
    ['codigoPostal', 'user.contact.address.postal_code'],
    ['ville', 'user.contact.address.city'],
    ['wohnort', 'user.contact.address.city'],
    ['geschlecht', 'user.demographic.gender'],
    ['religion', 'user.demographic.religious_belief'],
    ['ethnicity', 'user.demographic.ethnicity'],
    ['diagnose', 'user.health'],
    ['medicationList', 'user.health'],
    ['fingerabdruck', 'user.biometric'],
    ['password', 'user.authorization.credentials'],
    ['mot_de_passe', 'user.authorization.credentials'],
    ['accessToken', 'user.authorization.credentials'],
    ['SSN', 'user.government_id'],
    ['steuerId', 'user.government_id'],
    ['passeport', 'user.government_id.passport_number'],
    ['kundennummer', 'user.unique_id'],
    ['customerId', 'user.unique_id'],
    ['cookie_id', 'user.device.cookie_id'],
    ['deviceId', 'user.device.device_id'],
    ['kommentar', 'user.content'],
    ['gehalt', 'user.financial'],
    ['event_type', 'system'],
    ['schemaVersion', 'system'],
    ['trace_id', 'system.operations'],
    ['orderId', 'user.behavior.purchase_history'],
  ])('%s is %s', (name, category) => {
    expect(values(name, (index) => `w${'abcdefghij'[index % 10]}`)[name]?.split(' ')[0]).toBe(category);
  });

  it('takes what is around a name into account', () => {
    const record = {
      customer: { name: { first: 'x', last: 'y' }, type: 'z', id: 'c' },
      product: { name: 'x', id: 'p' },
      diagnosis: { code: 'x', comment: 'y' },
      event: { name: 'x' },
    };
    expect(categories(proposalsOf(Array.from({ length: 5 }, () => record)))).toEqual({
      'customer.name.first': 'user.name.first high',
      'customer.name.last': 'user.name.last high',
      'customer.type': 'user low',
      'customer.id': 'user.unique_id high',
      'product.name': 'user.behavior.purchase_history high',
      'product.id': 'user.behavior.purchase_history low',
      'diagnosis.code': 'user.health low',
      'diagnosis.comment': 'user.health high',
      'event.name': 'system high',
    });
  });

  it('takes for personal what nothing tells of, with low confidence', () => {
    expect(values('zorp', () => 'blub')).toEqual({ zorp: 'user low' });
    expect(values('zorp', (index) => index)).toEqual({ zorp: 'user low' });
  });
});

describe('by values', () => {
  const IBANS = ['DE89370400440532013000', 'GB82WEST12345698765432', 'FR1420041010050500013M02606'];
  it.each<[string, string, (index: number) => Datum, string]>([
    ['e-mail', 'zorp', (i) => `user${i}@example.com`, 'user.contact.email high'],
    ['phone', 'zorp', (i) => `+4930901${1000 + i}`, 'user.contact.phone_number high'],
    ['IBAN', 'zorp', (i) => IBANS[i % 3] ?? null, 'user.financial.account_number high'],
    [
      'card',
      'zorp',
      (i) => ['4111111111111111', '5555555555554444', '378282246310005'][i % 3] ?? null,
      'user.financial.credit_card high',
    ],
    ['IP', 'zorp', (i) => `192.0.2.${i}`, 'user.device.ip_address high'],
    ['free text', 'zorp', () => 'some words that make up a text', 'user.content low'],
    ['a bare date', 'zorp', (i) => `19${50 + i}-01-01`, 'user.demographic.date_of_birth low'],
    ['a country', 'zorp', (i) => ['DE', 'FR'][i % 2] ?? null, 'user.contact.address.country low'],
    ['degrees', 'zorp', (i) => 52.5171 + i / 999.5, 'user.location.precise low'],
    ['e-mail called a note', 'note', (i) => `user${i}@example.com`, 'user.contact.email high'],
    ['e-mail called an event id', 'event_id', (i) => `user${i}@example.com`, 'user.contact.email high'],
    ['one e-mail among others', 'event_id', (i) => (i === 7 ? 'user7@example.com' : `e${i}`), 'user.contact.email low'],
    ['e-mail called a diagnosis', 'diagnosis', (i) => `user${i}@example.com`, 'user.health low'],
    ['email that is a flag', 'email_verified', () => true, 'user.contact.email low'],
    ['an e-mail field without e-mails', 'email', () => 'zorp', 'user.contact.email medium'],
  ])('%s', (_what, name, make, expected) => {
    expect(values(name, make)).toEqual({ [name]: expected });
  });

  it('finds national ids where all values of some variety pass', () => {
    const pesel = (index: number): string => {
      const digits = `900101${String(1000 + index)}`;
      const weights = [1, 3, 7, 9, 1, 3, 7, 9, 1, 3];
      const sum = weights.reduce((total, weight, at) => total + weight * Number(digits[at]), 0);
      return `${digits}${(10 - (sum % 10)) % 10}`;
    };
    expect(values('zorp', pesel)).toEqual({ zorp: 'user.government_id high' });
    expect(values('order_id', pesel)).toEqual({ order_id: 'user.government_id high' });
    expect(values('order_id', (index) => `900101${10_000 + index * 7}`)).toEqual({
      order_id: 'user.behavior.purchase_history high',
    });
  });

  it('reads long numbers to the digit', () => {
    const record = jsonDatum('{"zorp": 4111111111111111, "n": 12345678901234567890}');
    expect(categories(proposalsOf(Array.from({ length: 3 }, () => record ?? null)))['zorp']).toBe(
      'user.financial.credit_card low',
    );
  });
});

describe('paths', () => {
  it('are those of every scalar: nested, in arrays, with dots in keys', () => {
    const record = { a: { b: [{ c: 1 }], d: [[2]] }, 'x.y': 3, 'z*[]': 4, 'last name': 5 };
    const { proposals } = proposalsOf([record, record]);
    expect(proposals.map(({ found }) => found.text)).toEqual([
      'a.b[].c',
      'a.d[][]',
      String.raw`x\.y`,
      'last name',
      '*',
    ]);
  });

  it('names no key of a map', () => {
    const records = Array.from({ length: 12 }, (_, index) => ({
      user_id: `u${index}`,
      by_mail: { [`user${index}@example.com`]: { seen: index } },
      friends: { [`zorp${'abcdefghijkl'[index]}`]: 'x' },
    }));
    const found = categories(proposalsOf(records));
    expect(found).toEqual({
      user_id: 'user.unique_id high',
      'by_mail.*.seen': 'user.contact.email low',
      'friends.*': 'user low',
    });
  });

  it('leaves out a single value where objects stand too', () => {
    const { findings, proposals } = proposalsOf([{ a: 1 }, { a: { id: 2 } }]);
    expect(proposals.map(({ found }) => found.text)).toEqual(['a.id']);
    expect(findings.conflicts.map(({ text }) => text)).toEqual(['a']);
  });

  it('stay bounded, however many keys there are', () => {
    const observer = makeObserver(checkValue);
    for (let record = 0; record < 300; record++) {
      observer.observe(
        Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`zorp${letters(record * 20 + at)}`, at])),
      );
    }
    expect(observer.root.fields.size).toBeLessThanOrEqual(512);
    expect(proposePolicy(observer, checkValue).proposals.map(({ found }) => found.text)).toEqual(['*']);
  });
  const letters = (number: number): string => [...String(number)].map((digit) => 'abcdefghij'[Number(digit)]).join('');
});

describe('roles', () => {
  const record = (index: number) => ({
    event_id: `e${index}`,
    user: { id: `u${index % 3}`, email: `user${index % 3}@example.com`, country: 'DE' },
    created_at: '2026-01-01T00:00:00Z',
    occurred_at: 1_767_225_600_000 + index,
    shop: { country: 'FR' },
    shipped: '2026-01-01',
  });

  it('are the id of a person, the time of the event and the region of a person', () => {
    const { roles } = proposalsOf(Array.from({ length: 9 }, (_, index) => record(index)));
    expect(roles.subject).toMatchObject({ path: 'user.id', confidence: 'high', others: ['user.email'] });
    expect(roles.time).toMatchObject({ path: 'occurred_at', confidence: 'high', others: ['created_at'] });
    expect(roles.region).toMatchObject({ path: 'user.country', confidence: 'high', others: [] });
  });

  it('name no time that is missing or unreadable in some records', () => {
    const some = [record(0), { ...record(1), occurred_at: 'soon', created_at: '2026-01-01' }];
    expect(proposalsOf(some).roles.time.path).toBeNull();
  });

  it('name no subject where none is found', () => {
    expect(proposalsOf([{ zorp: 1 }]).roles.subject.path).toBeNull();
    expect(proposalsOf([{ user: [{ id: 'x' }] }]).roles.subject.path).toBeNull();
  });
});

describe('Avro schemas', () => {
  const address = { type: 'record', name: 'Address', fields: [{ name: 'zip', type: 'string' }] };
  const first = {
    type: 'record',
    name: 'Event',
    fields: [
      { name: 'ref', type: 'string', doc: 'The customer id' },
      { name: 'zorp', type: ['null', 'string'], 'confluent:tags': ['EMAIL'] },
      { name: 'blub', type: { type: 'array', items: ['null', address] } },
      { name: 'homes', type: { type: 'map', values: 'Address' } },
      { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
      { name: 'event_type', type: 'string', 'confluent:tags': ['PII'] },
      { name: 'next', type: ['null', 'string', 'Event'] },
    ],
  };
  const second = { ...first, fields: [...first.fields, { name: 'day', type: { type: 'int', logicalType: 'date' } }] };

  it('are walked through unions, arrays, maps and names, in all versions', () => {
    const result = ofSchema(first, second);
    expect(categories(result)).toEqual({
      ref: 'user.unique_id low',
      zorp: 'user.contact.email high',
      'blub[].zip': 'user.contact.address.postal_code medium',
      'homes.*.zip': 'user.contact.address.postal_code medium',
      at: 'system low',
      event_type: 'user low',
      day: 'user.demographic.date_of_birth low',
    });
    expect(result.findings.conflicts.map(({ text }) => text)).toEqual(['next']);
    expect(result.roles.time.path).toBe('at');
    expect(result.tags).toEqual(
      new Map([
        ['EMAIL', 'user.contact.email'],
        ['PII', 'user'],
      ]),
    );
    expect(result.proposals.find(({ found }) => found.text === 'day')?.present).toBe(0.5);
  });
});
