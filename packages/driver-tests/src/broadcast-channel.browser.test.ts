import { testBroadcastChannel } from './broadcast-channel.cases.ts';

testBroadcastChannel();
