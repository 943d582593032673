import type { App } from './app.ts';

/** Which methods an address answers to, so that a wrong method is told 405 with `Allow` rather than 404. */
export class MethodTable {
  readonly #routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];

  /** Watches the routes that are registered on `app` from now on. */
  constructor(app: App) {
    app.addHook('onRoute', (route) => {
      const methods = Array.isArray(route.method) ? route.method : [route.method];
      // A catch-all (the page's files) would make every wrong address a wrong method.
      if (!route.url.includes('*')) this.#routes.push({ pattern: toPattern(route.url), methods });
    });
  }

  /** Sorted, without repeats; empty when nothing stands at this address. */
  allowed(url: string): string[] {
    const path = url.split('?', 1)[0]!;
    const found = this.#routes.filter((route) => route.pattern.test(path)).flatMap((route) => route.methods);
    return [...new Set(found)].sort();
  }
}

function toPattern(url: string): RegExp {
  const escaped = url.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/:[A-Za-z_]+/g, '[^/]+');
  return new RegExp(`^${escaped}$`);
}
