// The hooks and the component, with Debian's React and a client that answers when it is told to.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import test from "node:test";
import { createRingbackHooks } from "../../web/public/react-hooks.js";
import { Mounted } from "./miniature-renderer.mjs";

const React = createRequire(import.meta.url)(process.env.REACT ?? "/usr/share/nodejs/react");

/** Lets everything that waits for a promise go on. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

class ScriptedClient {
  baseURL = "https://ringback.example";
  asked = [];
  isClosed = false;

  #ask(name) {
    return new Promise((resolve, reject) => this.asked.push({ name, resolve, reject }));
  }

  getElevenLabsAnalytics() { return this.#ask("analytics"); }
  listElevenLabsConversations({ limit }) { return this.#ask(`conversations ${limit}`); }
  getElevenLabsConversation(id) { return this.#ask(`conversation ${id}`); }
  getElevenLabsMessages(id) { return this.#ask(`messages ${id}`); }
  live(listener) {
    this.tell = listener;
    return () => { this.isClosed = true; };
  }
}

function made(options = {}) {
  const client = new ScriptedClient();
  const clock = { now: 0 };
  const hooks = createRingbackHooks(React, { client, now: () => clock.now, ...options });
  return { client, clock, hooks };
}

test("a hook loads, shows and asks again", async () => {
  const { client, hooks } = made();
  const view = new Mounted(React, () => hooks.useElevenLabsAnalytics());
  assert.deepEqual(
    { ...view.output, refresh: undefined },
    { data: undefined, error: undefined, loading: true, refresh: undefined },
  );
  client.asked[0].resolve({ total_conversations: 1 });
  await settled();
  assert.deepEqual(view.output.data, { total_conversations: 1 });
  assert.equal(view.output.loading, false);
  const done = view.output.refresh();
  await settled();
  assert.equal(view.output.loading, true);
  assert.deepEqual(view.output.data, { total_conversations: 1 });
  client.asked[1].resolve({ total_conversations: 2 });
  await done;
  await settled();
  assert.deepEqual(view.output.data, { total_conversations: 2 });
  assert.equal(client.asked.length, 2);
  view.unmount();
});

test("an error stands beside what was there before, and goes with the next answer", async () => {
  const { client, hooks } = made();
  const view = new Mounted(React, () => hooks.useElevenLabsConversations(5));
  assert.equal(client.asked[0].name, "conversations 5");
  client.asked[0].resolve(["a"]);
  await settled();
  view.output.refresh();
  const error = new Error("away");
  client.asked[1].reject(error);
  await settled();
  assert.deepEqual(
    { ...view.output, refresh: undefined },
    { data: ["a"], error, loading: false, refresh: undefined },
  );
  view.output.refresh();
  client.asked[2].resolve(["b"]);
  await settled();
  assert.deepEqual(view.output.data, ["b"]);
  assert.equal(view.output.error, undefined);
  view.unmount();
});

test("components share one answer, which is shown again while it is fresh", async () => {
  const { client, clock, hooks } = made({ freshMilliseconds: 1000 });
  const first = new Mounted(React, () => hooks.useElevenLabsMessages("c1"));
  const second = new Mounted(React, () => hooks.useElevenLabsMessages("c1"));
  assert.equal(client.asked.length, 1);
  client.asked[0].resolve(["hello"]);
  await settled();
  assert.deepEqual(first.output.data, ["hello"]);
  assert.deepEqual(second.output.data, ["hello"]);
  first.unmount();
  second.unmount();
  clock.now = 999;
  const third = new Mounted(React, () => hooks.useElevenLabsMessages("c1"));
  assert.deepEqual(third.output.data, ["hello"]);
  assert.equal(client.asked.length, 1);
  third.unmount();
  clock.now = 1000;
  const fourth = new Mounted(React, () => hooks.useElevenLabsMessages("c1"));
  assert.deepEqual(fourth.output.data, ["hello"]);
  assert.equal(client.asked.length, 2);
  fourth.unmount();
});

test("live events refresh what is shown, and end with the last component", async () => {
  const { client, hooks } = made();
  const view = new Mounted(React, () => hooks.useElevenLabsConversation("c1"));
  client.asked[0].resolve({ status: "active" });
  await settled();
  client.tell();
  client.asked[1].resolve({ status: "completed" });
  await settled();
  assert.deepEqual(view.output.data, { status: "completed" });
  assert.equal(client.isClosed, false);
  view.unmount();
  assert.equal(client.isClosed, true);
  client.tell();
  assert.equal(client.asked.length, 2);
});

test("where there are no live events a timer asks, and stops", async (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  const { client, hooks } = made({ pollMilliseconds: 100 });
  client.live = () => undefined;
  const view = new Mounted(React, () => hooks.useElevenLabsAnalytics());
  client.asked[0].resolve(1);
  await settled();
  context.mock.timers.tick(100);
  assert.equal(client.asked.length, 2);
  client.asked[1].resolve(2);
  await settled();
  assert.equal(view.output.data, 2);
  view.unmount();
  context.mock.timers.tick(1000);
  assert.equal(client.asked.length, 2);
});

test("another id is another answer, and no id asks for nothing", async () => {
  const { client, hooks } = made();
  const view = new Mounted(React, ({ id }) => hooks.useElevenLabsConversation(id), { id: null });
  assert.equal(view.output.loading, false);
  assert.equal(client.asked.length, 0);
  await view.output.refresh();
  view.update({ id: "c1" });
  client.asked[0].resolve({ id: 1 });
  await settled();
  assert.deepEqual(view.output.data, { id: 1 });
  view.update({ id: "c2" });
  assert.equal(view.output.data, undefined);
  assert.equal(client.asked[1].name, "conversation c2");
  client.asked[1].resolve({ id: 2 });
  await settled();
  assert.deepEqual(view.output.data, { id: 2 });
  view.unmount();
});

test("answers that nobody shows are let go beyond the limit", async () => {
  const { client, hooks } = made();
  for (let number = 0; number < 500; number += 1) {
    const view = new Mounted(React, () => hooks.useElevenLabsConversation(`c${number}`));
    client.asked.at(-1).resolve(number);
    await settled();
    view.unmount();
  }
  const asked = client.asked.length;
  const old = new Mounted(React, () => hooks.useElevenLabsConversation("c0"));
  assert.equal(old.output.data, undefined);
  assert.equal(client.asked.length, asked + 1);
  old.unmount();
  const recent = new Mounted(React, () => hooks.useElevenLabsConversation("c499"));
  assert.equal(recent.output.data, 499);
  assert.equal(client.asked.length, asked + 1);
  recent.unmount();
});

test("the component is the official element, and reports a call's begin and end", async () => {
  const sent = [];
  const before = globalThis.fetch;
  globalThis.fetch = async (address, request) => {
    sent.push({ address, body: JSON.parse(request.body) });
    return new Response(null, { status: 204 });
  };
  try {
    const { hooks } = made();
    const view = new Mounted(React, hooks.ElevenLabsConvAI, {
      agentId: "agent1", campaign: 3, token: "t-ana", variant: "compact",
    });
    assert.equal(view.output.type, "elevenlabs-convai");
    assert.equal(view.output.props["agent-id"], "agent1");
    assert.equal(view.output.props.variant, "compact");
    assert.equal(sent.length, 0);
    const config = { dynamicVariables: { own: 1 } };
    const event = new CustomEvent("elevenlabs-convai:call", { detail: { config } });
    view.output.ref.current.dispatchEvent(event);
    assert.equal(sent.length, 0);
    assert.equal(config.dynamicVariables.own, 1);
    assert.equal(config.dynamicVariables.ringback_campaign, "3");
    assert.equal(config.dynamicVariables.ringback_token, "t-ana");
    assert.match(config.dynamicVariables.ringback_conversation, /^client_[0-9a-f-]{36}$/);
    config.onConnect({ conversationId: "conv_1" });
    assert.equal(sent.length, 1);
    assert.equal(
      sent[0].address, "https://ringback.example/analytics/elevenlabs/conversations",
    );
    assert.equal(sent[0].body.conversation_id, "conv_1");
    assert.equal(sent[0].body.agent_id, "agent1");
    assert.equal(sent[0].body.status, "active");
    view.unmount();
    assert.equal(sent.length, 2);
    assert.equal(sent[1].body.conversation_id, "conv_1");
    assert.equal(sent[1].body.status, "completed");
    view.output.ref.current.dispatchEvent(event);
    assert.equal(sent.length, 2);
  } finally {
    globalThis.fetch = before;
  }
});
