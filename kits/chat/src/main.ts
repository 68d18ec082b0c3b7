/**
 * Main: the page. Listens to the person and to the room, and tells the views what to show.
 */

import { linkTo, roomOf, serverOf } from './address.ts';
import { byId } from './dom.ts';
import { Mesh } from './mesh.ts';
import { Messages } from './messages.ts';
import { type Path, pathOf, wordsFor } from './path.ts';
import { type Entry, showPeople } from './people.ts';
import { rememberedName, rememberName } from './remembered-name.ts';
import { explain, type Person, Room, type RoomEvent } from './room.ts';
import { cleanName, cleanText } from './text.ts';

/** How often we look how each connection is doing. */
const MEASURE_EVERY_MS = 2_000;

const address = new URL(location.href);
const roomName = roomOf(address);
const server = serverOf(address);

const nameField = byId<HTMLInputElement>('name');
const messageField = byId<HTMLInputElement>('message');
const messages = new Messages(byId('log'), byId('latest'));
const mesh = new Mesh(byId('mesh'));

/** Made when first needed, then kept: whoever leaves and comes back is the same peer. */
let room: Room | undefined;
let phase: 'outside' | 'joining' | 'inside' = 'outside';
let ownName = '';
let hasBeenInside = false;
let unread = 0;
let goodbye: Promise<void> = Promise.resolve();
const paths = new Map<string, Path>();

byId('room-name').textContent = roomName;
nameField.value = rememberedName();
nameField.focus();
showTitle();
showRoom();

onSubmit('join-form', join);
onSubmit('message-form', say);
byId('leave').addEventListener('click', leave);
byId('copy').addEventListener('click', () => void copyLink());
nameField.addEventListener('input', () => nameField.removeAttribute('aria-invalid'));
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) unread = 0;
  showTitle();
});
// Another room in the address bar is another page.
addEventListener('hashchange', () => location.reload());
setInterval(() => void measure(), MEASURE_EVERY_MS);

async function join(): Promise<void> {
  if (phase !== 'outside') return;
  const name = cleanName(nameField.value);
  if (!name) {
    nameField.setAttribute('aria-invalid', 'true');
    nameField.focus();
    showStatus('Write your name first, so that the others know who you are.', 'trouble');
    return;
  }
  nameField.value = name;
  ownName = name;
  enter('joining');
  showStatus(`Joining ${roomName}…`);
  try {
    await goodbye;
    room ??= new Room(server, hear);
    await room.join(roomName, name);
  } catch (error) {
    enter('outside');
    showStatus(`Could not join. ${explain(error)} Press Join to try again.`, 'trouble');
    nameField.focus();
    return;
  }
  rememberName(name);
  enter('inside');
  const isForeign = server !== address.origin;
  showStatus(`You are in ${roomName}.${isForeign ? ` Met through ${new URL(server).host}.` : ''}`);
  if (hasBeenInside) messages.note('You', 'came back');
  hasBeenInside = true;
  messageField.focus();
}

function leave(): void {
  if (!room || phase !== 'inside') return;
  enter('outside');
  messages.note('You', 'left');
  showStatus(`You left ${roomName}. Press Join to come back.`);
  nameField.focus();
  goodbye = room.leave().catch((error: unknown) => showStatus(explain(error), 'trouble'));
}

async function say(): Promise<void> {
  const text = cleanText(messageField.value);
  if (!room || !text) return;
  messageField.value = '';
  const remark = messages.add({ id: room.id, name: ownName, isSelf: true }, text);
  mesh.depart();
  try {
    if ((await room.say(text)) === 0) remark('Nobody else was here to read this.');
  } catch (error) {
    remark(`Perhaps not everybody got this. ${explain(error)}`);
  }
}

/** What the room tells us. */
function hear(event: RoomEvent): void {
  if (phase === 'outside') return;
  switch (event.type) {
    case 'person-joined':
      messages.note(event.person.name, 'joined');
      void measure();
      break;
    case 'person-left':
      messages.note(event.person.name, 'left');
      break;
    case 'person-lost':
      messages.note(event.person.name, 'lost the connection');
      break;
    case 'person-unreachable':
      showStatus(
        'Somebody is here whom you cannot reach. Strict networks need a TURN server in between.',
        'trouble',
      );
      break;
    case 'message-arrived':
      receive(event.person, event.text);
      return;
    case 'signaling-lost':
      showStatus(
        'The signaling server is lost. You can go on writing to those who are here; newcomers cannot find you until it is back.',
        'trouble',
      );
      break;
    case 'signaling-restored':
      showStatus('The signaling server is back.');
      break;
    case 'person-changed':
      break;
  }
  showRoom();
}

function receive({ id, name }: Person, text: string): void {
  if (!text) return;
  messages.add({ id, name, isSelf: false }, text);
  mesh.arrive(id);
  if (document.hidden) unread += 1;
  showTitle();
}

async function measure(): Promise<void> {
  const people = room?.people ?? [];
  await Promise.allSettled(
    people.map(async ({ id, connection }) => paths.set(id, await pathOf(connection))),
  );
  if (people.length > 0) showRoom();
}

/** Draws who is here. */
function showRoom(): void {
  const entries: Entry[] = [];
  if (room && phase === 'inside') {
    const self: Entry = { id: room.id, name: ownName, words: 'You', look: 'self' };
    entries.push(self, ...room.people.map(entryOf));
  }
  showPeople(byId('people'), entries);
  mesh.draw(entries);
  byId('alone').hidden = entries.length !== 1;
}

function entryOf({ id, name, state }: Person): Entry {
  const path = paths.get(id) ?? { kind: 'none' };
  return { id, name, words: wordsFor(state, path), look: lookOf(state, path) };
}

function lookOf(state: RTCPeerConnectionState, path: Path): Entry['look'] {
  if (state === 'connected') return path.kind === 'turn' ? 'turn' : 'direct';
  return state === 'new' || state === 'connecting' ? 'waiting' : 'lost';
}

function enter(next: typeof phase): void {
  phase = next;
  byId('shell').dataset['phase'] = next;
  showRoom();
}

function showStatus(words: string, tone: 'calm' | 'trouble' = 'calm'): void {
  const status = byId('status');
  status.dataset['tone'] = tone;
  status.textContent = words;
}

function showTitle(): void {
  document.title = `${unread > 0 ? `(${unread}) ` : ''}${roomName} · Meshwork chat`;
}

async function copyLink(): Promise<void> {
  const link = linkTo(roomName, address);
  try {
    await navigator.clipboard.writeText(link);
    showStatus('Link copied. Send it to whoever you want to meet here.');
  } catch {
    prompt('Copy this link:', link); // no clipboard without permission or on plain http
  }
}

function onSubmit(formId: string, act: () => Promise<void>): void {
  byId(formId).addEventListener('submit', (event) => {
    event.preventDefault();
    void act();
  });
}
