// Copies of a value with something unlikely in one place.

/** Values that a field is not expected to hold. */
export const UNLIKELY = [
  null, true, 0, -1.5, '', ' ', 'null', '*', 'x', 'a\r\nb\u0000\u202e', '한국어 🙂', 'x'.repeat(100_000), [], ['x'], [null], [{ a: 1 }], {}, { a: { b: 'c' } },
];

function* placesIn(node, path = []) {
  if (node === null || typeof node !== 'object') return;
  for (const key of Object.keys(node)) {
    yield [...path, key];
    yield* placesIn(node[key], [...path, key]);
  }
}

/** Every copy of `original` with one place missing or holding one of the unlikely values: `[{where, value}]`. */
export function mutationsOf(original) {
  const mutants = [];
  for (const path of placesIn(original)) {
    const copy = () => {
      const value = structuredClone(original);
      return { value, parent: path.slice(0, -1).reduce((node, key) => node[key], value), key: path.at(-1) };
    };
    const missing = copy();
    if (Array.isArray(missing.parent)) missing.parent.splice(missing.key, 1);
    else delete missing.parent[missing.key];
    mutants.push({ where: `${path.join('.')} is missing`, value: missing.value });
    for (const unlikely of UNLIKELY) {
      const changed = copy();
      changed.parent[changed.key] = unlikely;
      mutants.push({ where: `${path.join('.')} is ${JSON.stringify(unlikely).slice(0, 40)}`, value: changed.value });
    }
  }
  return mutants;
}
