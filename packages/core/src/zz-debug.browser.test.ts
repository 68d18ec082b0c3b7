import { it } from 'vitest';
import { FLOW } from './channels/channel.ts';
import { codeOf, Party } from './testing.ts';
it('debug', async () => {
  const party = new Party();
    const { polite, impolite } = await party.chat();
    const size=65536;
    const count = Math.ceil(FLOW.maxWaitingBytes / size) + 200;
    let done=0; const t=performance.now();
    const all = Array.from({ length: count }, () => codeOf(polite.peer.send(new Uint8Array(size), 'chat')).then((c)=>{done++; return c;}));
    const ch = polite.remote(impolite).channels.get('chat') as RTCDataChannel;
    for (let i=0;i<10;i++){ await new Promise(r=>setTimeout(r,1000)); console.log(Math.round(performance.now()-t), 'done',done,'recv',impolite.received().length,'buf',ch.bufferedAmount, ch.readyState, polite.names('connection').at(-1)); }
    const codes = await Promise.race([Promise.all(all), new Promise(r=>setTimeout(r,1000,[]))]) as string[];
    const c: Record<string,number> = {}; for (const x of codes) c[x]=(c[x]??0)+1; console.log(JSON.stringify(c));
    console.log(JSON.stringify(polite.all('error').map(e=>String(e.error))), JSON.stringify(impolite.all('error').map(e=>String(e.error))));
}, 60000);
