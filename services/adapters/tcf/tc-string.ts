/** TC strings with the IAB's own library. */
import { RestrictionType, TCString } from '@iabtcf/core';
import type { TcConsent } from '../../core/feeds/tcf.ts';
import { countVendors } from './count-vendors.ts';

/** Some fifty times what a vendor list has, and a tenth of a second of the decoder's time. */
const MAX_VENDORS = 65_535;

/**
 * Null for what is no TC string of version 2 (IAB Tech Lab, "Consent string and vendor list formats v2"). Its core
 * segment alone is read: the others say what was shown, not what was consented to.
 */
export function decodeTcString(text: string): TcConsent | null {
  const core = text.split('.', 1)[0] ?? '';
  const vendors = countVendors(core);
  if (vendors === null || vendors > MAX_VENDORS) return null;
  try {
    const tc = TCString.decode(core);
    const lastUpdated = tc.lastUpdated.getTime();
    if (!Number.isSafeInteger(lastUpdated)) return null;
    const { purposeConsents, vendorConsents, publisherRestrictions } = tc;
    return {
      lastUpdated,
      cmpId: Number(tc.cmpId),
      cmpVersion: Number(tc.cmpVersion),
      policyVersion: Number(tc.policyVersion),
      vendorListVersion: Number(tc.vendorListVersion),
      consentsTo: (purpose) => purposeConsents.has(purpose),
      names: (vendor) => vendorConsents.has(vendor),
      restricts: (vendor, purpose) =>
        publisherRestrictions
          .getRestrictions(vendor)
          .some((each) => each.purposeId === purpose && each.restrictionType !== RestrictionType.REQUIRE_CONSENT),
    };
  } catch {
    // The library throws for whatever it cannot read, and its messages hold what that was.
    return null;
  }
}
