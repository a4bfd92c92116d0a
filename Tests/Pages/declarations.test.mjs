// The declarations beside the modules, held against what the modules export.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import test from "node:test";
import * as clientModule from "../../web/public/client.js";
import * as hooksModule from "../../web/public/react-hooks.js";

const React = createRequire(import.meta.url)(process.env.REACT ?? "/usr/share/nodejs/react");
const folder = new URL("../../web/public/", import.meta.url);
const read = (name) => readFile(new URL(name, folder), "utf8");

const opening = "([{<";
const closing = ")]}>";

/** Parts of a text between signs that stand in no brackets. */
function split(text, sign) {
  const parts = [""];
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const letter = text[index];
    const isArrow = letter === ">" && text[index - 1] === "=";
    if (opening.includes(letter)) depth += 1;
    else if (closing.includes(letter) && !isArrow) depth -= 1;
    if (letter === sign && depth === 0) parts.push("");
    else parts[parts.length - 1] += letter;
  }
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}

/** What stands between the bracket at a place and the one that closes it. */
function enclosed(text, start) {
  let depth = 0;
  for (let index = start; index < text.length; index += 1) {
    const isArrow = text[index] === ">" && text[index - 1] === "=";
    if (opening.includes(text[index])) depth += 1;
    else if (closing.includes(text[index]) && !isArrow) depth -= 1;
    if (depth === 0) return text.slice(start + 1, index);
  }
  throw new Error(`The bracket at ${start} is not closed.`);
}

function parametersOf(list) {
  return split(list, ",").map((part) => {
    const name = part.match(/^(?:\.\.\.)?([A-Za-z_$][\w$]*)(\??)/);
    return name ? { name: name[1], isOptional: name[2] === "?" || part.includes("=") }
      : { isOptional: part.includes("}") && /\}\s*=/.test(part) };
  });
}

/** Members of a class or an interface: methods with their parameters, properties with none. */
function membersOf(body) {
  const members = new Map();
  for (const part of split(body, ";")) {
    const match = part.match(/^(?:readonly\s+)?([A-Za-z_$][\w$]*)(\??)\s*(\(|:)/);
    if (match) {
      members.set(match[1], match[3] === "("
        ? parametersOf(enclosed(part, part.indexOf("("))) : undefined);
    } else if (!part.startsWith("[")) {
      throw new Error(`This member cannot be read: ${part}`);
    }
  }
  return members;
}

/** Classes, interfaces, functions and other values that a declaration names. */
function declared(text) {
  const plain = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*$/gm, "");
  const found = { classes: new Map(), interfaces: new Map(), functions: new Map(), values: new Set() };
  for (const match of plain.matchAll(
    /export\s+(?:declare\s+)?(class|interface|function|const)\s+([A-Za-z_$][\w$]*)/g
  )) {
    const [, kind, name] = match;
    const after = match.index + match[0].length;
    if (kind === "function") {
      found.functions.set(name, parametersOf(enclosed(plain, plain.indexOf("(", after))));
    } else if (kind === "const") {
      found.values.add(name);
    } else {
      found[kind === "class" ? "classes" : "interfaces"].set(
        name, membersOf(enclosed(plain, plain.indexOf("{", after))));
    }
  }
  if (/export\s+default\s/.test(plain)) found.values.add("default");
  return found;
}

/** The parameters with which a function was written. */
function written(callable) {
  const source = callable.toString();
  if (!source.startsWith("class")) return parametersOf(enclosed(source, source.indexOf("(")));
  const constructor = source.match(/^\s+constructor\s*\(/m);
  return constructor
    ? parametersOf(enclosed(source, constructor.index + constructor[0].length - 1)) : [];
}

function compareParameters(name, says, callable, faults) {
  if (typeof callable !== "function") {
    faults.push(`${name} is no function`);
    return;
  }
  const has = written(callable);
  if (has.length !== says.length) {
    faults.push(`${name} takes ${has.length} parameters, not ${says.length}`);
    return;
  }
  says.forEach((parameter, index) => {
    // What is taken apart at once has no name of its own.
    const own = has[index].name;
    if (own !== undefined && own !== parameter.name) {
      faults.push(`${name} calls ${parameter.name} ${own}`);
    }
    if (has[index].isOptional && !parameter.isOptional) {
      faults.push(`${name} can do without ${parameter.name}`);
    }
  });
}

function compareNames(what, says, has, faults) {
  for (const name of says) if (!has.includes(name)) faults.push(`${what} has no ${name}`);
  for (const name of has) if (!says.includes(name)) faults.push(`${what}'s ${name} is not declared`);
}

/** Where a declaration and its module differ. */
function faultsOf(text, module) {
  const says = declared(text);
  const faults = [];
  compareNames("the module", [...says.classes.keys(), ...says.functions.keys(), ...says.values],
    Object.keys(module), faults);
  for (const [name, parameters] of says.functions) {
    compareParameters(name, parameters, module[name], faults);
  }
  for (const [name, members] of says.classes) {
    const type = module[name];
    if (typeof type !== "function") continue;
    const methods = [...members].filter(([member, parameters]) =>
      parameters !== undefined && member !== "constructor");
    compareNames(name, methods.map(([member]) => member),
      Object.getOwnPropertyNames(type.prototype).filter((member) => member !== "constructor"),
      faults);
    for (const [member, parameters] of methods) {
      compareParameters(`${name}.${member}`, parameters, type.prototype[member], faults);
    }
    compareParameters(`new ${name}`, members.get("constructor") ?? [], type, faults);
  }
  return faults;
}

/** Where the hooks and their declaration differ. */
function hookFaultsOf(text) {
  const members = declared(text).interfaces.get("RingbackHooks") ?? new Map();
  const hooks = hooksModule.createRingbackHooks(React, { live: false });
  const faults = [];
  compareNames("the hooks", [...members.keys()], Object.keys(hooks), faults);
  for (const [name, parameters] of members) {
    compareParameters(name, parameters, hooks[name], faults);
  }
  return faults;
}

/** Names that something reads of its options. */
function asked(use) {
  const names = new Set();
  use(new Proxy({}, {
    get(_, name) { names.add(name); return undefined; },
    has(_, name) { names.add(name); return false; },
  }));
  return [...names].filter((name) => typeof name === "string").sort();
}

test("the client is what its declaration says", async () => {
  const text = await read("client.d.ts");
  assert.deepEqual(faultsOf(text, clientModule), []);
  const { classes, interfaces } = declared(text);
  assert.deepEqual(asked((options) => new clientModule.RingbackClient(options)),
    [...interfaces.get("ClientOptions").keys()].sort());
  const instances = {
    RingbackClient: new clientModule.RingbackClient({ baseURL: "https://a.example" }),
    RingbackError: new clientModule.RingbackError("a", 1, { b: 2 }),
  };
  for (const [name, members] of classes) {
    const properties = [...members].filter(([, parameters]) => parameters === undefined);
    assert.ok(properties.length > 0);
    for (const [property] of properties) assert.ok(instances[name][property] !== undefined, property);
  }
});

test("the hooks are what their declaration says", async () => {
  const text = await read("react-hooks.d.ts");
  assert.deepEqual(faultsOf(text, hooksModule), []);
  assert.deepEqual(hookFaultsOf(text), []);
  const known = [...declared(text).interfaces.get("HookOptions").keys()];
  const source = await read("react-hooks.js");
  for (const name of known) assert.match(source, new RegExp(`options\\.${name}\\b|\\b${name}\\b\\s*[,=}]`));
  for (const name of asked((options) => hooksModule.createRingbackHooks(React, options))) {
    assert.ok(known.includes(name), name);
  }
  const react = declared(text).interfaces.get("ReactLike");
  for (const name of react.keys()) assert.equal(typeof React[name], "function", name);
  for (const [, name] of source.matchAll(/\bReact\.(\w+)/g)) assert.ok(react.has(name), name);
});

test("a declaration that says something else is found", async () => {
  const text = await read("client.d.ts");
  const wrong = [
    [/ {2}trackPageView\(token: string\): boolean;\n/, ""],
    [/ {2}getCall\(/, "  fetchCall("],
    ["undo(change: string,", "undo(id: string,"],
    ["undo(change: string, options?: RequestOptions)", "undo(change: string)"],
    ["constructor(options?: ClientOptions)", "constructor(options: ClientOptions)"],
    ["export declare function nextPage(header: ", "export declare function nextPage(text: "],
    [/export declare function trackPageView\(token: string\): boolean;\n/, ""],
    ["export default standard;", ""],
  ];
  for (const [part, other] of wrong) {
    const changed = text.replace(part, other);
    assert.notEqual(changed, text, `${part}`);
    assert.notDeepEqual(faultsOf(changed, clientModule), [], `${part}`);
  }
  const hooks = await read("react-hooks.d.ts");
  for (const [part, other] of [
    ["useElevenLabsAnalytics()", "useElevenLabsFigures()"],
    ["useElevenLabsConversations(limit?", "useElevenLabsConversations(count?"],
  ]) {
    assert.notDeepEqual(hookFaultsOf(hooks.replace(part, other)), [], part);
  }
});
