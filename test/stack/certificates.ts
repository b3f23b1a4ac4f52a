/** Certificates for tests: an authority of their own and what it issues, by openssl. All of it dies with the directory. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureTools } from '../../deploy/local/tools.ts';

const execute = promisify(execFile);
const ELLIPTIC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** PEM files: a certificate and its key (PKCS #8), and both in one file, as Kafka's PEM keystores want it. */
export type Certificate = { readonly cert: string; readonly key: string; readonly both: string };

export type Authority = {
  /** PEM file of the authority's own certificate: what the other side is to trust. */
  readonly ca: string;
  /**
   * Issues a certificate with the subject CN=`name`, good for servers and clients alike.
   *
   * @param names what it holds for: `DNS:localhost`, `IP:127.0.0.1`
   * @param file the files' name where it is not `name`; an earlier one of that name is replaced
   */
  readonly issue: (
    name: string,
    options?: { readonly names?: readonly string[]; readonly expired?: boolean; readonly file?: string },
  ) => Promise<Certificate>;
};

/** @param directory made where it is missing; an authority needs one of its own. */
export async function makeAuthority(directory: string): Promise<Authority> {
  await ensureTools(['openssl'], () => {});
  mkdirSync(directory, { recursive: true });
  const [ca, caKey] = [join(directory, 'ca.pem'), join(directory, 'ca.key')];
  const self = ['-subj', '/CN=test-authority', '-days', '2', '-keyout', caKey, '-out', ca];
  await execute('openssl', ['req', '-x509', ...ELLIPTIC, ...self]);
  writeFileSync(join(directory, 'index.txt'), '');
  writeFileSync(
    join(directory, 'ca.cnf'),
    [
      '[ca]',
      'default_ca=it',
      '[it]',
      `dir=${directory}`,
      `new_certs_dir=${directory}`,
      `database=${join(directory, 'index.txt')}`,
      'default_md=sha256',
      'policy=any',
      'copy_extensions=copy',
      'unique_subject=no',
      'rand_serial=yes',
      '[any]',
      'commonName=supplied',
      '',
    ].join('\n'),
  );
  // openssl's register of what it issued knows no two writers.
  let last: Promise<unknown> = Promise.resolve();

  async function issue(name: string, options: Parameters<Authority['issue']>[1] = {}): Promise<Certificate> {
    const { names = ['DNS:localhost'], expired = false, file = name } = options;
    const [cert, key, request] = ['pem', 'key', 'csr'].map((end) => join(directory, `${file}.${end}`)) as [
      string,
      string,
      string,
    ];
    const extension = ['-addext', `subjectAltName=${names.join(',')}`];
    await execute('openssl', [
      'req',
      ...ELLIPTIC,
      '-subj',
      `/CN=${name}`,
      ...extension,
      '-keyout',
      key,
      '-out',
      request,
    ]);
    const dates = expired ? ['-startdate', '20200101000000Z', '-enddate', '20200102000000Z'] : ['-days', '2'];
    const signing = ['-config', join(directory, 'ca.cnf'), '-cert', ca, '-keyfile', caKey];
    await execute('openssl', ['ca', '-batch', '-notext', ...signing, ...dates, '-in', request, '-out', cert]);
    const both = join(directory, `${file}.both.pem`);
    writeFileSync(both, readFileSync(key, 'utf8') + readFileSync(cert, 'utf8'));
    return { cert, key, both };
  }

  return {
    ca,
    issue: (name, options) => {
      const issued = last.then(() => issue(name, options));
      last = issued.catch(() => {});
      return issued;
    },
  };
}
