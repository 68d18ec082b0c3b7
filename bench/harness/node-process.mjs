/**
 * Node process: what openPage() is for browsers, for `@meshwork/node`.
 * Used by: context.mjs.
 */

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { withDeadline } from '../page/deadline.js';

const WORKER = fileURLToPath(new URL('./node-worker.mjs', import.meta.url));
const START_DEADLINE_MS = 15_000;

/** Starts a process with the `bench` global. @throws why it could not, or what ended it */
export async function openNodeProcess() {
  const child = fork(WORKER, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let complaint = '';
  child.stderr.on('data', (chunk) => {
    complaint = (complaint + chunk).slice(-2_000);
  });

  /** The next message of the worker. */
  function answer() {
    const ended = (code, signal) =>
      new Error(`the Node process ended (${code ?? signal}): ${lastError(complaint)}`);
    return new Promise((resolve, reject) => {
      const onExit = (code, signal) => reject(ended(code, signal));
      child.once('exit', onExit);
      child.once('message', (message) => {
        child.off('exit', onExit);
        resolve(message);
      });
    });
  }

  const close = async () => void child.kill('SIGKILL');
  try {
    await withDeadline(answer(), START_DEADLINE_MS, 'starting a Node process');
  } catch (error) {
    await close();
    throw error;
  }
  return {
    async run(inProcess, argument, deadlineMs) {
      const answered = answer();
      child.send({ source: inProcess.toString(), argument });
      const { value, error } = await withDeadline(answered, deadlineMs, 'the Node process');
      if (error !== undefined) throw new Error(error);
      return value;
    },
    close,
  };
}

/** The line that says what went wrong, out of a stack trace. */
function lastError(text) {
  return text.split('\n').findLast((line) => /error/i.test(line)) ?? text.trim();
}
