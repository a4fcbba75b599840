/** A pure function of a text that keeps its answers to the first `most` texts it was asked about. */
export function remember<Value>(find: (text: string) => Value, most: number): (text: string) => Value {
  const known = new Map<string, Value>();
  return (text) => {
    const there = known.get(text);
    if (there !== undefined || known.has(text)) return there as Value;
    const found = find(text);
    if (known.size < most) known.set(text, found);
    return found;
  };
}
