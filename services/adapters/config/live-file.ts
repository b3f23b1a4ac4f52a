/** Secrets that change under a running process: what a file holds now. */
import { readFileSync } from 'node:fs';

/** One line end at the end of a file is no part of what it holds. */
export function contentOf(path: string): string {
  return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
}

/**
 * What the file holds at each call; what it held last while it is missing, empty or not fit (halfway through a change).
 *
 * Read at every use and not watched: secrets are used when something connects, which is seldom, and the folders that
 * Kubernetes mounts change by swapping a link, of which watchers hear nothing.
 */
export function liveContent(path: string, first: string, fit: (text: string) => boolean = () => true): () => string {
  let last = first;
  return () => {
    try {
      const text = contentOf(path);
      if (text !== '' && fit(text)) last = text;
    } catch {
      // What was there goes on being used.
    }
    return last;
  };
}
