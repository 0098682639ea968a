/** Cut a name of any length for places of one line, between letters as people see them. */
export function shortened(text: string, longest: number): string {
  if (text.length <= longest) {
    return text;
  }
  const letters = Array.from(new Intl.Segmenter().segment(text.slice(0, longest * 8)), each => each.segment);
  return letters.length > longest || text.length > longest * 8
    ? `${letters.slice(0, longest).join('')}…`
    : text;
}
