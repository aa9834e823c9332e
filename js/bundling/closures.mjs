// Turns classes into functions whose variables are the private members: no build can shorten `this.#frame`, a variable
// it can. `new` still works, as the functions return the object that has the public members.
import { parse } from "acorn";
import MagicString from "magic-string";

const isFunction = ({ type }) => type === "FunctionExpression" || type === "FunctionDeclaration";
const isClass = ({ type }) => type === "ClassDeclaration" || type === "ClassExpression";
const isPrivate = (node) => node?.type === "PrivateIdentifier";
const variableOf = (name) => `${name}$`;
const self = variableOf("self");

/** Call `visit` with each node below one, the node above it, and whether `this` is the same there as in the first. */
function walk(node, visit, above = null, sameThis = true) {
  visit(node, above, sameThis);
  const same = sameThis && (above === null || !(isFunction(node) || isClass(node)));
  for (const child of Object.values(node).flat())
    if (typeof child?.type === "string") walk(child, visit, node, same);
}

/** Whether a class can become a function that does the same, as all of ours with private members can but a few. */
function canBeFunction({ superClass, body: { body: members } }) {
  const isPlain = (m) =>
    !m.static && !m.computed && m.type !== "StaticBlock" && !(isPrivate(m.key) && m.kind === "set");
  if (superClass || !members.every(isPlain) || !members.some((m) => isPrivate(m.key))) return false;
  let can = true;
  for (const { value, kind } of members.filter((m) => m.value))
    walk(value, (node, above, sameThis) => {
      if (isPrivate(node)) can &&= sameThis && above.object?.type === "ThisExpression";
      if (node.type === "ReturnStatement" && kind === "constructor") can &&= !sameThis;
    });
  return can;
}

/** A class as a function: its own object with the public methods, then the members in their order, then the constructor. */
function functionOf(code, { id, body: { body: members } }) {
  const getters = members.filter((m) => m.kind === "get" && isPrivate(m.key)).map((m) => m.key.name);
  const rewritten = (node, start = node.start) => {
    const text = new MagicString(code.slice(start, node.end));
    walk(node, (n, above, sameThis) => {
      if (n.type !== "ThisExpression" || !sameThis) return;
      const { property } = above ?? {};
      const [{ end }, by] = isPrivate(property)
        ? [above, variableOf(property.name) + (getters.includes(property.name) ? "()" : "")]
        : [n, self];
      text.overwrite(n.start - start, end - start, by);
    });
    return text.toString();
  };
  const declared = (name, value) => {
    if (value.generator) return `${value.async ? "async " : ""}function* ${name}${rewritten(value)}`;
    const parameters = value.params.map((p) => rewritten(p)).join(", ");
    return `const ${name} = ${value.async ? "async " : ""}(${parameters}) => ${rewritten(value.body)};`;
  };
  const [methods, fields, functions] = [[], [], []];
  let [parameters, body] = [[], ""];
  for (const member of members) {
    const { key, kind, value } = member;
    if (kind === "constructor") {
      parameters = value.params.map((p, i) => {
        const given = variableOf(`given${i}`);
        if (p.type !== "AssignmentPattern") return { given, bound: `let ${rewritten(p)} = ${given};` };
        const [name, initial] = [rewritten(p.left), rewritten(p.right)];
        return { given, bound: `let ${name} = ${given} === undefined ? ${initial} : ${given};` };
      });
      body = rewritten(value.body).slice(1, -1);
    } else if (kind && isPrivate(key)) functions.push(declared(variableOf(key.name), value));
    else if (kind) methods.push(code.slice(member.start, value.start) + rewritten(value));
    else {
      const initial = value ? ` = ${rewritten(value)}` : isPrivate(key) ? "" : " = undefined";
      fields.push(`${isPrivate(key) ? `let ${variableOf(key.name)}` : `${self}.${key.name}`}${initial};`);
    }
  }
  return `function ${id.name}(${parameters.map((p) => p.given)}) {
  const ${self} = { ${methods.join(",\n")} };
  ${[...functions, ...fields].join("\n")}
  { ${parameters.map((p) => p.bound).join(" ")} ${body} }
  return ${self};
}`;
}

/** A module of JavaScript with its classes with private members as functions. */
export function withoutClasses(code) {
  const text = new MagicString(code);
  walk(parse(code, { ecmaVersion: "latest", sourceType: "module" }), (node) => {
    if (node.type === "ClassDeclaration" && canBeFunction(node))
      text.overwrite(node.start, node.end, functionOf(code, node));
  });
  return text.toString();
}
