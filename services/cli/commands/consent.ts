import { type AddCommand, CONFIG_FLAG, examples } from '../command.ts';

export const addConsent: AddCommand = (parent, finish) => {
  const consent = parent.command('consent').description('consent events and the state they come to');
  consent
    .command('import')
    .description('append consent events to the log and bring the view up to date with them')
    .argument('<file>', 'consent events, one JSON object a line')
    .option(...CONFIG_FLAG)
    .action(
      finish(async (file: string, options: { config?: string }) =>
        (await import('../consent.main.ts')).consentImport(file, options),
      ),
    )
    .addHelpText('after', examples(['lethe consent import consents.jsonl']));
  consent
    .command('rebuild')
    .description('make the whole view in Redis anew from the log; workers pause until it is whole')
    .option(...CONFIG_FLAG)
    .action(
      finish(async (options: { config?: string }) =>
        (await import('../consent-rebuild.main.ts')).consentRebuild(options),
      ),
    )
    .addHelpText('after', examples(['lethe consent rebuild']));
  consent
    .command('get')
    .description('what a subject has consented to, now, as JSON')
    .argument('<subject>', 'subject id as it stands in the events')
    .option(...CONFIG_FLAG)
    .action(
      finish(async (subject: string, options: { config?: string }) =>
        (await import('../consent.main.ts')).consentGet(subject, options),
      ),
    )
    .addHelpText('after', examples(['lethe consent get cust-1']));
  consent
    .command('history')
    .description('what was in force when for a subject, by purpose, as JSON')
    .argument('<subject>', 'subject id as it stands in the events')
    .option('--purpose <name>', 'this purpose alone')
    .option('--at <time>', 'what was in force at that moment alone, like 2026-03-01T00:00:00Z')
    .option(...CONFIG_FLAG)
    .action(
      finish(async (subject: string, options: { config?: string; purpose?: string; at?: string }) =>
        (await import('../consent.main.ts')).consentHistory(subject, options),
      ),
    )
    .addHelpText(
      'after',
      examples([
        'lethe consent history cust-1',
        'lethe consent history cust-1 --purpose analytics --at 2026-03-01T00:00:00Z',
      ]),
    );
};
