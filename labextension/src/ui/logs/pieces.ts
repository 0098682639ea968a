/** A line cut into pieces of one look each: the colours it asked for, and what was searched. */

import Anser from 'anser';
import type { CSSProperties } from 'react';
import { ESCAPES } from './buffer';
import { ranges } from './search';

export interface Piece {
  text: string;
  style: CSSProperties | undefined;
  marked: boolean;
}

/** `message` may hold escape sequences, `text` is the same without them. */
export function pieces(message: string, text: string, sought: string): Piece[] {
  const coloured = message === text ? [{ text, style: undefined }] : colours(message, text);
  const found = ranges(text, sought);
  if (found.length === 0) {
    return coloured.map(piece => ({ ...piece, marked: false }));
  }
  let start = 0;
  return coloured.flatMap(piece => {
    const end = start + piece.text.length;
    const cut = cuts(found, start, end).map(([from, to, marked]) => ({
      text: text.slice(from, to),
      style: piece.style,
      marked
    }));
    start = end;
    return cut;
  });
}

/** The parts of a stretch, each inside or outside of what was found. */
function cuts(found: readonly [number, number][], start: number, end: number): [number, number, boolean][] {
  const parts: [number, number, boolean][] = [];
  let at = start;
  for (const [from, to] of found) {
    const [left, right] = [Math.max(from, start), Math.min(to, end)];
    if (left < right) {
      if (at < left) {
        parts.push([at, left, false]);
      }
      parts.push([left, right, true]);
      at = right;
    }
  }
  if (at < end) {
    parts.push([at, end, false]);
  }
  return parts;
}

interface Coloured {
  text: string;
  style: CSSProperties | undefined;
}

/** Sequences that are no colours are dropped before; should the two readings differ nevertheless, the text is right. */
function colours(message: string, text: string): Coloured[] {
  const coloured = Anser.ansiToJson(message.replace(ESCAPES, kept), { json: true, remove_empty: true }).map(
    entry => ({ text: entry.content, style: styleOf(entry) })
  );
  return coloured.map(each => each.text).join('') === text ? coloured : [{ text, style: undefined }];
}

function kept(sequence: string): string {
  return sequence.startsWith('\u001b[') && sequence.endsWith('m') ? sequence : '';
}

function styleOf(entry: Anser.AnserJsonEntry): CSSProperties | undefined {
  const style: CSSProperties = {};
  const reverse = entry.decorations.includes('reverse');
  const [front, back] = reverse ? [entry.bg, entry.fg] : [entry.fg, entry.bg];
  if (front) {
    style.color = `color-mix(in srgb, rgb(${front}) 60%, var(--mdl-text))`;
  }
  if (back) {
    style.backgroundColor = `color-mix(in srgb, rgb(${back}) 24%, transparent)`;
  }
  if (entry.decorations.includes('bold')) {
    style.fontWeight = 600;
  }
  if (entry.decorations.includes('dim')) {
    style.opacity = 0.8;
  }
  if (entry.decorations.includes('italic')) {
    style.fontStyle = 'italic';
  }
  if (entry.decorations.includes('underline')) {
    style.textDecoration = 'underline';
  }
  if (entry.decorations.includes('strikethrough')) {
    style.textDecoration = 'line-through';
  }
  return Object.keys(style).length === 0 ? undefined : style;
}
