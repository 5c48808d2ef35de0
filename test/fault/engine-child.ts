/** The embedded engine, until it is killed; says its token. Options: its folder and its port. */
import { silentLog as log } from '../../core/log.ts';
import { startEngine } from '../../embedded/engine.ts';

const { dir, port } = JSON.parse(process.argv[2] ?? '{}') as { dir: string; port: number };
const names = { org: 'tidemark', bucket: 'tidemark' };
const engine = await startEngine({ dir, host: '127.0.0.1', port, ...names, log });
process.stdout.write(`${JSON.stringify({ url: engine.url, token: engine.token })}\n`);
