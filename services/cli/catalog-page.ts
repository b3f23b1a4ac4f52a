/** Style sheet and script of the catalogue's page. Both stand in the page itself: it asks the network for nothing. */

/**
 * Colours: text on each ground has a contrast of at least 4.5 (WCAG 2.2, 1.4.3), in both schemes; a test computes it in a
 * browser.
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f5; --sheet: #ffffff; --text: #1b2327; --soft: #505c63; --line: #d8ddda; --accent: #0b5d66;
  --code: #eef1ef; --tint: #e3f0ef; --warn: #7a3d00; --warn-tint: #fcefdc; --plain: #7a3d00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #101517; --sheet: #171d20; --text: #e6ebe9; --soft: #a6b2b3; --line: #313b3f; --accent: #7fd1d3;
    --code: #1f272a; --tint: #17363a; --warn: #f3bd7c; --warn-tint: #3a2912; --plain: #f3bd7c;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--ground); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
  overflow-wrap: break-word;
}
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; font-size: .9em; }
code { overflow-wrap: anywhere; }
a { color: var(--accent); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
.skip { position: absolute; left: 1rem; top: -10rem; padding: .5rem 1rem; background: var(--sheet); z-index: 2; }
.skip:focus { top: 1rem; }
.page { max-width: 82rem; margin: 0 auto; padding: 0 1rem; }
header.page { padding-top: 2rem; padding-bottom: 1rem; }
h1 { font-size: clamp(1.6rem, 1.2rem + 2vw, 2.3rem); line-height: 1.15; margin: 0 0 .75rem; letter-spacing: -.01em; }
h2 { font-size: clamp(1.15rem, 1rem + .8vw, 1.45rem); line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 code { font-size: 1em; font-weight: 650; }
h3 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
p { margin: .5rem 0; }
.lead { max-width: 46rem; }
.soft { color: var(--soft); }
.whole { white-space: nowrap; }
.small { font-size: .875rem; }
.columns { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1.5rem; }
nav.contents { font-size: .95rem; }
nav.contents h2 { font-size: 1rem; }
nav.contents ol { list-style: none; margin: .5rem 0 0; padding: 0; }
nav.contents a { display: block; padding: .45rem .6rem; border-left: 3px solid var(--line); text-decoration: none; }
nav.contents a:hover { border-left-color: var(--accent); text-decoration: underline; }
nav.contents code { font-size: .875rem; }
.find { margin: 1rem 0 0; }
.find label { display: block; font-weight: 600; font-size: .95rem; }
.find input {
  width: 100%; margin-top: .3rem; padding: .55rem .7rem; font: inherit; color: var(--text); background: var(--sheet);
  border: 1px solid var(--soft); border-radius: .4rem;
}
.topic, .notes {
  background: var(--sheet); border: 1px solid var(--line); border-radius: .7rem; padding: 1.25rem; margin: 0 0 1.5rem;
}
.topic > header { border-bottom: 1px solid var(--line); padding-bottom: .9rem; margin-bottom: 1rem; }
.facts { margin: 0; display: grid; grid-template-columns: minmax(0, 1fr); gap: .1rem .9rem; }
.facts dt { font-weight: 600; font-size: .9rem; color: var(--soft); }
.facts dd { margin: 0 0 .55rem; }
table { width: 100%; table-layout: fixed; border-collapse: collapse; font-size: .94rem; }
.fields th:nth-child(1), .fields th:nth-child(2) { width: 25%; }
.fields th:nth-child(4) { width: 6.5rem; }
.fields th:nth-child(5) { width: 17%; }
.bases th:nth-child(1) { width: 14%; }
.bases th:nth-child(2) { width: 32%; }
caption { text-align: left; color: var(--soft); font-size: .9rem; padding-bottom: .4rem; }
th, td { text-align: left; vertical-align: top; padding: .5rem .8rem .5rem 0; border-top: 1px solid var(--line); }
th { font-weight: 600; }
thead th { border-top: 0; border-bottom: 2px solid var(--line); font-size: .875rem; color: var(--soft); }
tbody th { font-weight: 500; }
td:last-child, th:last-child { padding-right: 0; }
.tag {
  display: inline-block; padding: 0 .45rem; border-radius: .6rem; font-size: .8rem; line-height: 1.45rem;
  background: var(--tint); color: var(--accent); white-space: nowrap;
}
.tag.warn { background: var(--warn-tint); color: var(--warn); }
.plain { color: var(--plain); font-weight: 600; }
pre {
  margin: .6rem 0; padding: .9rem 1rem; background: var(--code); border-radius: .5rem; white-space: pre-wrap;
  overflow-wrap: anywhere; line-height: 1.45;
}
details { margin: .5rem 0; }
summary { cursor: pointer; padding: .3rem 0; font-weight: 600; color: var(--accent); }
ul.paths { margin: .4rem 0; padding-left: 1.2rem; }
footer.page { padding-top: .5rem; padding-bottom: 3rem; }
@media (min-width: 40rem) {
  .facts { grid-template-columns: 11rem minmax(0, 1fr); }
  .facts dd { margin-bottom: .35rem; }
  .topic, .notes { padding: 1.6rem 1.8rem; }
}
@media (min-width: 64rem) {
  .columns { grid-template-columns: 17rem minmax(0, 1fr); gap: 2.5rem; }
  nav.contents { position: sticky; top: 1rem; align-self: start; max-height: calc(100vh - 2rem); overflow-y: auto; }
}
@media (max-width: 47.99rem) {
  table, caption, tbody, tr, th, td { display: block; width: 100% !important; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  tbody tr { border-top: 1px solid var(--line); padding: .6rem 0; }
  tbody th, td { border: 0; padding: .1rem 0; }
  tbody th { font-weight: 650; padding-bottom: .2rem; }
  td { display: grid; grid-template-columns: 6.5rem minmax(0, 1fr); gap: .6rem; }
  td::before { content: attr(data-label); color: var(--soft); font-size: .875rem; }
  td:empty, td.none { display: none; }
}
[hidden] { display: none !important; }
@media print {
  :root { color-scheme: light; --ground: #fff; --sheet: #fff; --text: #000; --soft: #444; --line: #bbb; --accent: #000;
    --code: #f4f4f4; --tint: #f4f4f4; --warn: #000; --warn-tint: #f4f4f4; --plain: #000; }
  body { font-size: 10pt; }
  .find, .skip { display: none; }
  nav.contents { position: static; max-height: none; }
  .columns { display: block; }
  .topic { border: 0; padding: 0; break-before: page; }
  tr, pre, dt { break-inside: avoid; }
  h2, h3, caption { break-after: avoid; }
  details::details-content { content-visibility: visible; block-size: auto; }
  summary { list-style: none; color: inherit; }
}
`;

/** Shows the search box, which is of no use without a script, and hides what does not hold the text. */
export const SCRIPT = `
(() => {
  const box = document.getElementById('find');
  const input = document.getElementById('find-text');
  const said = document.getElementById('find-said');
  const topics = [...document.querySelectorAll('.topic')];
  const has = (element, text) => element.textContent.toLowerCase().includes(text);
  box.hidden = false;
  input.addEventListener('input', () => {
    const text = input.value.trim().toLowerCase();
    let topicsShown = 0;
    let fields = 0;
    for (const topic of topics) {
      const named = has(topic.querySelector('header'), text);
      let found = named;
      for (const row of topic.querySelectorAll('tr[data-field]')) {
        const here = has(row, text);
        row.hidden = !here && !named;
        if (here) fields++;
        found ||= here;
      }
      topic.hidden = !found;
      document.getElementById('to-' + topic.id).hidden = !found;
      if (found) topicsShown++;
    }
    const fieldsText = fields + (fields === 1 ? ' field' : ' fields');
    const topicsText = topicsShown + (topicsShown === 1 ? ' topic' : ' topics');
    said.textContent = text === '' ? '' : topicsText + ' shown; ' + fieldsText + ' with this text';
  });
})();
`;
