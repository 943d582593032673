/** The floor of the idle bench: a bare Node process with an HTTP server that listens and a SQLite database that is open. */
import http from 'node:http';
import { DatabaseSync } from 'node:sqlite';

const db = new DatabaseSync(':memory:');
db.exec('CREATE TABLE logs (id INTEGER PRIMARY KEY)');
http.createServer((_request, response) => response.end()).listen(0, '127.0.0.1', () => process.send!('ready'));
process.on('disconnect', () => process.exit(0));
