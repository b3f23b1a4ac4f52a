import type { SettingsSource } from './settings-source.ts';

const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/;

/** LETHE_CALLBACK_HOSTS: `HOST` or `HOST:PORT`, as adapters/callbacks takes them. None where it is not set. */
export function callbackHosts(source: SettingsSource): readonly string[] {
  const found = source.find('LETHE_CALLBACK_HOSTS');
  const hosts = (found?.text ?? '')
    .split(',')
    .map((host) => host.trim())
    .filter((host) => host !== '');
  const fine = (host: string): boolean => {
    const match = HOST.exec(host);
    const port = Number(match?.[1] ?? 443);
    return match !== null && port >= 1 && port <= 65_535 && URL.canParse(`https://${host}`);
  };
  if (found !== null && !hosts.every(fine)) {
    const fix = 'Write HOST,HOST:PORT without a scheme; an IPv6 address in brackets.';
    source.report(found.from, 'LETHE_CALLBACK_HOSTS is no list of hosts', fix);
  }
  return Object.freeze(hosts);
}
