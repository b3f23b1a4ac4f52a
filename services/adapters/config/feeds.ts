/** The feeds of LETHE_FEEDS_FILE: who may tell of consents, and what its words mean. */
import { readFileSync } from 'node:fs';
import { LetheError } from '../../core/errors.ts';
import { CONSENT_DECISIONS, type ConsentDecision } from '../../core/consent-event.ts';
import type { Feed, MappedFeed, PurposeMapping } from '../../core/feeds/feed.ts';
import { parsePointer, type Pointer } from '../../core/feeds/pointer.ts';
import { formatPosition } from '../../core/policy/report.ts';
import { checkShape } from './check-shape.ts';
import { readFeedAuth } from './feed-secrets.ts';
import { feedsShape, type WrittenFeed, type WrittenFields } from './feeds-shape.ts';
import { readYaml } from './yaml-document.ts';

/**
 * OneTrust's words for what became of a purpose
 * (https://developer.onetrust.com/onetrust/reference/createconsentreceiptusingpost). `CHANGE_PREFERENCES` says nothing of
 * the purpose and `CANCEL` of nothing alone: who gets them maps them. Waiting for a confirmation is not a consent.
 */
const ONETRUST_DECISIONS: Readonly<Record<string, ConsentDecision>> = {
  CONFIRMED: 'granted',
  ACTIVE: 'granted',
  EXTEND: 'granted',
  NOTGIVEN: 'denied',
  NO_CONSENT: 'denied',
  NO_CHOICE: 'denied',
  PENDING: 'denied',
  OPT_OUT: 'withdrawn',
  HARD_OPT_OUT: 'withdrawn',
  WITHDRAWN: 'withdrawn',
  EXPIRED: 'withdrawn',
};

const FIELDS: Readonly<Record<MappedFeed['kind'], WrittenFields & { readonly items: string }>> = {
  webhook: {
    items: '/events',
    subject: '@/subject',
    purpose: '@/purpose',
    decision: '@/decision',
    at: '@/at',
    region: '@/region',
    method: '@/method',
    notice: '@/notice',
    recipients: '@/recipients',
    expires: '@/expires',
  },
  onetrust: {
    items: '/purposes',
    subject: '/identifier',
    purpose: '@/Id',
    decision: '@/TransactionType',
    at: '/interactionDate',
    id: '/receiptId',
  },
};

/**
 * The feeds of a file (YAML or JSON). Files that it names are beside it.
 *
 * @throws LetheError `invalid_config` with every problem at its line, where the file cannot be used.
 */
export function readFeeds(file: string): readonly Feed[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new LetheError('invalid_config', `LETHE_FEEDS_FILE ${file} cannot be read (${codeOf(cause)})`, { cause });
  }
  const yaml = readYaml(file, text);
  const checked = yaml.ok ? checkShape(feedsShape, yaml.document) : yaml;
  if (!checked.ok)
    throw unusable(checked.problems.map(({ position, message }) => `${formatPosition(position)}: ${message}`));
  const problems: string[] = [];
  const { value, at } = checked.document;
  const feeds = Object.entries(value.feeds).flatMap(([name, written]): readonly Feed[] => {
    const report = (message: string, ...path: readonly string[]): void =>
      void problems.push(`${formatPosition(at(['feeds', name, ...path]))}: ${message}`);
    const auth = readFeedAuth(file, written.auth, (message) => report(message, 'auth'));
    checkPurposes(written, report);
    if (auth === null) return [];
    const {
      region = null,
      method = null,
      notice = null,
      source = `feed:${name}`,
      may_erase: mayErase = false,
    } = written;
    return [{ ...feedOf(written), name, auth, mayErase, region, method, notice, source } as Feed];
  });
  if (problems.length > 0) throw unusable(problems);
  return feeds;
}

function feedOf(written: WrittenFeed): Omit<Feed, 'name' | 'auth'> | object {
  switch (written.kind) {
    case 'webhook':
    case 'onetrust': {
      const { kind, decisions = {} } = written;
      const { items, ...defaults } = FIELDS[kind];
      const all = { ...defaults, ...written.fields };
      const field = (name: keyof WrittenFields): Pointer | null =>
        all[name] === undefined ? null : pointer(all[name]);
      const own =
        kind === 'onetrust' ? ONETRUST_DECISIONS : Object.fromEntries(CONSENT_DECISIONS.map((each) => [each, each]));
      const list = written.items === undefined ? items : written.items;
      const feed: MappedFeed = {
        kind,
        items: list === null ? null : pointer(list),
        fields: {
          subject: field('subject')!,
          purpose: field('purpose')!,
          decision: field('decision')!,
          at: field('at')!,
          id: field('id'),
          region: field('region'),
          method: field('method'),
          notice: field('notice'),
          recipients: field('recipients'),
          expires: field('expires'),
        },
        decisions: new Map([...Object.entries(own), ...Object.entries(decisions)]),
        ...mappingOf(written),
      };
      return feed;
    }
    case 'segment':
      return { kind: written.kind, subject: pointer(written.subject ?? '/userId'), ...mappingOf(written) };
    case 'transcend':
      return { kind: written.kind, identifier: written.identifier ?? 'userId', ...mappingOf(written) };
    case 'tcf':
      return {
        kind: written.kind,
        subject: pointer(written.subject ?? '/subject'),
        tcString: pointer(written.tc_string ?? '/tcString'),
        at: pointer(written.at ?? '/at'),
        purposes: new Map(Object.entries(written.purposes)),
        vendors: new Map(
          Object.entries(written.vendors ?? {}).map(([vendor, recipient]) => [Number(vendor), recipient]),
        ),
      };
    case 'gpc':
      return {
        kind: written.kind,
        subject: pointer(written.subject ?? '/subject'),
        at: pointer(written.at ?? '/at'),
        purposes: written.purposes ?? ['*'],
      };
  }
}

function mappingOf({
  purposes,
  ignore = [],
}: {
  readonly purposes?: Readonly<Record<string, readonly string[]>>;
  readonly ignore?: readonly string[];
}): PurposeMapping {
  return { purposes: purposes === undefined ? null : new Map(Object.entries(purposes)), ignore: new Set(ignore) };
}

/**
 * Two purposes of a provider that become one here would let a grant of the one undo the withdrawal of the other. Segment
 * tells of all at once, and there the refusal wins.
 */
function checkPurposes(written: WrittenFeed, report: (message: string, ...path: readonly string[]) => void): void {
  if (written.kind === 'tcf' || written.kind === 'gpc' || written.kind === 'segment') return;
  const taken = new Set<string>();
  for (const [name, purposes] of Object.entries(written.purposes ?? {})) {
    for (const purpose of new Set(purposes)) {
      if (taken.has(purpose)) {
        report(
          `another of the provider's purposes is ${purpose} too: the later answer would stand for both`,
          'purposes',
          name,
        );
      }
      taken.add(purpose);
    }
    if (written.ignore?.includes(name) === true) report('is mapped and ignored', 'purposes', name);
  }
}

function pointer(text: string): Pointer {
  return parsePointer(text)!;
}

function unusable(problems: readonly string[]): LetheError {
  return new LetheError('invalid_config', `LETHE_FEEDS_FILE cannot be used: ${problems.join('; ')}`, {
    fix: 'Correct what is named. The file is read at the start.',
  });
}

function codeOf(cause: unknown): string {
  return String((cause as NodeJS.ErrnoException).code);
}
