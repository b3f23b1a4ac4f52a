/** The report of an access request as a page that needs nothing else. */
import { createHash } from 'node:crypto';
import type { AccessReport, PublishedTo } from '../core/requests/access.ts';
import { type Html, html, trusted } from './html.ts';

const STYLE = `:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;overflow-wrap:anywhere}table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}caption{text-align:left;font-weight:600;padding:.3rem 0}th,td{text-align:left;vertical-align:top;padding:.3rem .5rem;border-bottom:1px solid #8888}code{font-size:.9em}.scroll{overflow-x:auto}`;

export function reportAsHtml(report: AccessReport): string {
  const style = `sha256-${createHash('sha256').update(STYLE).digest('base64')}`;
  const policy = `default-src 'none'; style-src '${style}'; base-uri 'none'; form-action 'none'`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>What Lethe knows of you</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<main>
<h1>What Lethe knows of you</h1>
<p>Request <code>${report.request}</code>, made <time datetime="${report.made}">${report.made}</time>.</p>
<p>Lethe knows you as ${codes(report.tokens)}, never by name or number.${
    report.erased ? html` <strong>You are erased: nothing is published about you any more.</strong>` : ''
  }</p>
<h2>What you consent to</h2>
${table(
  'By purpose',
  ['Purpose', 'Decision', 'Since'],
  Object.entries(report.consents).map(([purpose, { decision, since }]) => [
    purpose === '*' ? '* (all)' : purpose,
    decision ?? 'nothing counts now',
    since ?? '',
  ]),
)}
<h2>Every consent event</h2>
${table(
  'In the order in which they count',
  ['Time', 'Purpose', 'Decision', 'Method', 'Source', 'Notice', 'Expires'],
  report.history.map((event) =>
    ['at', 'purpose', 'decision', 'method', 'source', 'notice', 'expires'].map((name) => textOf(event[name])),
  ),
)}
<h2>What was published about you</h2>
${report.published.map(publishedHtml)}
<h2>What was done to your data</h2>
${report.forms.map(
  (fields, index) =>
    html`${table(
      `Form ${index}`,
      ['Field', 'Treatment'],
      fields.map(({ path, effect }) => [path, effect]),
    )}`,
)}
<h2>What this report cannot tell</h2>
<ul>
${report.limits.map((limit) => html`<li>${limit}</li>`)}
</ul>
</main>
</body>
</html>
`;
  return page.html;
}

function publishedHtml({ topic, purpose, records }: PublishedTo): Html {
  return html`<h3><code>${topic}</code></h3>
<p>For the purpose ${purpose}: ${records.length} records.</p>
${
  records.length === 0
    ? ''
    : table(
        'Records',
        ['Published', 'Where', 'From', 'Form'],
        records.map(({ at, source, published, deleted, form }) => [
          published,
          at,
          source ?? '',
          deleted ? 'deletion' : form === null ? 'unknown' : `form ${form}`,
        ]),
      )
}`;
}

function table(caption: string, heads: readonly string[], rows: readonly (readonly string[])[]): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${rows.map((cells) => html`<tr>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody>
</table></div>`;
}

function codes(texts: readonly string[]): readonly Html[] {
  return texts.map((text) => html`<code>${text}</code>`);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
