import { describe, expect, it } from 'vitest';
import { translator } from '../src/widget/translation';

describe('a widget in another language', () => {
  const trans = translator(
    { Stop: ['Остановить'], '%1 row': ['%1 строка', '%1 строки', '%1 строк'], Empty: [''] },
    'ru_RU'
  );

  it('counts as the language does', () => {
    expect([1, 2, 5, 21].map(n => trans._n('%1 row', '%1 rows', n))).toEqual([
      '1 строка',
      '2 строки',
      '5 строк',
      '21 строка'
    ]);
  });

  it('says in English what it does not know', () => {
    expect([trans.__('Stop'), trans.__('Go %1', 'on'), trans.__('Empty')]).toEqual([
      'Остановить',
      'Go on',
      'Empty'
    ]);
    expect(trans._n('%1 cell', '%1 cells', 2)).toBe('2 cells');
  });
});
