import { describe, expect, it } from 'vitest';
import { translator } from '../src/widget/translation';

describe('a widget in another language', () => {
  const trans = translator(
    {
      Stop: ['Остановить'],
      '%1 row': ['%1 строка', '%1 строки', '%1 строк'],
      Empty: [''],
      Download: ['Скачать'],
      'phase\x04Download': ['Скачивание']
    },
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

  it('tells a word of one place from the same word of another', () => {
    expect([trans.__('Download'), trans._p('phase', 'Download'), trans._p('phase', 'Load')]).toEqual([
      'Скачать',
      'Скачивание',
      'Load'
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
