// The module of the API's main calls, against a fetch that notes what it is asked.
import assert from "node:assert/strict";
import test from "node:test";
import { RingbackClient, RingbackError, nextPage } from "../../web/public/client.js";

/** A client whose server gives these answers in order, and what it was asked. */
function scripted(answers, options = {}) {
  const asked = [];
  const fetch = async (address, request) => {
    asked.push({ address, ...request });
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    const { status = 200, body, headers = {} } = answer;
    return new Response(body === undefined ? null : JSON.stringify(body), { status, headers });
  };
  const client = new RingbackClient({ baseURL: "https://ringback.example", fetch, ...options });
  return { client, asked };
}

test("each call asks for its address", async () => {
  const conversation = {
    conversation_id: "c/1", agent_id: "a", start_time: "2025-06-08T12:00:00", status: "active",
    messages_count: 0,
  };
  const calls = [
    [(c) => c.getElevenLabsAnalytics(), "GET", "/analytics/elevenlabs"],
    [(c) => c.listElevenLabsConversations(), "GET", "/analytics/elevenlabs/conversations?limit=50"],
    [(c) => c.listElevenLabsConversations({ limit: 5 }), "GET",
      "/analytics/elevenlabs/conversations?limit=5"],
    [(c) => c.getElevenLabsConversation("c/1"), "GET",
      "/analytics/elevenlabs/conversations/c%2F1"],
    [(c) => c.getElevenLabsMessages("c/1"), "GET",
      "/analytics/elevenlabs/conversations/c%2F1/messages"],
    [(c) => c.trackElevenLabsConversation(conversation), "POST",
      "/analytics/elevenlabs/conversations", conversation],
    [(c) => c.updateElevenLabsConversation("c/1", { status: "completed" }), "PUT",
      "/analytics/elevenlabs/conversations/c%2F1", { status: "completed" }],
    [(c) => c.listCalls({ campaign: 3, agent: undefined, search: "a b&c" }), "GET",
      "/api/v1/calls?campaign=3&search=a+b%26c"],
    [(c) => c.getCall(7), "GET", "/api/v1/calls/7"],
    [(c) => c.assignCall(7, { campaign: 3, scope: "caller" }), "POST",
      "/api/v1/calls/7/assignment", { campaign: 3, scope: "caller" }],
    [(c) => c.undo("9"), "POST", "/api/v1/changes/9/undo"],
    [(c) => c.listCampaigns(), "GET", "/api/v1/campaigns"],
    [(c) => c.getCampaignCallMetrics(3), "GET", "/api/v1/campaigns/3/call-metrics"],
    [(c) => c.getMetrics({ from: "2026-10-01" }), "GET", "/api/v1/metrics?from=2026-10-01"],
  ];
  for (const [call, method, address, body] of calls) {
    const { client, asked } = scripted([{ body: { fine: true } }]);
    assert.deepEqual(await call(client), { fine: true });
    assert.equal(asked[0].method, method);
    assert.equal(asked[0].address, `https://ringback.example${address}`);
    assert.equal(asked[0].body, body === undefined ? undefined : JSON.stringify(body));
    assert.equal(asked[0].credentials, "include");
    assert.equal(asked[0].headers.authorization, undefined);
  }
});

test("a token is sent as a bearer, without cookies", async () => {
  const { client, asked } = scripted([{ body: {} }], { token: "secret" });
  await client.getElevenLabsAnalytics();
  assert.equal(asked[0].headers.authorization, "Bearer secret");
  assert.equal(asked[0].credentials, "omit");
  assert.ok(!JSON.stringify(client).includes("secret"));
});

test("all conversations come page by page, and the token goes nowhere else", async () => {
  const link = (address) => ({ link: `<${address}>; rel="next"` });
  const { client, asked } = scripted([
    { body: [1, 2], headers: link("/analytics/elevenlabs/conversations?limit=200&cursor=a") },
    { body: [3], headers: link("https://ringback.example/analytics/elevenlabs/conversations?b") },
    { body: [4] },
  ], { token: "secret" });
  const all = [];
  for await (const item of client.allElevenLabsConversations()) all.push(item);
  assert.deepEqual(all, [1, 2, 3, 4]);
  assert.equal(asked.length, 3);

  for (const foreign of ["https://evil.example/", "https://ringback.example.evil/x"]) {
    const other = scripted([{ body: [1], headers: link(foreign) }], { token: "secret" });
    await assert.rejects(async () => {
      for await (const item of other.client.allElevenLabsConversations()) assert.equal(item, 1);
    }, RingbackError);
    assert.equal(other.asked.length, 1);
  }
});

test("the next page is found among other links", () => {
  assert.equal(nextPage('</a>; rel="prev", </b?c=1>; rel="next"'), "/b?c=1");
  assert.equal(nextPage("</b>; rel=next"), "/b");
  assert.equal(nextPage('</b>; rel="nextish"'), undefined);
  assert.equal(nextPage(""), undefined);
  assert.equal(nextPage(null), undefined);
});

test("what goes wrong is one kind of error, with status and problem", async () => {
  const problem = { title: "Not found", detail: "There is no such call.", status: 404 };
  const refused = scripted([{ status: 404, body: problem }]).client;
  await assert.rejects(refused.getCall(1), (error) => error instanceof RingbackError
    && error.status === 404 && error.message === problem.detail
    && error.problem.title === "Not found");
  const dead = scripted([new TypeError("fetch failed")]).client;
  await assert.rejects(dead.getCall(1), (error) => error instanceof RingbackError
    && error.status === 0);
  const empty = scripted([{ status: 502 }]).client;
  await assert.rejects(empty.getCall(1), (error) => error.status === 502
    && error.problem === undefined);
  const stopped = new Error("stopped");
  stopped.name = "AbortError";
  await assert.rejects(scripted([stopped]).client.getCall(1), (error) => error === stopped);
  assert.equal(await scripted([{ status: 204 }]).client.undo("1"), undefined);
});
