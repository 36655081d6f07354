// Runs infra/cdk/edge/barred.js under Node as CloudFront would: one line of JSON in for each request, one line out.
import { createInterface } from 'node:readline';
import { handler } from './barred.mjs';

for await (const line of createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line);
    globalThis.store = { entries: new Map(Object.entries(asked.entries)), fault: asked.fault };
    console.log(JSON.stringify(await handler(asked.event)));
}
