// Finds the properties that only our own sources know, by what TypeScript knows of each use: the document's `target`
// and a row's `target` are two. Declarations below a comment with `@boundary` are known outside, and keep their names.

import { SyntaxKind as Kind } from "typescript/unstable/ast";
import { API } from "typescript/unstable/sync";

const DECLARATIONS = [
  Kind.PropertyDeclaration,
  Kind.PropertySignature,
  Kind.MethodDeclaration,
  Kind.MethodSignature,
  Kind.GetAccessor,
  Kind.SetAccessor,
];

/** What an identifier names: `of` a literal or a pattern, or what the checker says of it; null if no property. */
function useOf(node) {
  const { parent } = node;
  const isName = parent.name === node;
  if (isName && parent.parent?.kind === Kind.ObjectLiteralExpression)
    return { node, literal: parent.parent, isShort: parent.kind === Kind.ShorthandPropertyAssignment };
  if (isName && (DECLARATIONS.includes(parent.kind) || parent.kind === Kind.PropertyAccessExpression))
    return { node };
  const isPart = parent.kind === Kind.BindingElement && parent.parent.kind === Kind.ObjectBindingPattern;
  const isKey = parent.propertyName ? parent.propertyName === node : isName && !parent.dotDotDotToken;
  return isPart && isKey ? { node, pattern: parent.parent, isShort: isName } : null;
}

/** What a string names in `Bundle["role"]` and `Pick<Bundle, "role" | "port">`; of no use but to the checker. */
function useInType(node) {
  let at = node.parent;
  if (at.kind !== Kind.LiteralType) return null;
  if (at.parent.kind === Kind.UnionType) at = at.parent;
  const { parent } = at;
  if (parent.kind === Kind.IndexedAccessType && parent.indexType === at)
    return { node, type: parent.objectType };
  const isChoice = parent.kind === Kind.TypeReference && ["Pick", "Omit"].includes(parent.typeName.text);
  return isChoice && parent.typeArguments[1] === at ? { node, type: parent.typeArguments[0] } : null;
}

function usesBelow(node, found = []) {
  node.forEachChild((child) => {
    const use =
      child.kind === Kind.Identifier ? useOf(child) : child.kind === Kind.StringLiteral && useInType(child);
    if (use) found.push(use);
    usesBelow(child, found);
  });
  return found;
}

/** Whether a comment before a node, or before what it is in, says that it belongs to the boundary. */
function isBoundary(node, text) {
  for (let at = node; at.parent; at = at.parent)
    if (text.slice(at.pos, at.getStart()).includes("@boundary")) return true;
  return false;
}

/** The declarations of a property in a type; of a union, in all its parts. */
function declarationsIn(checker, type, name) {
  const parts = type.isUnionType() ? type.getTypes() : [type];
  return parts.flatMap((part) => checker.getPropertyOfType(part, name)?.declarations ?? []);
}

function declarationsOf(checker, { node, literal, pattern, type }) {
  if (type) return declarationsIn(checker, checker.getTypeFromTypeNode(type), node.text);
  if (pattern) return declarationsIn(checker, checker.getTypeAtLocation(pattern), node.text);
  if (literal?.parent.kind === Kind.ElementAccessExpression) return []; // a table: its keys are values elsewhere
  const context = literal && checker.getContextualType(literal);
  if (context) return declarationsIn(checker, context, node.text);
  return checker.getSymbolAtLocation(node)?.declarations ?? [];
}

/**
 * The uses of our own properties in each source file: where the name is, and whether it names a variable as well, as
 * in `{ width }`. Names of one letter are as short as can be. `others` are the properties that keep their names.
 */
export function ownProperties(root) {
  const api = new API({ cwd: root });
  try {
    const [{ program, checker }] = api
      .updateSnapshot({ openProjects: [`${root}/tsconfig.json`] })
      .getProjects();
    const isOurs = (path) => path.startsWith(`${root}/src/`) && !path.endsWith(".d.ts");
    const paths = program.getSourceFileNames().filter(isOurs);
    const known = new Map();
    const isOwn = (declaration) => {
      const key = `${declaration.path}:${declaration.index}`;
      if (!known.has(key)) {
        const file = isOurs(declaration.path) && program.getSourceFile(declaration.path);
        const node = file && declaration.resolve();
        const isVariable = node?.kind === Kind.Parameter; // as well as a property
        known.set(key, node && !isVariable && !isBoundary(node, file.text));
      }
      return known.get(key);
    };
    const [uses, others] = [new Map(), new Set()];
    for (const path of paths) {
      const found = [];
      for (const use of usesBelow(program.getSourceFile(path))) {
        const { node, isShort } = use;
        const declarations = node.text.length > 1 ? declarationsOf(checker, use) : [];
        const quote = use.type ? 1 : 0;
        if (declarations.length && declarations.every(isOwn))
          found.push({ name: node.text, start: node.getStart() + quote, end: node.end - quote, isShort });
        else others.add(node.text);
      }
      uses.set(path, found);
    }
    return { uses, others };
  } finally {
    api.close();
  }
}

/** What marks a name for the bundler, which gives it a short one. */
export const MARK = "_own";

/** A source with its own properties marked. */
export function marked(text, uses) {
  let [out, at] = ["", 0];
  for (const { name, start, end, isShort } of uses) {
    out += text.slice(at, start) + name + MARK + (isShort ? `: ${name}` : "");
    at = end;
  }
  return out + text.slice(at);
}

/** A short name for each marked one, the shortest for the most frequent: the same wherever the sources are the same. */
export function shortNames({ uses, others }) {
  const counts = new Map();
  for (const { name } of [...uses.values()].flat()) counts.set(name, (counts.get(name) ?? 0) + 1);
  const letters = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  const short = [...letters, ...letters.flatMap((a) => letters.map((b) => a + b))].filter(
    (s) => !others.has(s),
  );
  const names = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a) || (a < b ? -1 : 1));
  return Object.fromEntries(names.map((name, i) => [name + MARK, short[i]]));
}
