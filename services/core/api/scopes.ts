/** What a token of the API may be allowed. */
export const SCOPES = [
  'consents:read',
  'consents:write',
  /** `erased` and `reinstated` events: what ends and what revives everything about a subject. */
  'consents:erase',
  'feeds:write',
  'requests:read',
  'requests:write',
] as const;

export type Scope = (typeof SCOPES)[number];

/** Who calls: a token of the tokens file. */
export type Caller = {
  /** The token's name in the file; it is logged. */
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  /** Requests a minute; null: as many as the setting says. */
  readonly perMinute: number | null;
};
