// Talks to the gateway at OPENAI_BASE_URL as an application would, and prints what came of it as one JSON object.
import OpenAI from "openai";

const client = new OpenAI({ maxRetries: 0 });
const messages = [{ role: "user", content: "hello" }];
const seen = {};

const chat = await client.chat.completions.create({ model: "chat", messages });
seen.chat = { text: chat.choices[0].message.content, tokens: chat.usage.completion_tokens };

seen.stream = "";
for await (const chunk of await client.chat.completions.create({ model: "chat", messages, stream: true })) {
  seen.stream += chunk.choices[0]?.delta?.content ?? "";
}

seen.models = [];
for await (const model of client.models.list()) {
  seen.models.push(model.id);
}

seen.model = (await client.models.retrieve("chat")).id;
const embeddings = await client.embeddings.create({ model: "chat", input: ["a", "b"], encoding_format: "float" });
seen.embeddings = embeddings.data.map(one => one.embedding.length);

seen.errors = {};
for (const [name, ask] of Object.entries({
  model: () => client.chat.completions.create({ model: "missing", messages }),
  engine: () => client.chat.completions.create({ model: "chat", messages: [{ role: "user", content: "too long" }] }),
  key: () => new OpenAI({ maxRetries: 0, apiKey: "wrong" }).models.list(),
  body: () => client.chat.completions.create({ messages }),
})) {
  try {
    await ask();
  } catch (error) {
    seen.errors[name] = { type: error.constructor.name, status: error.status, code: error.code, param: error.param };
  }
}

const endless = await client.chat.completions.create({ model: "chat", messages: [{ role: "user", content: "endless" }], stream: true });
seen.aborted = 0;
for await (const _ of endless) {
  if (++seen.aborted === 3) {
    endless.controller.abort();
  }
}

console.log(JSON.stringify(seen));
