// Drives whatsapp-web.js 1.34.7, unmodified, for the benchmark: one JSON command a line on standard input, one JSON
// event a line on standard output. What is timed here is timed inside this process, through the library's own API.
import readline from 'node:readline';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { Client, LocalAuth } = require('whatsapp-web.js');

const clients = new Map();
const tell = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

const commands = {
    async open({ id, dataPath, browser, headless, args }) {
        const client = new Client({
            authStrategy: new LocalAuth({ clientId: id, dataPath }),
            webVersionCache: { type: 'none' },
            puppeteer: { executablePath: browser, headless, args },
        });
        client.on('qr', (qr) => tell({ event: 'qr', id, qr }));
        client.on('ready', () => tell({ event: 'ready', id }));
        client.on('message', (message) => tell({ event: 'message', id, message: message.id.id }));
        clients.set(id, client);
        await client.initialize();
    },
    async close({ id }) {
        await clients.get(id).destroy();
        clients.delete(id);
    },
    // `lanes` senders at once, each with a chat of its own, one message after another; seconds for all of them.
    async send({ id, lanes, count }) {
        const client = clients.get(id);
        const begun = performance.now();
        await Promise.all(
            lanes.map(async (to) => {
                for (let number = 0; number < count; number += 1) {
                    await client.sendMessage(to, `benchmark ${number}`, { linkPreview: false, sendSeen: false });
                }
            }),
        );
        return { seconds: (performance.now() - begun) / 1000 };
    },
};

readline.createInterface({ input: process.stdin }).on('line', async (line) => {
    const { rid, op, ...args } = JSON.parse(line);
    try {
        tell({ event: 'done', rid, result: (await commands[op](args)) ?? null });
    } catch (error) {
        tell({ event: 'failed', rid, error: String(error) });
    }
});
