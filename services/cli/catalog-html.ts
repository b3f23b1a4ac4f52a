/** A catalogue as one page that needs nothing else: for analysts, at a desk or on a phone, with or without a script. */
import { createHash } from 'node:crypto';
import {
  type Catalog,
  type CatalogField,
  type CatalogLeftOut,
  type CatalogTopic,
  groundByRegime,
} from '../core/catalog/catalog.ts';
import { plainDuration } from '../core/catalog/form-words.ts';
import type { CatalogExample } from '../core/catalog/example.ts';
import {
  ageWords,
  conditionWords,
  exampleWords,
  EXPLICIT_ONLY,
  explicitPaths,
  fieldName,
  INTRODUCTION,
  keyWords,
  leftOutWords,
  NO_EXAMPLE,
  NOTES,
  otherwiseWords,
  readersText,
  schemaWords,
  TITLE,
  undeclaredWords,
} from './catalog-words.ts';
import { SCRIPT, STYLE } from './catalog-page.ts';
import { escapeHtml, type Html, html, trusted } from './html.ts';
import { indentJson } from './indent-json.ts';
import { groundText } from './prove-words.ts';

export function catalogAsHtml(catalog: Catalog): string {
  // Even were something not escaped, the browser would neither run nor load it.
  const policy = `default-src 'none'; style-src '${hashOf(STYLE)}'; script-src '${hashOf(SCRIPT)}'; img-src data:; base-uri 'none'; form-action 'none'`;
  const { topics, bundle } = catalog;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="lethe-bundle" content="${bundle}">
<title>${TITLE}</title>
<link rel="icon" href="data:,">
<style>${trusted(STYLE)}</style>
</head>
<body>
<a class="skip" href="#topics">Skip to the topics</a>
<header class="page">
<h1>${TITLE}</h1>
<p class="lead">${INTRODUCTION}</p>
</header>
<div class="page columns">
<nav class="contents" aria-labelledby="contents">
<h2 id="contents">${topics.length === 1 ? '1 topic' : `${topics.length} topics`}</h2>
<div class="find" id="find" role="search" hidden>
<label for="find-text">Find a topic, field or category</label>
<input id="find-text" type="search" autocomplete="off" spellcheck="false" aria-describedby="find-said">
<p class="soft small" id="find-said" role="status"></p>
</div>
<ol>
${topics.map(({ topic, purpose }) => html`<li id="to-${idOf(topic)}"><a href="#${idOf(topic)}"><code>${breakable(topic)}</code><br><span class="soft small">${purpose.name}</span></a></li>`)}
</ol>
</nav>
<main id="topics" tabindex="-1">
${topics.map((topic) => section(topic, catalog))}
<section class="notes" aria-labelledby="notes">
<h2 id="notes">How to read this</h2>
<ul>
${NOTES.map((note) => html`<li>${note}</li>`)}
</ul>
</section>
</main>
</div>
<footer class="page soft small">
<p>Bundle <code>${bundle}</code>. Every decision in the audit names the digest of the bundle it was made under.</p>
</footer>
<script>${trusted(SCRIPT)}</script>
</body>
</html>
`;
  return page.html;
}

function section(topic: CatalogTopic, { regimes }: Catalog): Html {
  const { purpose, key, fields, headers, schema, examples } = topic;
  const id = idOf(topic.topic);
  const grounds = groundByRegime(topic, regimes);
  return html`<section class="topic" id="${id}" aria-labelledby="${id}-name">
<header>
<h2 id="${id}-name"><code>${breakable(topic.topic)}</code></h2>
${purpose.description === null ? [] : html`<p class="lead">${purpose.description}</p>`}
</header>
<dl class="facts">
<dt>Purpose</dt><dd><code>${purpose.name}</code></dd>
<dt>Who may read it</dt><dd>${readersText(purpose)}</dd>
<dt>Made from</dt><dd><code>${topic.rawTopic}</code> (${topic.format}), route <code>${topic.route}</code></dd>
<dt>Published</dt><dd>${ageWords(topic)} ${otherwiseWords(topic)}</dd>
<dt>Record key</dt><dd>${keyWords(key)}</dd>
<dt>Headers</dt><dd><code>lethe-source</code>: the raw record, as topic/partition/offset${headers.length === 0 ? '' : '; and those below'}</dd>
</dl>
<h3>Legal bases</h3>
<table role="table" class="bases">
<caption>When a record is published, by the law that applies in the subject’s region</caption>
${headRow(['Regime', 'Legal basis', 'Regions'])}
<tbody role="rowgroup">
${grounds.map(
  ({
    regime,
    basis,
    regions,
    elsewhere,
  }) => html`<tr role="row"><th role="rowheader" scope="row"><code>${breakable(regime)}</code></th>
<td role="cell" data-label="Legal basis"><span>${groundText(basis, purpose.recipient)}</span></td>
<td role="cell" data-label="Regions"><span>${trusted(regionsOf(regions, elsewhere))}</span></td></tr>`,
)}
</tbody>
</table>
<h3>Fields</h3>
${fields.length === 0 ? html`<p>None: every record comes out empty.</p>` : fieldTable('What a record can hold, and in which form. In bold: personal, and in clear.', 'Field', fields)}
${headers.length === 0 ? [] : html`<h3>Headers</h3>\n${fieldTable('Raw headers that are passed on', 'Header', headers)}`}
<h3>Left out</h3>
${leftOut(topic)}
<h3>${examples.length > 1 ? 'Examples' : 'Example'}</h3>
${examples.length === 0 ? html`<p>${NO_EXAMPLE}</p>` : examples.map((example) => exampleOf(example, topic))}
<h3>Schema</h3>
<p class="soft">${schemaWords(schema)}</p>
${schema.kind === 'unknown' ? [] : html`<details><summary>Show the schema of ${topic.topic}</summary><pre><code>${JSON.stringify(schema.schema, null, 2)}</code></pre></details>`}
</section>`;
}

function headRow(titles: readonly string[]): Html {
  return html`<thead role="rowgroup"><tr role="row">${titles.map((title) => html`<th role="columnheader" scope="col">${title}</th>`)}</tr></thead>`;
}

function fieldTable(caption: string, what: string, fields: readonly CatalogField[]): Html {
  return html`<table role="table" class="fields">
<caption>${caption}</caption>
${headRow([what, 'Category', 'Form', 'Not older than', 'Condition'])}
<tbody role="rowgroup">
${fields.map(fieldRow)}
</tbody>
</table>`;
}

function fieldRow(field: CatalogField): Html {
  const { category, form, maxAgeMs, personal, sensitive } = field;
  const condition = conditionWords(field);
  // What leaves in clear, and is somebody's, is what a reader has to be careful with.
  const clear = personal && form.action === 'keep';
  return html`<tr role="row" data-field><th role="rowheader" scope="row"><code>${breakable(fieldName(field))}</code></th>
<td role="cell" data-label="Category"><span>${breakable(category)}${sensitive ? html` <span class="tag warn">sensitive</span>` : personal ? [] : html` <span class="tag">not personal</span>`}</span></td>
<td role="cell" data-label="Form"><span${clear ? trusted(' class="plain"') : []}>${form.plain}</span></td>
<td role="cell" data-label="Not older than"><span>${plainDuration(maxAgeMs)}</span></td>
<td role="cell" data-label="Condition"${condition === '' ? trusted(' class="none"') : []}><span>${condition}</span></td></tr>`;
}

function leftOut(topic: CatalogTopic): Html {
  const { leftOut: dropped, undeclared } = topic;
  const explicit = explicitPaths(topic);
  return html`${
    dropped.length === 0
      ? []
      : html`<table role="table">
<caption>Declared, and not published here</caption>
${headRow(['Field', 'Category', 'Why'])}
<tbody role="rowgroup">
${dropped.map(leftOutRow)}
</tbody>
</table>`
  }
${explicit.length === 0 ? [] : html`<p>${EXPLICIT_ONLY}</p>${listed(explicit)}`}
<p>${undeclaredWords(topic)}</p>${undeclared === null || undeclared.length === 0 ? [] : listed(undeclared)}`;
}

function listed(paths: readonly string[]): Html {
  return html`<ul class="paths">${paths.map((path) => html`<li><code>${path}</code></li>`)}</ul>`;
}

function leftOutRow(one: CatalogLeftOut): Html {
  return html`<tr role="row" data-field><th role="rowheader" scope="row">${one.kind === 'header' ? 'header ' : ''}<code>${breakable(one.path)}</code></th>
<td role="cell" data-label="Category"><span>${breakable(one.category)}</span></td>
<td role="cell" data-label="Why"><span>${leftOutWords(one)}</span></td></tr>`;
}

function exampleOf(example: CatalogExample, topic: CatalogTopic): Html {
  const { key, headers, value } = example;
  return html`<p>${exampleWords(example, topic)}</p>
<pre><code>${indentJson(value)}</code></pre>
<p class="soft small">Key: ${key === null ? 'none' : html`<code>${key}</code>`}${headers.map(({ name, values }) => html`; header <code>${name}</code>: <code>${values.join(', ')}</code>`)}</p>`;
}

/** Codes hold together: none is broken at its hyphen. */
function regionsOf(regions: readonly string[], elsewhere: boolean): string {
  const codes = regions.map((region) => html`<span class="whole">${region}</span>`.html);
  return [...codes, ...(elsewhere ? ['every region listed nowhere'] : [])].join(', ');
}

/** A name that a narrow column may break behind a dot or bracket. */
function breakable(name: string): Html {
  return trusted(escapeHtml(name).replace(/[.\]](?=.)/g, '$&<wbr>'));
}

/** Topic names are letters, digits, `.`, `_` and `-` (Kafka's own rule), so they are fit for ids. */
function idOf(topic: string): string {
  return `topic-${topic}`;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
