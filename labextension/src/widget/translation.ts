/** JupyterLab's language in a widget, which JupyterLab does not translate by itself. */

import { ENGLISH, fill, type Translator } from '../ui/host';
import type { Page } from './model';
import { connectionOf } from './page';

const DOMAIN = 'mdeploy_lab';
/** What gettext puts between a context and its text. */
const CONTEXT = '\x04';
const FORMS: readonly Intl.LDMLPluralRule[] = ['one', 'few', 'many'];

type Catalogue = Record<string, readonly string[]>;

export interface Language {
  trans: Translator;
  locale: string;
}

interface Settings {
  settings?: { locale?: string };
}

/** The language that JupyterLab is set to; English where there is none, or no translation. */
export async function languageOf(page: Page): Promise<Language> {
  const english = { trans: ENGLISH, locale: 'en' };
  try {
    const plugin = '@jupyterlab/translation-extension:plugin';
    const settings = (await read(page, `lab/api/settings/${encodeURIComponent(plugin)}`)) as Settings;
    const locale = settings.settings?.locale ?? 'default';
    if (locale === 'default') {
      return english;
    }
    const packs = (await read(page, `lab/api/translations/${locale}`)) as {
      data?: Record<string, Catalogue>;
    };
    const catalogue = packs.data?.[DOMAIN];
    return catalogue === undefined
      ? english
      : { trans: translator(catalogue, locale), locale: locale.replace('_', '-') };
  } catch {
    return english;
  }
}

async function read(page: Page, path: string): Promise<unknown> {
  const answer = await connectionOf(page).fetch(new URL(path, page.base).href, {});
  return answer.ok ? ((await answer.json()) as unknown) : {};
}

export function translator(catalogue: Catalogue, locale: string): Translator {
  const rules = new Intl.PluralRules(locale.replace('_', '-'));
  const form = (text: string, count: number): string => {
    const forms = catalogue[text] ?? [];
    const index = FORMS.indexOf(rules.select(count));
    return forms[index === -1 ? forms.length - 1 : Math.min(index, forms.length - 1)] ?? '';
  };
  const known = (text: string, key = text): string => {
    const translated = catalogue[key]?.[0] ?? '';
    return translated === '' ? text : translated;
  };
  return {
    __: (text, ...values) => fill(known(text), values),
    _p: (context, text, ...values) => fill(known(text, `${context}${CONTEXT}${text}`), values),
    _n: (singular, plural, count, ...values) => {
      const translated = form(singular, count);
      const english = count === 1 ? singular : plural;
      return fill(translated === '' ? english : translated, [count, ...values]);
    }
  };
}
